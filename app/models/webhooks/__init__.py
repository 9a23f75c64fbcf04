"""The inbox of Stripe's events.

Uses connection, pagination, write_batching.
"""
