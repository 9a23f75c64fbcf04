"""Many plausible payments of the past, created quickly by the functions of real ones, without deliveries."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, fields
from typing import Any

from sandbox.behaviour import attempts, payment_methods
from sandbox.behaviour.attempts import ConfirmOptions
from sandbox.core.call import Call
from sandbox.core.errors import StripeError
from sandbox.core.origin import AUTOMATIC
from sandbox.core.records import Intent
from sandbox.core.sandbox import Sandbox
from sandbox.resources import refunds

_BATCH = 200
_CURRENCIES = (("usd", 0.6, 1), ("eur", 0.25, 1), ("gbp", 0.07, 1), ("jpy", 0.05, 1), ("kwd", 0.03, 10))
# Cards of the customers, with weights.
_CARDS = (
    ("4242424242424242", 62),
    ("5555555555554444", 14),
    ("4000002760003184", 10),
    ("4000000000000002", 4),
    ("4000000000009995", 5),
    ("4000000000000069", 2),
    ("4000000000000259", 1),
    ("4000000000007726", 1),
    ("4000000000005126", 1),
)


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """How many payments to create, over how many days up to now, whether with events, and what metadata they share."""

    payments: int
    days: int = 90
    seed: int = 1
    events: bool = False
    order_prefix: str = "bulk"
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> BulkRequest:
        """The request in a JSON body. Raises ValueError for an unknown field, TypeError without ``payments``."""
        if unknown := body.keys() - {each.name for each in fields(cls)}:
            raise ValueError(f"unknown field: {min(unknown)}")
        return cls(**body)


async def create_payments(sandbox: Sandbox, request: BulkRequest) -> dict[str, Any]:
    """Create the payments, oldest first, and serve other requests meanwhile. Returns their number and the seconds."""
    rng = random.Random(request.seed)
    store, events = sandbox.store, sandbox.events
    begun = time.perf_counter()
    span = request.days * 86400
    for number in range(request.payments):
        offset = store.clock_offset
        store.clock_offset = -int(span * (1 - number / request.payments))
        events.muted, events.delivering = not request.events, False
        try:
            _payment(sandbox, rng, {"order_id": f"{request.order_prefix}-{number}", **request.metadata})
        finally:
            events.muted, events.delivering = False, True
            store.clock_offset = offset
        if number % _BATCH == _BATCH - 1:
            await asyncio.sleep(0)
    return {"payments": request.payments, "seconds": round(time.perf_counter() - begun, 3)}


def _payment(sandbox: Sandbox, rng: random.Random, metadata: dict[str, str]) -> None:
    store = sandbox.store
    currency, _, step = rng.choices(_CURRENCIES, [weight for _, weight, _ in _CURRENCIES])[0]
    intent = Intent(
        **store.header("pi"),
        amount=rng.randrange(100, 50_000) * step,
        currency=currency,
        automatic_payment_methods={"allow_redirects": "always", "enabled": True},
        metadata={"customer_id": f"customer-{rng.randrange(2000)}", **metadata},
    )
    store.insert(store.intents, intent)
    sandbox.events.emit_record("payment_intent.created", intent)
    if rng.random() < 0.05:
        return
    for _ in range(2):
        number = rng.choices([card for card, _ in _CARDS], [weight for _, weight in _CARDS])[0]
        if _pay(sandbox, rng, intent, number) or rng.random() < 0.4:
            break
    if intent.status == "succeeded" and rng.random() < 0.08:
        _refund(sandbox, rng, intent)


def _pay(sandbox: Sandbox, rng: random.Random, intent: Intent, number: str) -> bool:
    method = payment_methods.of_number(sandbox.store, number)
    try:
        attempts.confirm(sandbox, intent, method, ConfirmOptions(challenge_url=""), AUTOMATIC)
        if intent.status == "requires_action":
            attempts.complete_authentication(sandbox, intent, passed=rng.random() < 0.85)
    except StripeError:
        return False
    return intent.status == "succeeded"


def _refund(sandbox: Sandbox, rng: random.Random, intent: Intent) -> None:
    whole = rng.random() < 0.6
    params: dict[str, Any] = {"payment_intent": intent.id}
    if not whole:
        params["amount"] = max(intent.amount // 20 * 10, 10)
    try:
        refunds.create(Call(sandbox, params, "", AUTOMATIC, publishable=False, base_url=""))
    except StripeError as error:
        # A disputed charge cannot be refunded, as at Stripe.
        if error.code != "charge_disputed":
            raise
