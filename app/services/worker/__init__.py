"""The clock for the work that no request does, its leases, and the recovery of what was left open.

Uses payments, webhooks.
"""
