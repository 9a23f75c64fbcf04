"""Idempotency keys: how long an answer is kept, and when a key is free again."""

from __future__ import annotations

import pytest

from sandbox.api.idempotency import IdempotencyKeys
from sandbox.core.errors import StripeError
from sandbox.core.records import StoredResponse
from sandbox.core.store import Store


def test_answer_is_dropped_after_a_day() -> None:
    store = Store()
    keys = IdempotencyKeys(store)
    assert keys.begin("k", "fingerprint") is None
    keys.finish("k", "fingerprint", (200, "{}"))
    stored = keys.begin("k", "fingerprint")
    assert isinstance(stored, StoredResponse)
    stored.created -= 86401
    assert keys.begin("k", "another fingerprint") is None


def test_key_is_free_again_when_no_answer_is_kept() -> None:
    keys = IdempotencyKeys(Store())
    assert keys.begin("k", "fingerprint") is None
    with pytest.raises(StripeError) as caught:
        keys.begin("k", "fingerprint")
    assert (caught.value.status, caught.value.code) == (409, "idempotency_key_in_use")
    keys.finish("k", "fingerprint", None)
    assert keys.begin("k", "fingerprint") is None
