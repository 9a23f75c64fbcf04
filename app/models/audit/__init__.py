"""The audit log.

Uses connection, document, pagination.
"""
