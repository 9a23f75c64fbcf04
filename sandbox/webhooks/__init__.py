"""The event log, signatures and deliveries."""
