"""`make run`: everything that Paydesk needs, on this machine, until Ctrl-C."""
