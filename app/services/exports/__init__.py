"""Lists and figures as files.

Uses audit, figures, listing.
"""
