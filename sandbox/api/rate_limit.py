"""A limit of requests in a second. Source: docs.stripe.com/rate-limits; facts §9."""

from __future__ import annotations

import time
from collections import deque

from sandbox.core.errors import StripeError


class RateLimit:
    """The times of the latest requests that were let through."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def check(self, limit: int | None) -> None:
        """Raises a 429 for a request beyond the limit; it does not count."""
        if limit is None:
            return
        now = time.monotonic()
        while self._times and self._times[0] <= now - 1:
            self._times.popleft()
        if len(self._times) >= limit:
            raise StripeError(
                429,
                "Too many requests hit the API too quickly. We recommend an exponential backoff of your requests.",
                code="rate_limit",
                stored=False,
            )
        self._times.append(now)
