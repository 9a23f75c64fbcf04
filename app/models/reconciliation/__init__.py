"""Reports of reconciliation.

Uses connection, document, pagination.
"""
