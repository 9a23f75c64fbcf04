"""What surrounds the endpoints: slots, faults of ours, other origins, request ids, health."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from mongoengine.connection import get_db

from app.api.http import bulkhead
from app.factory import create_app
from app.models.indexes import create_indexes
from app.models.worker import heartbeats
from app.services.listing import Listings
from tests.integration.api.caller import Caller, new_order, settings_for
from tests.integration.api.stripe_double import Misbehaviour, StripeDouble


@pytest.fixture
def slow(stripe: StripeDouble) -> Iterator[None]:
    stripe.misbehaviour = Misbehaviour(silent=True)
    yield
    stripe.over.set()


@pytest.mark.usefixtures("slow")
def test_requests_beyond_the_slots_are_refused_at_once_and_reads_go_on(mongo_uri: str, stripe: StripeDouble) -> None:
    erp = Caller(create_app(settings_for(mongo_uri, stripe.url, stripe_timeout=20)))
    bulkhead.init_app(erp.app, slots=3)
    waiting = threading.Event()

    with ThreadPoolExecutor(3) as pool:
        held = [pool.submit(erp.create) for _ in range(3)]
        while len(stripe.calls) < 3:
            waiting.wait(0.02)
        refused = erp.create()
        assert (refused.status_code, refused.json["error"]) == (503, "stripe_unavailable")
        assert refused.headers["Retry-After"] == "1"
        assert erp.ask("GET", "").status_code == 200
        assert erp.deliver(b"{}").status_code == 422, "webhooks are served"
        stripe.misbehaviour = None
        stripe.over.set()
        assert [future.result().status_code for future in held] == [201] * 3
    assert erp.create().status_code == 201, "slots are given back"


def test_a_slot_is_released_after_a_failure(erp: Caller) -> None:
    bulkhead.init_app(erp.app, slots=1)
    for _ in range(3):
        assert erp.create(currency="xyz").status_code == 422
    assert erp.create().status_code == 201


def test_an_internal_error_reveals_no_cause(erp: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("sk_live_secret in a message")

    # No input is known that makes the service fail, which is why it is replaced here.
    monkeypatch.setattr(Listings, "payments_in_full", fail)
    answer = erp.ask("GET", "")
    assert (answer.status_code, answer.json["error"]) == (500, "internal_error")
    assert "sk_live" not in answer.text
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_only_listed_origins_may_call_from_a_page(mongo_uri: str, stripe: StripeDouble) -> None:
    erp = Caller(create_app(settings_for(mongo_uri, stripe.url, cors_origins=("https://erp.example.com",))))
    path = "/api/v1/payments/stripe/create-intent"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}
    mine = erp.client.options(path, headers={"Origin": "https://erp.example.com", **asked})
    assert mine.headers["Access-Control-Allow-Origin"] == "https://erp.example.com"
    assert "idempotency-key" in mine.headers["Access-Control-Allow-Headers"].lower()
    other = erp.client.options(path, headers={"Origin": "https://evil.example.com", **asked})
    assert "Access-Control-Allow-Origin" not in other.headers
    error = erp.client.get("/api/v1/payments", headers={"Origin": "https://erp.example.com"})
    assert error.status_code == 401
    assert error.headers["Access-Control-Allow-Origin"] == "https://erp.example.com", "errors are readable too"
    assert (
        "Access-Control-Allow-Origin"
        not in erp.client.get("/healthz", headers={"Origin": "https://erp.example.com"}).headers
    )


def test_request_ids_go_in_and_out(erp: Caller) -> None:
    answer = erp.create(order_id="$", claims={})
    assert answer.headers["X-Request-ID"] == answer.json["request_id"]
    named = erp.ask("GET", "/nope", headers={"X-Request-ID": "erp-request-1"})
    assert named.json["request_id"] == named.headers["X-Request-ID"] == "erp-request-1"


def test_ready_lists_its_checks(erp: Caller) -> None:
    heartbeats.record("worker-1", datetime.now(UTC))
    ready = erp.client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (200, "ready")
    assert set(ready.json["checks"]) == {"mongodb", "indexes", "stripe_key", "stripe_configuration", "worker"}
    assert all(check["state"] == "ok" and "latency_ms" in check for check in ready.json["checks"].values())


@pytest.mark.parametrize(
    ("collection", "index", "status", "state"),
    [
        ("payments", "intent", 503, "failed"),
        ("payments", "open_slot", 503, "failed"),
        ("payments", "created", 200, "warning"),
        ("worker_heartbeats", "retention", 200, "warning"),
    ],
)
def test_an_index_that_is_missing_everywhere_takes_nodes_out_only_where_money_could_double(
    erp: Caller, collection: str, index: str, status: int, state: str
) -> None:
    get_db()[collection].drop_index(index)
    try:
        ready = erp.client.get("/readyz")
    finally:
        create_indexes()
    assert (ready.status_code, ready.json["checks"]["indexes"]["state"]) == (status, state)
    assert f"{collection}.{index}" in ready.json["checks"]["indexes"]["message"]
    assert erp.client.get("/readyz").json["checks"]["indexes"]["state"] == "ok"


@pytest.mark.parametrize(("minutes", "message"), [(None, "No worker is running"), (2, "was 12")])
def test_a_dead_worker_is_a_warning_and_keeps_web_nodes_in_service(
    erp: Caller, minutes: int | None, message: str
) -> None:
    """Payments are taken without it."""
    if minutes:
        heartbeats.record("worker-1", datetime.now(UTC) - timedelta(minutes=minutes))
    ready = erp.client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (200, "ready")
    assert ready.json["checks"]["worker"]["state"] == "warning"
    assert message in ready.json["checks"]["worker"]["message"]


def test_no_secret_is_stored(erp: Caller, stripe: StripeDouble) -> None:
    erp.create(order_id=new_order(), receipt_email="jo@example.com", key="a key")
    assert list(stripe.intents)
    kept = str([list(get_db()[name].find()) for name in get_db().list_collection_names()])
    assert "_secret_" not in kept
    assert "jo@example.com" not in kept
