from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId

from app.cursors import Cursor, Cursors, InvalidCursor

MOMENT = datetime(2025, 1, 31, 9, 30, 0, 123_000, tzinfo=UTC)
CURSORS = Cursors("a secret key of the test", "payments", {"status": "failed"})
CURSOR = Cursor(MOMENT, str(ObjectId()))


@pytest.mark.parametrize(
    "cursor",
    [
        CURSOR,
        Cursor(MOMENT, str(ObjectId()), back=True),
        Cursor(999, "refund-1:re_1"),
        Cursor(1_790_000_000_150, 451),
        Cursor(datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC), "0" * 24),
    ],
)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert CURSORS.read(CURSORS.write(cursor)) == cursor


def test_no_further_page_has_no_cursor() -> None:
    assert CURSORS.write(None) is None
    assert CURSORS.read(None) is None


def test_an_object_id_is_written_as_its_text() -> None:
    id_ = ObjectId()
    assert CURSORS.read(CURSORS.write(Cursor(MOMENT, id_))) == Cursor(MOMENT, str(id_))


def test_every_changed_character_is_noticed() -> None:
    text = str(CURSORS.write(CURSOR))
    for at, character in enumerate(text):
        changed = text[:at] + ("A" if character != "A" else "B") + text[at + 1 :]
        try:
            cursor = CURSORS.read(changed)
        except InvalidCursor:
            continue
        # The last character of base64 has bits that mean nothing.
        assert cursor == CURSOR


@pytest.mark.parametrize("text", ["", "x", ".", "WzFd", "é", "\x00", "a" * 300, "9" * 10_000])
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor, match="This page link is invalid"):
        CURSORS.read(text)


@pytest.mark.parametrize("inside", [[], [1], ["a", "b"], {}, "text", None, [1, 2, 3, 4, 5, 6]])
def test_a_signed_text_of_another_shape_is_refused(inside: Any) -> None:
    signed = str(CURSORS._serializer.dumps(inside))
    with pytest.raises(InvalidCursor):
        CURSORS.read(signed)


def test_a_cursor_signed_with_another_key_is_refused() -> None:
    other = Cursors("another key", "payments", {"status": "failed"})
    with pytest.raises(InvalidCursor, match="invalid"):
        CURSORS.read(other.write(CURSOR))


@pytest.mark.parametrize(
    ("name", "parameters"), [("refunds", {"status": "failed"}), ("payments", {"status": "completed"}), ("payments", {})]
)
def test_a_cursor_of_another_list_or_filter_is_refused(name: str, parameters: dict[str, str]) -> None:
    other = Cursors("a secret key of the test", name, parameters)
    with pytest.raises(InvalidCursor, match="belongs to another filter or sort order"):
        CURSORS.read(other.write(CURSOR))
