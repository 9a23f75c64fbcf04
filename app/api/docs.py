"""The OpenAPI document, and Swagger UI from the files of an installed package: no CDN, no inline script.

Uses http, schemas.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, send_from_directory
from swagger_ui_bundle import swagger_ui_path
from werkzeug.exceptions import NotFound

from app.api.http.auth import public
from app.api.http.documentation import TRANSPORT_WORDS
from app.api.schemas.responses import ErrorSchema
from app.errors import PaydeskError, every_error
from app.extensions import api

blueprint = Blueprint("api_docs", __name__, url_prefix="/api")

_FILES = {"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "favicon-32x32.png"}
# Beside this module: the page, the script that starts it, and the introduction of the document.
_PAGE, _INITIALIZER, _INTRODUCTION = (
    Path(__file__).with_suffix(suffix).read_text("utf-8") for suffix in (".html", ".js", ".md")
)
_DOCUMENT = "paydesk_openapi"
_DAY_SECONDS = 86_400
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def configure(app: Flask) -> None:
    """Tell flask-smorest what the document says of the whole API. Call before blueprints are registered."""
    app.config.update(
        API_TITLE="Paydesk",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        API_SPEC_OPTIONS={"info": {"description": _INTRODUCTION + _catalogue()}, "servers": [{"url": "/"}]},
    )
    # Without a default response, an undocumented response is visible as such.
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    api.ERROR_SCHEMA = ErrorSchema
    api.init_app(app)
    api.spec.components.security_scheme(
        "bearer",
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "`flask tokens issue` makes one. Scopes are in the claim `scope`, separated by spaces.",
        },
    )


def publish(app: Flask) -> None:
    """Serve the document as it is now. Call after every blueprint is registered."""
    app.register_blueprint(blueprint)
    app.extensions[_DOCUMENT] = app.json.dumps(api.spec.to_dict(), indent=2)


@blueprint.get("/openapi.json")
@public("Developers read it before they have a token")
def openapi_json() -> Response:
    """The OpenAPI document."""
    return Response(current_app.extensions[_DOCUMENT], mimetype="application/json")


@blueprint.get("/docs")
@public("Developers read it before they have a token")
def swagger_ui() -> Response:
    """Swagger UI."""
    return Response(_PAGE, mimetype="text/html", headers={"Content-Security-Policy": _CSP})


@blueprint.get("/docs/<name>")
@public("Files of an open-source package")
def swagger_ui_file(name: str) -> Response:
    """One of the files that Swagger UI consists of."""
    if name == "initializer.js":
        return Response(_INITIALIZER, mimetype="text/javascript")
    if name not in _FILES:
        raise NotFound
    return send_from_directory(str(swagger_ui_path), name, max_age=_DAY_SECONDS)


def _catalogue() -> str:
    rows = {
        (kind.error, int(kind.http_status)): kind.default_message
        for kind in every_error().values()
        if kind is not PaydeskError
    }
    rows |= {(word, status): message for status, (word, message) in TRANSPORT_WORDS.items()}
    ordered = sorted(rows.items(), key=lambda row: (row[0][1], row[0][0]))
    return "\n".join(f"| `{word}` | {status} | {message} |" for (word, status), message in ordered)
