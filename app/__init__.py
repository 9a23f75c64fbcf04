"""Paydesk: takes card payments through Stripe, keeps a record of every one, shows finance how they do."""
