"""The audit log.

Uses connection.
"""
