"""How a request under /v1 is read, routed, checked, repeated and answered."""
