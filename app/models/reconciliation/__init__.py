"""Reports of reconciliation.

Uses connection, pagination.
"""
