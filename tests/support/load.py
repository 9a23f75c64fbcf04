"""Payments of every kind, made at the sandbox with few calls: the load for storms and crashes."""

from __future__ import annotations

import random
from typing import Any

from tests.support.ownership import our_metadata
from tests.support.sandbox import SandboxProcess

VISA = "4242424242424242"
CHALLENGED = "4000002760003184"
PENDING_REFUNDS = "4000000000007726"
FAILING_REFUNDS = "4000000000005126"
DISPUTED = "4000000000000259"
DECLINED = ("4000000000000002", "4000000000009995", "4000000000000069")
CHALLENGED_AND_DECLINED = ("4000008400001629", "4000008260003178")


def new_intent(sandbox: SandboxProcess, order_id: str | None, amount: int = 10_000) -> str:
    """An intent made at Stripe itself, of ours when it has an order."""
    params: dict[str, Any] = {"amount": amount, "currency": "usd", "automatic_payment_methods[enabled]": "true"}
    if order_id:
        params |= our_metadata(order_id)
    return str(sandbox.stripe("POST", "/v1/payment_intents", params)["id"])


def failing_attempt(sandbox: SandboxProcess, intent_id: str, kind: str, choice: int = 0) -> None:
    """``kind``: declined, 3ds_declined, 3ds_failed or 3ds_open."""
    if kind == "declined":
        sandbox.pay(intent_id, DECLINED[choice % len(DECLINED)])
    elif kind == "3ds_declined":
        sandbox.pay(intent_id, CHALLENGED_AND_DECLINED[choice % len(CHALLENGED_AND_DECLINED)])
    else:
        sandbox.pay(intent_id, CHALLENGED, three_d_secure="fail" if kind == "3ds_failed" else "abandon")


def refund(sandbox: SandboxProcess, intent_id: str, amount: int) -> dict[str, Any]:
    """A refund made at Stripe itself."""
    made: dict[str, Any] = sandbox.stripe("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": amount})
    return made


def live(sandbox: SandboxProcess, intent_id: str, chance: random.Random) -> None:
    """Let customers, banks and merchants do at random what they do with one intent."""
    for _ in range(chance.choices((0, 1, 2, 3), (50, 30, 15, 5))[0]):
        kind = chance.choice(("declined", "3ds_declined", "3ds_failed", "3ds_open"))
        failing_attempt(sandbox, intent_id, kind, chance.randrange(3))
    end = chance.random()
    if end < 0.07:
        sandbox.stripe("POST", f"/v1/payment_intents/{intent_id}/cancel")
    elif end > 0.12:
        sandbox.pay(intent_id, chance.choice((VISA, CHALLENGED, PENDING_REFUNDS, FAILING_REFUNDS)))
        _after_success(sandbox, intent_id, chance)


def _after_success(sandbox: SandboxProcess, intent_id: str, chance: random.Random) -> None:
    for _ in range(chance.randrange(4)):
        made = refund(sandbox, intent_id, chance.randrange(1, 3_000))
        if chance.random() < 0.4:
            outcome = "succeeded" if made["status"] == "pending" else "failed"
            sandbox.post(f"refunds/{made['id']}/settle", {"status": outcome})
    if chance.random() < 0.3:
        inquiry = chance.random() < 0.3
        opened = sandbox.post("disputes", {"payment_intent": intent_id, "inquiry": inquiry})
        if chance.random() < 0.7:
            outcome = "warning_closed" if inquiry else chance.choice(("won", "lost"))
            sandbox.post(f"disputes/{opened['id']}/close", {"outcome": outcome})
