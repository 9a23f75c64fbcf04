"""Idempotency keys. Source: docs.stripe.com/api/idempotent_requests, /error-low-level; facts §3."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from sandbox.core.errors import StripeError, invalid
from sandbox.core.records import StoredAnswer
from sandbox.core.store import Store

MAX_KEY = 255
_KEPT_SECONDS = 86400


def fingerprint(method: str, path: str, params: dict[str, Any]) -> str:
    """What a request asked for, in a few bytes."""
    asked = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


class IdempotencyKeys:
    """Which keys are being worked on, and the first answers of the others, for 24 hours of real time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[str] = set()

    def begin(self, key: str, asked: str) -> StoredAnswer | None:
        """The first answer to be replayed, or None: the caller does the work and calls ``finish``.

        Raises 400 idempotency_error for another request under the key, 409 while the first one still runs.
        """
        if len(key) > MAX_KEY:
            raise invalid(f"The idempotency key must be at most {MAX_KEY} characters long.")
        self._prune()
        known = self._store.answers.get(key)
        if known is not None:
            if known.fingerprint != asked:
                raise StripeError(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they were first used "
                    f"with. Try using a key other than '{key}' if you meant to execute a different request.",
                    kind="idempotency_error",
                    stored=False,
                )
            return known
        if key in self._running:
            raise StripeError(
                409,
                f"There is currently another in-progress request using this Idempotent Key: {key}. "
                "Please try again later.",
                kind="idempotency_error",
                code="idempotency_key_in_use",
                stored=False,
            )
        self._running.add(key)
        return None

    def finish(self, key: str, asked: str, answer: tuple[int, str] | None) -> None:
        """The work is over; ``answer`` (status, body) is kept, None leaves the key free."""
        self._running.discard(key)
        if answer is None:
            return
        status, body = answer
        kept = StoredAnswer(
            id=key,
            created=int(time.time()),
            seq=self._store.next_seq(),
            fingerprint=asked,
            status=status,
            body=body,
        )
        self._store.answers[key] = kept
        self._store.save(kept)

    def _prune(self) -> None:
        too_old = time.time() - _KEPT_SECONDS
        answers = self._store.answers
        while answers:
            oldest = next(iter(answers))
            if answers[oldest].created > too_old:
                return
            del answers[oldest]
            self._store.drop(StoredAnswer.KIND, oldest)
