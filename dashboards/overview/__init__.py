"""The overview: the figures as cards, charts and tables.

Uses charts, lists, web.
"""
