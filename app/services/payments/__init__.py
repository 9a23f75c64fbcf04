"""Taking a payment, and the one way in which a payment changes.

Uses audit.
"""
