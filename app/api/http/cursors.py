"""The cursor of the list of payments: signed, so that a client cannot make one up."""

from __future__ import annotations

from flask import current_app

from app.cursors import Cursor, Cursors, InvalidCursor
from app.errors import ValidationFailed


def write(cursor: Cursor | None) -> str | None:
    """The cursor as text; None where there is no further page."""
    return _cursors().write(cursor)


def read(text: str | None) -> Cursor | None:
    """The cursor in a text. Raises ValidationFailed for one that was not written here."""
    try:
        return _cursors().read(text)
    except InvalidCursor as error:
        message = "This cursor is invalid. Start again without a cursor."
        raise ValidationFailed(errors={"cursor": [message]}) from error


def _cursors() -> Cursors:
    # Not bound to the filters: a client may narrow a list while it reads it.
    return Cursors(str(current_app.secret_key), "GET /payments")
