"""Stripe's events: kept, applied, looked at and applied again.

Uses audit, payments.
"""
