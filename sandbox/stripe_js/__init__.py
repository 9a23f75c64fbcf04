"""Stripe.js for browsers: the script that a page includes, and the frames for card numbers.

``library/`` is concatenated into one classic script, because that is what a page loads. ``elements/`` holds the
frames, which load their modules one by one. Source: docs.stripe.com/js.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent
# In the order of their dependencies.
_LIBRARY = ("errors", "frame", "api", "element", "elements", "challenge", "payments", "stripe")
# Revalidated by each page load, so that a page never mixes two versions of the sandbox.
_REVALIDATE = {"Cache-Control": "no-cache"}
_FRAME_HEADERS = {
    **_REVALIDATE,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
    "Referrer-Policy": "no-referrer",
}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_FRAME_FILES = {path.name: path for path in (_FOLDER / "elements").iterdir() if path.suffix in _TYPES}


def register(router: web.UrlDispatcher) -> None:
    """Add ``/v3/``, ``/<release>/stripe.js`` (what @stripe/stripe-js loads) and the files of the frames."""
    for path in ("/v3", "/v3/", "/{release:v3|[a-z]+}/stripe.js"):
        router.add_get(path, _library)
    router.add_get("/v3/elements/{name}", _frame_file)


async def _library(request: web.Request) -> web.Response:
    """The script; its ``Stripe.version`` is the release in the path."""
    release = request.match_info.get("release", "v3")
    parts = [(_FOLDER / "library" / f"{name}.js").read_text("utf-8") for name in _LIBRARY]
    opening = (
        '(() => {\n"use strict";\nconst SANDBOX = new URL(document.currentScript.src).origin;\n'
        f'const RELEASE = "{release}";\n'
    )
    text = f"{opening}{''.join(parts)}}})();\n"
    return web.Response(text=text, content_type="text/javascript", charset="utf-8", headers=_REVALIDATE)


async def _frame_file(request: web.Request) -> web.Response:
    path = _FRAME_FILES.get(request.match_info["name"])
    if path is None:
        raise web.HTTPNotFound
    kind = _TYPES[path.suffix]
    return web.Response(text=path.read_text("utf-8"), content_type=kind, charset="utf-8", headers=_FRAME_HEADERS)
