"""Refund forms that were entered and not confirmed yet.

Uses connection, document.
"""
