"""One payment's events as five API versions write them, by hand from Stripe's documents and changelog.

``story``: a card is declined, a second one is authenticated by 3-D Secure and pays 20.00 EUR, 3.00 are refunded, and a
dispute over the payment is won. ``hold``: the second card holds 20.00 EUR, of which 12.00 are captured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
START = 1_700_000_000
AGES = ("2017-05-25", "2020-08-27", "2022-08-01", "2023-10-16", "2026-10-28.endive")
METADATA = {"order_id": "order-1", "customer_id": "customer-1", "paydesk_payment_id": "6" * 24}


@dataclass(frozen=True)
class Card:
    """A card that was tried, and the charge that came of it, with Radar's score."""

    method: str
    last4: str
    country: str
    charge: str
    score: int = 22


@dataclass(frozen=True)
class Values:
    """The ids, cards and times of a story; times are seconds after its start, and events are ``delay`` younger."""

    intent: str = "pi_1"
    declined: Card = Card("pm_1", "4242", "DE", "ch_1")
    authenticated: Card = Card("pm_2", "3184", "DE", "ch_2")
    refund: str = "re_1"
    dispute: str = "dp_1"
    start: int = START
    failed: int = 10
    challenged: int = 20
    paid: int = 30
    refunded: int = 40
    disputed: int = 50
    closed: int = 60
    due_by: int = 600_000
    delay: int = 1
    metadata: Json = field(default_factory=lambda: METADATA)


def story(version: str, values: Values | None = None) -> list[Json]:
    """The events in the order in which things happened."""
    told = values or Values()
    age, delay, declined, authenticated = _Age(version, told), told.delay, told.declined, told.authenticated
    error = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "generic_decline",
        "charge": declined.charge,
        "message": "Your card was declined.",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        **age.method(declined),
    }
    failed = age.charge(declined, created=told.failed, status="failed")
    paid = age.charge(authenticated, created=told.paid, status="succeeded")
    refund = age.refund(300, created=told.refunded, reason="requested_by_customer")
    refunded = age.charge(authenticated, created=told.paid, status="succeeded", refunds=[refund])
    happened: list[tuple[int, str, Json]] = [
        (0, "payment_intent.created", age.intent("requires_payment_method")),
        (told.failed + delay, "charge.failed", failed),
        (
            told.failed + delay,
            "payment_intent.payment_failed",
            age.intent("requires_payment_method", [failed], error=error),
        ),
        (
            told.challenged,
            "payment_intent.requires_action",
            age.intent("requires_action", [failed], method=authenticated),
        ),
        (told.paid + delay, "charge.succeeded", paid),
        (told.paid + delay, "payment_intent.succeeded", age.intent("succeeded", [paid, failed], method=authenticated)),
        (told.refunded + delay, "charge.refunded", refunded),
        # docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update
        (told.refunded + delay, "refund.created" if version >= "2024-10-28" else "charge.refund.updated", refund),
        (told.disputed + delay, "charge.dispute.created", age.dispute("needs_response")),
        (told.closed + delay, "charge.dispute.closed", age.dispute("won")),
    ]
    return age.events(happened)


def hold(version: str, values: Values | None = None) -> list[Json]:
    """A hold of which a part is captured. Before 2025-03-31.basil the rest is a Refund, which the charge counts."""
    told = values or Values()
    age, delay, card = _Age(version, told), told.delay, told.authenticated
    held = age.charge(card, created=told.paid, status="succeeded", captured=0)
    captured = age.charge(card, created=told.paid, status="succeeded", captured=1200)
    happened: list[tuple[int, str, Json]] = [
        (0, "payment_intent.created", age.intent("requires_payment_method", capture="manual")),
        (
            told.challenged,
            "payment_intent.requires_action",
            age.intent("requires_action", method=card, capture="manual"),
        ),
        (told.paid + delay, "charge.succeeded", held),
        (
            told.paid + delay,
            "payment_intent.amount_capturable_updated",
            age.intent("requires_capture", [held], method=card, capture="manual"),
        ),
    ]
    if version < "2025-03-31":
        # docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture
        release = age.refund(800, created=told.closed, reason=None)
        captured = age.charge(card, created=told.paid, status="succeeded", captured=1200, refunds=[release])
        happened.append((told.closed + delay, "charge.refunded", captured))
    paid = age.intent("succeeded", [captured], method=card, capture="manual", received=1200)
    happened += [
        (told.closed + delay, "charge.captured", captured),
        (told.closed + delay, "payment_intent.succeeded", paid),
    ]
    return age.events(happened)


