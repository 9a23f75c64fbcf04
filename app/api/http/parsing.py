"""Reading requests: flask-smorest's Blueprint with our JSON, our error, and unknown names refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import flask_smorest
from flask import Request, current_app
from marshmallow import Schema, ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.errors import ValidationFailed

_LONGEST_NAME = 64


class RequestParser(FlaskParser):
    """Schemas say what happens to unknown names, in queries as well as in bodies."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012 (declared so in webargs)

    def _raw_load_json(self, req: Request) -> Any:
        body = whole_body(req)
        if not body:
            return missing
        if req.mimetype != "application/json":
            raise UnsupportedMediaType
        try:
            return current_app.json.loads(body)
        except ValueError as error:
            message = "The body is not valid JSON."
            raise ValidationFailed(message, errors={"body": [message]}) from error

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        raise ValidationFailed(errors=_by_field(error.messages)) from error


class Blueprint(flask_smorest.Blueprint):
    """Registers views and documents them."""

    ARGUMENTS_PARSER = RequestParser()


def whole_body(req: Request) -> bytes:
    """The raw body. Raises RequestEntityTooLarge.

    A chunked body has no length to check beforehand, and werkzeug cuts it off at the limit silently.
    """
    body = req.get_data(cache=True)
    limit = req.max_content_length
    if req.content_length is None and limit is not None and len(body) >= limit:
        raise RequestEntityTooLarge
    return body


def _by_field(messages: Any) -> dict[str, Any]:
    """The messages by field, without the layer that names the part of the request."""
    errors: dict[str, Any] = {}
    for problems in messages.values():
        for name, message in problems.items():
            errors["body" if name == "_schema" else str(name)[:_LONGEST_NAME]] = message
    return errors
