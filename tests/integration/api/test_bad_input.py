"""What bad input gets: a clear error, and nothing stored, nothing asked of Stripe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from tests.integration.api.caller import Caller, signature
from tests.integration.api.stripe_double import StripeDouble
from tests.integration.api.test_payments import event_of

CREATE = "/stripe/create-intent"
JSON = "application/json"


@pytest.fixture(autouse=True)
def _nothing_happens(erp: Caller, stripe: StripeDouble) -> Iterator[None]:
    before = erp.stored()
    yield
    assert erp.stored() == before
    assert stripe.calls == []


def refused(answer: Any, status: int, error: str, *fields: str) -> None:
    """The one shape of errors, with this status and word, blaming these fields."""
    assert (answer.status_code, answer.json["error"]) == (status, error), answer.text
    assert set(answer.json) == {"code", "status", "error", "message", "errors", "request_id"}
    assert answer.json["code"] == status
    assert answer.json["message"]
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert set(fields) <= set(answer.json["errors"]), answer.text


def raw(amount: str = "10", **more: str) -> str:
    body = {"order_id": '"order-1"', "customer_id": '"customer-1"', "amount": amount, **more}
    return "{" + ",".join(f'"{name}":{value}' for name, value in body.items()) + "}"


@pytest.mark.parametrize(
    "body",
    [
        *("{", "not json", '{"a":}', "\x00", '"', "[" * 20_000, b"\xff\xfe\x00", '{"order_id":"a","order_id":"b"}'),
        *(raw("NaN"), raw("Infinity"), raw("-Infinity"), raw("1."), raw("0x10"), raw("+1"), raw("١")),
    ],
    ids=lambda body: repr(body)[:30],
)
def test_malformed_json(erp: Caller, body: Any) -> None:
    for path in (CREATE, "/stripe/confirm", "/stripe/refund/65f0c0ffee65f0c0ffee65f0"):
        refused(erp.ask("POST", path, data=body, content_type=JSON), 422, "validation_failed", "body")


@pytest.mark.parametrize("body", ["[]", "5", '"text"', "true", "null"])
def test_json_that_is_no_object(erp: Caller, body: str) -> None:
    refused(erp.ask("POST", CREATE, data=body, content_type=JSON), 422, "validation_failed", "body")


@pytest.mark.parametrize("amount", ['"99.99"', '""', "true", "false", "null", "[]", "{}", '{"$gt":0}'])
def test_amounts_of_a_wrong_type(erp: Caller, amount: str) -> None:
    refused(erp.ask("POST", CREATE, data=raw(amount), content_type=JSON), 422, "validation_failed", "amount")


@pytest.mark.parametrize(
    "amount",
    [
        *("-1", "-0.01", "0", "0.0", "-0", "0.001", "99.999", "0.49", "1000000", "1e400", "-1e400", "1e-400"),
        *("1e99999999999999999999", "1e-99999999999999999999", "9" * 5000, "0." + "3" * 100),
        "0.5" + "0" * 40 + "1",
    ],
    ids=lambda amount: amount[:24],
)
def test_amounts_that_cannot_be_charged(erp: Caller, amount: str) -> None:
    refused(erp.ask("POST", CREATE, data=raw(amount), content_type=JSON), 422, "amount_invalid", "amount")


@pytest.mark.parametrize(
    ("amount", "currency"), [("100.5", "jpy"), ("1.2345", "kwd"), ("1.231", "kwd"), ("5.5", "isk")]
)
def test_amounts_with_more_decimals_than_the_currency(erp: Caller, amount: str, currency: str) -> None:
    body = raw(amount, currency=f'"{currency}"')
    refused(erp.ask("POST", CREATE, data=body, content_type=JSON), 422, "amount_invalid", "amount")


@pytest.mark.parametrize("currency", ["xyz", "", "us", "btc", "$$$", "dollars"])
def test_unknown_currencies(erp: Caller, currency: str) -> None:
    refused(erp.create(currency=currency), 422, "currency_unsupported", "currency")


@pytest.mark.parametrize("currency", [None, 5, True, ["usd"], "x" * 10_240])
def test_currencies_of_a_wrong_type(erp: Caller, currency: Any) -> None:
    refused(erp.create(currency=currency), 422, "validation_failed", "currency")


BAD_IDS = ["", "$ne", "a.b", "a\x00b", "a b", "é", "a\n", "../etc", "x" * 65, "x" * 10_240, 7, None, {"$ne": ""}, []]


@pytest.mark.parametrize("bad", BAD_IDS, ids=lambda bad: repr(bad)[:20])
def test_bad_ids(erp: Caller, bad: Any) -> None:
    refused(erp.create(order_id=bad), 422, "validation_failed", "order_id")
    refused(erp.create(customer_id=bad), 422, "validation_failed", "customer_id")
    refused(erp.confirm("pi_1", bad), 422, "validation_failed", "order_id")
    refused(erp.confirm(bad, "order-1"), 422, "validation_failed", "payment_intent_id")


@pytest.mark.parametrize(
    "bad", ["x", "$ne", "a.b", "%00", "x" * 10_240, "65f0c0ffee65f0c0ffee65f", "65f0c0ffee65f0c0ffee65f0", "é", "%0a"]
)
def test_payments_that_do_not_exist(erp: Caller, bad: str) -> None:
    refused(erp.ask("GET", f"/{bad}"), 404, "not_found")
    refused(erp.refund(bad, amount=1), 404, "not_found")


def test_missing_and_unknown_fields(erp: Caller) -> None:
    empty = erp.ask("POST", CREATE, json={})
    refused(empty, 422, "validation_failed", "order_id", "customer_id", "amount")
    refused(erp.ask("POST", CREATE), 422, "validation_failed", "order_id")
    refused(erp.create(ammount=5), 422, "validation_failed", "ammount")
    refused(erp.create(**{"$where": "1"}), 422, "validation_failed", "$where")
    refused(erp.refund("65f0c0ffee65f0c0ffee65f0", ammount=5), 422, "validation_failed", "ammount")
    refused(erp.ask("GET", "?colour=blue"), 422, "validation_failed", "colour")


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "x" * 501},
        {"description": "nul\x00"},
        {"description": "\ud800"},
        {"description": 5},
        {"receipt_email": "nobody"},
        {"receipt_email": "a@b.co\r\nBcc: x@y.zz"},
    ],
    ids=lambda changes: repr(changes)[:40],
)
def test_bad_texts(erp: Caller, changes: dict[str, Any]) -> None:
    refused(erp.create(**changes), 422, "validation_failed", *changes)


def test_bad_texts_of_a_refund(erp: Caller) -> None:
    bad: list[dict[str, Any]] = [
        {"reason": "x" * 501},
        {"notes": "\x1b[0m"},
        {"notes": "x" * 501},
        {"amount": "5"},
        {"reason": []},
    ]
    for changes in bad:
        refused(erp.refund("65f0c0ffee65f0c0ffee65f0", **changes), 422, "validation_failed", *changes)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
def test_wrong_content_types(erp: Caller, kind: str | None) -> None:
    for path in (CREATE, "/stripe/confirm", "/stripe/refund/65f0c0ffee65f0c0ffee65f0"):
        refused(erp.ask("POST", path, data=raw(), content_type=kind), 415, "unsupported_media_type")


def test_bodies_over_one_mebibyte(erp: Caller) -> None:
    big = b'{"order_id":"' + b"a" * 1024 * 1024 + b'"}'
    refused(erp.ask("POST", CREATE, data=big, content_type=JSON), 413, "body_too_large")
    refused(erp.deliver(big), 413, "body_too_large")
    # In chunks, as gunicorn hands them on: without a length.
    for path in (CREATE, "/stripe/webhook"):
        chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        answer = erp.ask("POST", path, input_stream=BytesIO(big), content_type=JSON, environ_overrides=chunked)
        refused(answer, 413, "body_too_large")


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "tab\tinside"])
def test_bad_idempotency_keys(erp: Caller, key: str) -> None:
    refused(erp.create(key=key), 422, "validation_failed", "Idempotency-Key")


def test_addresses_and_methods_that_do_not_exist(erp: Caller) -> None:
    refused(erp.client.get("/api/v1/nothing"), 404, "not_found")
    refused(erp.client.get("/api/nothing"), 404, "not_found")
    wrong = erp.client.delete("/api/v1/payments")
    refused(wrong, 405, "method_not_allowed")
    assert "GET" in wrong.headers["Allow"]


@pytest.mark.parametrize(
    ("path", "method", "scope"),
    [
        (CREATE, "POST", "payments:write"),
        ("/stripe/confirm", "POST", "payments:write"),
        ("/stripe/refund/65f0c0ffee65f0c0ffee65f0", "POST", "payments:refund"),
        ("", "GET", "payments:read"),
        ("/65f0c0ffee65f0c0ffee65f0", "GET", "payments:read"),
    ],
)
def test_every_guarded_endpoint_refuses_bad_tokens(erp: Caller, path: str, method: str, scope: str) -> None:
    for bad in ({"exp": 1}, {"aud": "other"}, {"iss": "other"}, {"customer_id": ""}):
        refused(erp.ask(method, path, claims=bad), 401, "unauthorized")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJlcnAifQ."
    for header in ("", "Bearer", f"Bearer {none}", f"Bearer {erp.token()}x", "Basic eDp5"):
        answer = erp.ask(method, path, headers={"Authorization": header})
        refused(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    others = " ".join({"payments:read", "payments:write", "payments:refund"} - {scope})
    short = erp.ask(method, path, claims={"scope": others})
    refused(short, 403, "forbidden")
    assert scope in short.json["message"]


@pytest.mark.parametrize(
    "query",
    [
        *("status=done", "refund_status=half", "currency=dollars", "order_id=$ne", "customer_id=a.b"),
        *("payment_intent_id=x", "failure_code=%00", "three_d_secure=perhaps", "created_from=yesterday"),
        *("created_to=2025-02-30", "limit=0", "limit=101", "limit=x", "cursor=made-up", "cursor=", "order_id[$ne]=1"),
    ],
)
def test_bad_filters(erp: Caller, query: str) -> None:
    refused(erp.ask("GET", f"?{query}"), 422, "validation_failed", query.split("=", maxsplit=1)[0])


def test_bad_webhooks(erp: Caller) -> None:
    event = event_of("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"})
    path = "/api/v1/payments/stripe/webhook"
    body = json.dumps(event).encode()
    refused(erp.client.post(path, data=body), 400, "webhook_signature_invalid")
    for header in ("", "t=1", "v1=abc", "t=x,v1=y", "é", signature(b"another body", "whsec_of_the_test")):
        answer = erp.client.post(path, data=body, headers={"Stripe-Signature": header})
        refused(answer, 400, "webhook_signature_invalid")
    refused(erp.deliver(event, secret="whsec_of_somebody"), 400, "webhook_signature_invalid")
    refused(erp.deliver(event, age=301), 400, "webhook_signature_invalid")
    refused(erp.deliver(b"\xff\xfe"), 400, "webhook_signature_invalid")
    for signed_body in (b"not json", b"[]", b"{}", b'{"object":"event"}', b'{"object":"v2.core.event","id":"evt_1"}'):
        refused(erp.deliver(signed_body), 422, "validation_failed")


@pytest.mark.parametrize("bad", [{"id": {"$ne": 1}}, {"created": "now"}, {"type": 5}, {"data": {"object": []}}])
def test_signed_events_of_a_wrong_form(erp: Caller, bad: dict[str, Any]) -> None:
    event = event_of("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"})
    refused(erp.deliver({**event, **bad}), 422, "validation_failed")
