"""The list of refunds, and refunding in two steps.

Uses lists, web.
"""
