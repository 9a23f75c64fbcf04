"""Static files: ours, and Bootstrap's from the installed package. Nothing comes from another origin."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory, url_for
from flask_bootstrap import Bootstrap5  # type: ignore[import-untyped]

from dashboards.web.auth import guard

FOLDER = Path(__file__).parents[1] / "static"
_HOUR_SECONDS = 3_600
_YEAR_SECONDS = 31_536_000
_BOOTSTRAP_FILES = "bootstrap.static"


def init_app(app: Flask, pages: Blueprint) -> None:
    """Add the route of our files, and Bootstrap with its own route."""
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    # Bootstrap-Flask uses this in its addresses; the application itself serves no static folder.
    app.static_url_path = "/assets"
    Bootstrap5().init_app(app)
    served = app.view_functions[_BOOTSTRAP_FILES]
    app.view_functions[_BOOTSTRAP_FILES] = guard(public="style sheets and scripts of Bootstrap")(served)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _HOUR_SECONDS
    app.jinja_env.globals["asset_url"] = asset_url
    pages.add_url_rule("/assets/<path:name>", "asset", asset)


@guard(public="style sheets, scripts and icon")
def asset(name: str) -> Response:
    """One of our files. An address that carries the fingerprint of its content may be cached for a year."""
    max_age = _YEAR_SECONDS if request.args.get("v") else _HOUR_SECONDS
    return send_from_directory(FOLDER, name, max_age=max_age)


def asset_url(name: str) -> str:
    """The address of one of our files; it changes with the content, so no browser shows an old one."""
    return url_for("dashboards.asset", name=name, v=_fingerprint(name))


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
