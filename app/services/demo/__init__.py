"""Sample data by the real path.

Uses payments, refunds.
"""
