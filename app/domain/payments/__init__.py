"""A payment as a function of what is known about it: facts are merged into evidence, a payment is derived from it.

Uses money.
"""
