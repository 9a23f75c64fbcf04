"""A bulkhead: requests that wait for Stripe may not take every thread of the process.

A worker has 128 threads. When Stripe is slow, each create-intent, confirm and refund holds one for seconds; without a
limit they would hold all of them, and webhooks, reads and health checks would wait behind Stripe as well. With 100
slots, 28 threads stay free whatever Stripe does. A request that finds no slot is refused at once and not after a
timeout; nothing was done for it, so the client can repeat it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import BoundedSemaphore
from typing import Any, TypeVar

from flask import Flask, current_app

from app.errors import StripeUnavailable

SLOTS = 100
_EXTENSION = "paydesk_bulkhead"

View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask, slots: int = SLOTS) -> None:
    """Give ``app`` its slots."""
    app.extensions[_EXTENSION] = BoundedSemaphore(slots)


def waits_for_stripe(view: View) -> View:
    """Let ``view`` run only while it holds a slot. Raises StripeUnavailable when there is none."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        slots: BoundedSemaphore = current_app.extensions[_EXTENSION]
        if not slots.acquire(blocking=False):
            raise StripeUnavailable(
                "Too many requests are waiting for Stripe. Nothing was done; try again.", retry_after=1
            )
        try:
            return view(*args, **kwargs)
        finally:
            slots.release()

    return guarded  # type: ignore[return-value]
