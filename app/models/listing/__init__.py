"""The read model: one small row for each payment, refund and dispute, which lists and exports are served from.

Uses connection, document, pagination, payments.
"""
