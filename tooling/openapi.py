"""Prints the OpenAPI document of the API: ``python -m tooling.openapi``. Needs neither MongoDB nor Stripe."""

from __future__ import annotations

import sys

from app.factory import create_app
from config import Settings


def document() -> str:
    """The document as JSON text, as /api/openapi.json serves it."""
    response = create_app(Settings()).test_client().get("/api/openapi.json")
    return response.get_data(as_text=True)


if __name__ == "__main__":
    sys.stdout.write(document())
