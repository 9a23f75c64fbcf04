"""Stripe's own libraries against the sandbox: one journey by each of them, in its own process."""
