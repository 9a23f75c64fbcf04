from __future__ import annotations

import json
import time
from typing import Any

import pytest
from stripe import WebhookSignature

from app.domain.payments.facts import ChargeFact, DisputeFact, IntentFact, RefundFact
from app.errors import ValidationFailed, WebhookSignatureInvalid
from app.gateway.redaction import strip_event
from app.gateway.webhooks import APPLIED_TYPES, facts_of, verify

OLD, NEW = "whsec_old", "whsec_new"

EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2023-10-16",
    "created": 1_700_000_000,
    "livemode": False,
    "type": "payment_intent.payment_failed",
    "data": {
        "object": {
            "id": "pi_1",
            "object": "payment_intent",
            "status": "requires_payment_method",
            "amount": 1000,
            "currency": "usd",
            "created": 1_700_000_000,
            "client_secret": "pi_1_secret_CANARY",
            "receipt_email": "canary@example.com",
            "shipping": {"name": "Canary"},
            "metadata": {"order_id": "o1", "customer_id": "c1", "paydesk_payment_id": "p1", "phone": "CANARY"},
            "last_payment_error": {
                "code": "card_declined",
                "decline_code": "insufficient_funds",
                "message": "CANARY",
                "charge": "ch_1",
                "payment_method": {
                    "id": "pm_1",
                    "billing_details": {"name": "CANARY"},
                    "card": {"brand": "visa", "last4": "4242", "country": "US", "fingerprint": "CANARY"},
                },
            },
        }
    },
}


def signed(body: bytes, secret: str, at: int | None = None) -> str:
    header: str = WebhookSignature.generate_signature_header(body.decode(), secret, at or int(time.time()))
    return header


def body(**more: object) -> bytes:
    return json.dumps({**EVENT, **more}).encode()


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_either_secret_will_do_while_rolling(secret: str) -> None:
    assert verify(body(), signed(body(), secret), [NEW, OLD])["id"] == "evt_1"


@pytest.mark.parametrize(
    ("payload", "header", "secrets"),
    [
        (body(), None, [NEW]),
        (body(), "", [NEW]),
        (body(), "t=1,v1=00", [NEW]),
        (body(), "nonsense", [NEW]),
        (body(), signed(body(), "whsec_other"), [NEW, OLD]),
        (body(id="evt_2"), signed(body(), NEW), [NEW]),
        (body(), signed(body(), NEW, int(time.time()) - 301), [NEW]),
        (b"\xff\xfe", "t=1,v1=00", [NEW]),
        (body(), signed(body(), NEW), []),
    ],
    # The headers hold the time, and two processes that collect the tests must give them the same names.
    ids=["none", "empty", "wrong", "nonsense", "other secret", "other body", "too old", "not text", "no secret"],
)
def test_what_stripe_did_not_sign_is_refused(payload: bytes, header: str | None, secrets: list[str]) -> None:
    with pytest.raises(WebhookSignatureInvalid):
        verify(payload, header, secrets)


@pytest.mark.parametrize(
    "payload",
    [b"not json", b"[]", b'{"object": "event"}', body(data={}), body(data={"object": 3}), body(id=7), body(id="")],
)
def test_signed_nonsense_is_a_validation_error(payload: bytes) -> None:
    with pytest.raises(ValidationFailed):
        verify(payload, signed(payload, NEW), [NEW])


def test_a_thin_event_says_what_to_change() -> None:
    payload = body(object="v2.core.event")
    with pytest.raises(ValidationFailed, match="snapshot"):
        verify(payload, signed(payload, NEW), [NEW])


def test_nothing_personal_and_no_secret_is_kept() -> None:
    kept = json.dumps(strip_event(EVENT))
    assert "canary" not in kept.lower()
    assert "o1" in kept


def test_the_kept_event_tells_the_same_facts() -> None:
    assert facts_of(strip_event(EVENT)) == facts_of(EVENT)
    assert len(facts_of(EVENT)) == 1


def test_unknown_types_and_objects_keep_only_their_id() -> None:
    event = {
        **EVENT,
        "type": "customer.created",
        "data": {"object": {"id": "cus_1", "object": "customer", "name": "C"}},
    }
    assert strip_event(event)["data"]["object"] == {"id": "cus_1", "object": "customer"}
    assert facts_of(event) == []


@pytest.mark.parametrize(
    ("type_", "target", "kind"),
    [
        ("payment_intent.succeeded", EVENT["data"]["object"], IntentFact),
        (
            "charge.refunded",
            {"id": "ch_1", "object": "charge", "status": "succeeded", "created": 1, "amount": 1, "currency": "usd"},
            ChargeFact,
        ),
        (
            "refund.updated",
            {"id": "re_1", "object": "refund", "status": "failed", "created": 1, "amount": 1, "currency": "usd"},
            RefundFact,
        ),
        (
            "charge.dispute.created",
            {
                "id": "dp_1",
                "object": "dispute",
                "status": "needs_response",
                "created": 1,
                "amount": 1,
                "currency": "usd",
                "reason": "general",
            },
            DisputeFact,
        ),
    ],
)
def test_each_object_becomes_its_fact(type_: str, target: dict[str, Any], kind: type) -> None:
    assert type_ in APPLIED_TYPES
    assert [type(fact) for fact in facts_of({**EVENT, "type": type_, "data": {"object": target}})] == [kind]
