"""Accounts of people and their sessions.

Uses connection, document.
"""
