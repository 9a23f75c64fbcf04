"""The list of payments and the page of one.

Uses lists, web.
"""
