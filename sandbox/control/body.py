"""The JSON body of a control request."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web


async def body(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body; an empty body is an empty object. Raises ValueError for anything else."""
    text = await request.text()
    content = json.loads(text) if text.strip() else {}
    if not isinstance(content, dict):
        raise ValueError("the body must be a JSON object")
    return content


async def outcome(request: web.Request, *allowed: str) -> str:
    """The ``outcome`` of the body. Raises ValueError when it is not one of the allowed words."""
    word = (await body(request))["outcome"]
    if word not in allowed:
        raise ValueError(f"outcome must be {' or '.join(allowed)}")
    return str(word)
