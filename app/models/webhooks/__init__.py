"""The inbox of Stripe's events.

Uses connection, document, pagination, write_batching.
"""
