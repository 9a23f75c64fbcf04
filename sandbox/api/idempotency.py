"""Idempotency keys. Source: docs.stripe.com/api/idempotent_requests, /error-low-level; facts §3."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from sandbox.core.errors import StripeError, invalid
from sandbox.core.records import StoredResponse
from sandbox.core.store import Store

MAX_KEY = 255
_KEPT_SECONDS = 86400


def fingerprint(method: str, path: str, params: dict[str, Any]) -> str:
    """A short digest that identifies a request."""
    request = json.dumps([method, path, params], sort_keys=True, default=repr)
    return hashlib.sha256(request.encode()).hexdigest()


class IdempotencyKeys:
    """The keys in progress, and the first responses of the others, for 24 hours of real time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[str] = set()

    def begin(self, key: str, request: str) -> StoredResponse | None:
        """The first response, to be replayed; or None: the caller does the work and calls ``finish``.

        Raises 400 idempotency_error for a different request under the key, 409 while the first one still runs.
        """
        if len(key) > MAX_KEY:
            raise invalid(f"The idempotency key must be at most {MAX_KEY} characters long.")
        self._prune()
        stored = self._store.responses.get(key)
        if stored is not None:
            if stored.fingerprint != request:
                raise StripeError(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they were first used "
                    f"with. Try using a key other than '{key}' if you meant to execute a different request.",
                    kind="idempotency_error",
                    stored=False,
                )
            return stored
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

    def finish(self, key: str, request: str, response: tuple[int, str] | None) -> None:
        """The work is over; ``response`` (status, body) is kept, None frees the key."""
        self._running.discard(key)
        if response is None:
            return
        stored = StoredResponse(key, int(time.time()), self._store.next_seq(), request, *response)
        self._store.responses[key] = stored
        self._store.save(stored)

    def _prune(self) -> None:
        expired = time.time() - _KEPT_SECONDS
        responses = self._store.responses
        while responses:
            oldest = next(iter(responses))
            if responses[oldest].created > expired:
                return
            del responses[oldest]
            self._store.drop(StoredResponse.KIND, oldest)
