"""The figures of DESIGN section 5: what a payment contributes, how contributions are read, and over which periods.

Uses declines, money, payments.
"""
