"""The HTTP API under /v1: parsing, routing, validation, idempotency, expansion, faults."""
