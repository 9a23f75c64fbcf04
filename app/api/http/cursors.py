"""Where a list of payments goes on: the last row seen, signed, so that a client cannot make one up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from app.errors import ValidationFailed
from app.ids import is_id

Position = tuple[datetime, str]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Cursors:
    """Positions to opaque text and back."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="payments-cursor")

    def write(self, document: dict[str, Any]) -> str:
        """The cursor after ``document``."""
        milliseconds = (document["created_at"] - _EPOCH) // _MILLISECOND
        return str(self._serializer.dumps([milliseconds, str(document["_id"])]))

    def read(self, cursor: str | None) -> Position | None:
        """The position in ``cursor``. Raises ValidationFailed for one that we did not write."""
        if cursor is None:
            return None
        try:
            milliseconds, payment_id = self._serializer.loads(cursor)
            if not is_id(payment_id):
                raise ValueError(payment_id)
            return _EPOCH + int(milliseconds) * _MILLISECOND, payment_id
        except (BadData, ValueError, TypeError, OverflowError) as error:
            message = "This cursor is invalid. Start again without one."
            raise ValidationFailed(errors={"cursor": [message]}) from error