class _Age:
    """Builds objects of one version. Each condition names the change that it is about."""

    def __init__(self, version: str, values: Values) -> None:
        self.version = version
        self.values = values

    def events(self, happened: list[tuple[int, str, Json]]) -> list[Json]:
        start = self.values.start
        return [self.event(number, start + at, kind, target) for number, (at, kind, target) in enumerate(happened)]

    def event(self, number: int, created: int, kind: str, target: Json) -> Json:
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "api_version": self.version,
            "created": created,
            "data": {"object": target},
            "livemode": False,
            "pending_webhooks": 1,
            # Before 2017-05-25 it was the id alone.
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        return event | ({"context": None} if self.version >= "2025-04-30" else {})

    def intent(
        self,
        status: str,
        charges: list[Json] | None = None,
        *,
        method: Card | None = None,
        error: Json | None = None,
        capture: str = "automatic",
        received: int = 2000,
    ) -> Json:
        charges = charges or []
        action: Json | None = None
        if status == "requires_action":
            urls = {"return_url": "https://shop.example.com", "url": "https://bank.example.com"}
            action = {"type": "redirect_to_url", "redirect_to_url": urls}
        intent: Json = {
            "id": self.values.intent,
            "object": "payment_intent",
            "amount": 2000,
            "amount_capturable": 2000 if status == "requires_capture" else 0,
            "amount_received": received if status == "succeeded" else 0,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": capture,
            "client_secret": f"{self.values.intent}_secret_canary",
            "confirmation_method": "automatic",
            "created": self.values.start,
            "currency": "eur",
            "customer": None,
            "description": None,
            "last_payment_error": error,
            "livemode": False,
            "metadata": self.values.metadata,
            "receipt_email": "canary@example.com",
            "status": status,
        }
        if self.version < "2019-02-11":
            # Sources, not payment methods (docs.stripe.com/changelog/2019-02-11).
            words = {"requires_payment_method": "requires_source", "requires_action": "requires_source_action"}
            if action:
                action = {"type": "authorize_with_url", "authorize_with_url": action["redirect_to_url"]}
            intent |= {
                "allowed_source_types": ["card"],
                "next_source_action": action,
                "source": method and method.method,
                "status": words.get(status, status),
            }
        else:
            intent |= {
                "next_action": action,
                "payment_method": method and method.method,
                "payment_method_types": ["card"],
                "source": None,
            }
        if self.version < "2022-11-15":
            # docs.stripe.com/changelog/2022-11-15
            intent["charges"] = {"object": "list", "data": charges, "has_more": False, "url": "/v1/charges"}
        else:
            intent["latest_charge"] = charges[0]["id"] if charges else None
        if self.version < "2025-03-31":
            intent["invoice"] = None
        else:
            intent |= {"customer_account": None, "excluded_payment_method_types": None}
        return intent

    def method(self, tried: Card) -> Json:
        """What ``last_payment_error`` says of it."""
        if self.version < "2019-02-11":
            return {"source": self._old_card(tried)}
        card = {**self._card(tried), "generated_from": None, "three_d_secure_usage": {"supported": True}}
        method = {"id": tried.method, "object": "payment_method", "card": card, "type": "card"}
        more = {"advice_code": "try_again_later", "network_decline_code": "05"} if self.version >= "2025" else {}
        return {"payment_method": method, **more}

    def charge(
        self, tried: Card, *, created: int, status: str, captured: int = 2000, refunds: list[Json] | None = None
    ) -> Json:
        paid = status == "succeeded"
        captured = captured if paid else 0
        charge: Json = {
            "id": tried.charge,
            "object": "charge",
            "amount": 2000,
            "amount_refunded": sum(refund["amount"] for refund in refunds or []),
            "balance_transaction": "txn_1" if captured else None,
            "captured": captured > 0,
            "created": self.values.start + created,
            "currency": "eur",
            "failure_code": None if paid else "card_declined",
            "failure_message": None if paid else "Your card was declined.",
            "livemode": False,
            "metadata": self.values.metadata,
            "outcome": {
                "network_status": "approved_by_network" if paid else "declined_by_network",
                "reason": None if paid else "generic_decline",
                "risk_level": "normal",
                "risk_score": tried.score,
                "seller_message": "Payment complete." if paid else "The bank did not return any further details.",
                "type": "authorized" if paid else "issuer_declined",
            },
            "paid": paid,
            "payment_intent": self.values.intent,
            "receipt_email": "canary@example.com",
            "refunded": False,
            "status": status,
        }
        if self.version < "2019-02-11":
            source = self._old_card(tried)
            if paid:
                # A card that 3-D Secure has authenticated is a Source (docs.stripe.com/api/sources/object).
                secured = {**source, "authenticated": True, "card": "src_1", "three_d_secure": "optional"}
                source = {"id": tried.method, "object": "source", "type": "three_d_secure", "three_d_secure": secured}
            return charge | {"source": source, "refunds": _list(refunds), "dispute": None}
        secure: Json | None = None
        if paid and self.version < "2020-08-28":
            secure = {"authenticated": True, "succeeded": True, "version": "2.1.0"}
        elif paid:
            secure = {"authentication_flow": "challenge", "result": "authenticated", "result_reason": None}
            secure |= {"version": "2.1.0"}
        card = {**self._card(tried), "installments": None, "network": "visa", "three_d_secure": secure}
        charge |= {"payment_method": tried.method, "payment_method_details": {"card": card, "type": "card"}}
        if self.version >= "2020-08-28":
            charge["amount_captured"] = captured
        if self.version < "2022-11-15":
            charge |= {"refunds": _list(refunds), "source": None}
        if self.version >= "2025-03-31":
            more = {"advice_code": None, "network_advice_code": None, "network_decline_code": None if paid else "05"}
            charge["outcome"] |= more
            card |= {"authorization_code": "123456", "network_transaction_id": None, "regulated_status": "unregulated"}
        else:
            charge["invoice"] = None
        return charge

    def refund(self, amount: int, *, created: int, reason: str | None) -> Json:
        refund: Json = {
            "id": self.values.refund,
            "object": "refund",
            "amount": amount,
            "balance_transaction": "txn_2",
            "charge": self.values.authenticated.charge,
            "created": self.values.start + created,
            "currency": "eur",
            "metadata": {},
            # Here and in disputes a field of 2019, which Stripe added to every version (docs.stripe.com/upgrades).
            "payment_intent": self.values.intent,
            "reason": reason,
            "receipt_number": None,
            "status": "succeeded",
        }
        return refund | ({"destination_details": {"type": "card"}} if self.version >= "2023" else {})

    def dispute(self, status: str) -> Json:
        dispute: Json = {
            "id": self.values.dispute,
            "object": "dispute",
            "amount": 2000,
            "balance_transactions": [],
            "charge": self.values.authenticated.charge,
            "created": self.values.start + self.values.disputed,
            "currency": "eur",
            "evidence": {"customer_name": "canary"},
            "evidence_details": {
                "due_by": self.values.start + self.values.due_by,
                "has_evidence": False,
                "past_due": False,
            },
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": self.values.intent,
            "reason": "fraudulent",
            "status": status,
        }
        if self.version >= "2025":
            dispute |= {
                "enhanced_eligibility_types": [],
                "payment_method_details": {"card": {"case_type": "chargeback"}},
            }
        return dispute

    def _card(self, tried: Card) -> Json:
        names = {"brand": "visa", "country": tried.country, "funding": "credit", "fingerprint": "canary"}
        return {**names, "last4": tried.last4}

    def _old_card(self, tried: Card) -> Json:
        names = {"id": tried.method, "object": "card", "name": "canary", "cvc_check": "pass"}
        return {**names, "tokenization_method": None, **self._card(tried), "brand": "Visa"}


def _list(refunds: list[Json] | None) -> Json:
    return {"object": "list", "data": refunds or [], "has_more": False, "url": "/v1/charges/ch_2/refunds"}
