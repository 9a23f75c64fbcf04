"""The audit log.

Uses connection, pagination.
"""
