"""Idempotency keys at Stripe: one call, one result, whatever Stripe keeps under a key.

Stripe replays whatever it answered for a day, errors included, so a row can run into an error that is not about it any
more (docs.stripe.com/error-low-level). Then the next key is used, but only when nothing was made under the last one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from app.gateway.errors import KeyUsedUp

T = TypeVar("T")


def call_once(
    ask: Callable[[int], T],
    *,
    key_number: int | None,
    first_asked: int,
    find: Callable[[], T | None],
    take_next: Callable[[int], object],
) -> T:
    """What ``ask`` gets under the key of the row, or under the next one where that key is used up.

    ``find`` looks for what an earlier call made, ``take_next`` saves the number of the next key before it is used.
    Raises what the call ended in.
    """
    number = key_number or 1
    try:
        return ask(number)
    except KeyUsedUp as used:
        is_settled = time.time() - first_asked >= used.settled_after.total_seconds()
        if used.is_certain or is_settled:
            made = find()
            if made is not None:
                return made
        if not is_settled:
            raise used.error from used
    take_next(number + 1)
    try:
        return ask(number + 1)
    except KeyUsedUp as used:
        raise used.error from used
