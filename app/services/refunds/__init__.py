"""Paying back, from the API and from the dashboard.

Uses audit, payments.
"""
