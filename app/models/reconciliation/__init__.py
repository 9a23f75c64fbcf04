"""Reports of reconciliation, and the payments that it compares.

Uses connection, pagination, payments.
"""
