"""Counters of payments by span of time, and the writes that count each payment exactly once.

Uses connection, document, indexes, listing, payments.
"""
