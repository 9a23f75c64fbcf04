"""The payment document, its mapping to the domain, the reads and the conditional writes.

Uses connection, document, write_batching.
"""
