"""Metadata after an update."""

from __future__ import annotations

import pytest

from sandbox.core import metadata
from sandbox.core.errors import StripeError


def test_keys_are_merged_and_limited() -> None:
    assert metadata.merged({"a": "1", "b": "2"}, {"a": "", "c": "3"}) == {"b": "2", "c": "3"}
    assert metadata.merged({"a": "1"}, {}) == {}
    full = {f"k{n}": "v" for n in range(50)}
    assert len(metadata.merged(full, {"k1": "other"})) == 50
    with pytest.raises(StripeError):
        metadata.merged(full, {"one": "more"})
