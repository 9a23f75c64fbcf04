"""The inbox of Stripe's events.

Uses connection, write_batching.
"""
