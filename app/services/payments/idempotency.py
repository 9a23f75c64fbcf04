"""Idempotency keys of our own API: the same key and body give the same answer, and the work is done once.

Answers are kept in MongoDB without secrets. A request that finds its key at work waits a little for the answer; after
a crash the lease runs out and a retry takes the work over, which is safe because the work itself is resumable.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from app.clock import now
from app.errors import IdempotencyKeyReused, PaydeskError, RequestInProgress, rebuild
from app.ids import new_id
from app.models import idempotency as records

# Longer than the slowest call to Stripe with its retry.
LEASE = timedelta(seconds=45)
_WAIT_SECONDS = 8.0
_FIRST_PAUSE_SECONDS = 0.02
# Answers that the same request would meet again. Everything else (401, 404, 429, 5xx) is worth another try.
_FINAL_ERRORS = {HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """What makes a request the same request: who asks, which endpoint, the key (None: not given) and the body."""

    caller: str
    endpoint: str
    key: str | None
    request: Mapping[str, Any]

    @property
    def record_id(self) -> str:
        text = "\n".join((self.caller, self.endpoint, self.key or ""))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        text = json.dumps(self.request, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def once(what: Once, work: Callable[[str], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Run ``work(resource_id)`` once for its key; its answer, and whether that is a replay of an earlier one.

    ``resource_id`` is the id for the row that the work makes; a retry gets the same one. An error that is final is
    replayed too. Raises IdempotencyKeyReused for another body, RequestInProgress when the first request still runs.
    """
    if what.key is None:
        return work(new_id()), False
    pause, deadline = _FIRST_PAUSE_SECONDS, time.monotonic() + _WAIT_SECONDS
    while True:
        at = now()
        record, is_ours = records.claim(what.record_id, what.fingerprint, new_id(), now=at, until=at + LEASE)
        if record.fingerprint != what.fingerprint:
            raise IdempotencyKeyReused
        if is_ours:
            return _work(what, record.resource_id, work), False
        if record.status is not None:
            return _replay(record), True
        if time.monotonic() > deadline:
            raise RequestInProgress(retry_after=2)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def answer_of(what: Once) -> dict[str, Any] | None:
    """The answer that ``once`` would replay for the key, whatever the request; None where there is none yet.

    Raises the error that it would replay.
    """
    record = records.find(what.record_id)
    return _replay(record) if record and record.status is not None else None


def _work(what: Once, resource_id: str, work: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    try:
        answer = work(resource_id)
    except PaydeskError as error:
        if error.http_status in _FINAL_ERRORS and not isinstance(error, RequestInProgress):
            records.complete(what.record_id, error.http_status, error.stored())
        else:
            records.release(what.record_id)
        raise
    except Exception:
        records.release(what.record_id)
        raise
    records.complete(what.record_id, HTTPStatus.OK, answer)
    return answer


def _replay(record: records.IdempotencyRecord) -> dict[str, Any]:
    answer = record.answer or {}
    if record.status != HTTPStatus.OK:
        raise rebuild(answer)
    return answer
