"""The figures of DESIGN section 5, kept in step with the payments and reported for any range.

Uses reconciliation.
"""
