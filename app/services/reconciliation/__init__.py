"""Comparing our payments with Stripe's, and repairing ours.

Uses audit, payments.
"""
