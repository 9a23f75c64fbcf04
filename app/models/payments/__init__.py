"""The payment document, its mapping to the domain, and the conditional writes.

Uses connection, write_batching.
"""
