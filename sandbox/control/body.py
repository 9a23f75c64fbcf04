"""Reading the JSON that a control address is given."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web


async def body(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent; nothing sent is an empty one. Raises ValueError for anything else."""
    text = await request.text()
    given = json.loads(text) if text.strip() else {}
    if not isinstance(given, dict):
        raise ValueError("a JSON object is wanted")
    return given
