"""What /metrics says: who may ask, in which format, what is counted and what is read from MongoDB."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pymongo.database import Database

from app.domain.permissions import Role
from app.extensions import services
from app.factory import create_app
from app.models import connection
from app.models.indexes import create_indexes
from app.models.worker import heartbeats
from app.services import accounts
from app.services.figures.scrape import WINDOWS
from config import Settings
from tests.integration.api.caller import Caller, new_order
from tests.integration.api.stripe_double import Misbehaviour, StripeDouble, stripe_error
from tests.integration.api.test_payments import event_of
from tests.integration.dashboards.test_sign_in import EMAIL, sign_in
from tests.support import stored
from tests.support.passwords import PASSWORD
from tests.support.prometheus import Samples, figures_of, recent_payments, samples
from tooling.mongo.embedded import EmbeddedMongo

Mongo = Database[dict[str, Any]]
METRICS = "/api/v1/payments/metrics"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def documented() -> list[str]:
    """Codes that Stripe documents."""
    return sorted(json.loads(files("app.domain").joinpath("decline_codes.json").read_text("utf-8")))


def page(client: FlaskClient, **headers: str) -> Samples:
    answer = client.get("/metrics", headers={"Authorization": "Bearer test-metrics-token", **headers})
    assert answer.status_code == 200, answer.text
    return samples(answer.text)


def grown(before: Samples, after: Samples) -> Samples:
    """The counters that went up, by how much; requests for the page itself are left out."""
    return {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if "_total" in name and value != before.get(name, 0) and "route=/metrics," not in name
    }


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", "Bearer ", "Basic test-metrics-token", "test-metrics-token", "Bearer tökén"]
)
def test_a_token_that_is_set_is_needed(client: FlaskClient, header: str | None) -> None:
    answer = client.get("/metrics", headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json["error"]) == (401, "unauthorized")
    assert "paydesk_" not in answer.text


def test_no_token_is_needed_where_none_is_set(settings: Settings) -> None:
    open_client = create_app(replace(settings, metrics_token="")).test_client()
    assert open_client.get("/metrics").status_code == 200


def test_the_format_is_the_one_asked_for(client: FlaskClient) -> None:
    token = {"Authorization": "Bearer test-metrics-token"}
    plain = client.get("/metrics", headers=token)
    assert plain.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert plain.headers["Cache-Control"] == "no-store"
    modern = client.get("/metrics", headers={**token, "Accept": OPENMETRICS})
    assert modern.content_type.startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in text_string_to_metric_families(modern.text)}
    assert {"paydesk_http_requests", "paydesk_scrape_error", "paydesk_build_info"} <= names


def test_requests_are_counted_by_rule_and_never_by_path(client: FlaskClient) -> None:
    before = page(client)
    client.get("/api/v1/payments/pay-1")
    client.get("/no/such/page")
    client.open("/healthz", method="BREW")
    requests = {k: n for k, n in grown(before, page(client)).items() if k.startswith("http_requests")}
    assert requests == {
        "http_requests_total{method=GET,route=/api/v1/payments/<payment_id>,status=401}": 1,
        "http_requests_total{method=GET,route=unmatched,status=404}": 1,
        "http_requests_total{method=other,route=unmatched,status=405}": 1,
    }


def test_a_payment_is_counted_at_each_step(erp: Caller, stripe: StripeDouble) -> None:
    before = page(erp.client)
    order = new_order()
    intent_id = erp.create(order_id=order).json["payment_intent_id"]
    stripe.pay(intent_id)
    paid = erp.confirm(intent_id, order).json
    assert erp.refund(paid["id"], amount=10).status_code == 201
    found = grown(before, page(erp.client))
    assert found["payment_transitions_total{from_status=none,to_status=pending}"] == 1
    assert found["payment_transitions_total{from_status=pending,to_status=completed}"] == 1
    assert found["refunds_total{outcome=succeeded}"] == 1
    assert found["stripe_requests_total{operation=create_intent,outcome=ok}"] == 1
    assert found["stripe_requests_total{operation=retrieve_intent,outcome=ok}"] == 1
    assert found["stripe_requests_total{operation=create_refund,outcome=ok}"] == 1
    assert sum(n for name, n in found.items() if name.startswith("refunds_total")) == 1


@pytest.mark.parametrize(
    ("status", "body", "outcome", "refund"),
    [
        (402, {"error_type": "card_error", "code": "card_declined"}, "card_declined", "refused"),
        (400, {"error_type": "invalid_request_error", "code": "charge_not_refundable"}, "invalid_request", "refused"),
        (401, {"error_type": "invalid_request_error"}, "authentication", "unknown"),
        (429, {"error_type": "invalid_request_error", "code": "rate_limit"}, "rate_limited", "unknown"),
        (500, {"error_type": "api_error"}, "unavailable", "unknown"),
    ],
)
def test_a_refund_that_stripe_does_not_take_is_counted(
    erp: Caller,
    stripe: StripeDouble,
    paid: dict[str, Any],
    status: int,
    body: dict[str, str],
    outcome: str,
    refund: str,
) -> None:
    kind = body.pop("error_type")
    before = page(erp.client)
    stripe.misbehaviour = Misbehaviour(status, stripe_error(kind, **body))
    erp.refund(paid["id"], amount=10)
    found = grown(before, page(erp.client))
    assert found[f"stripe_requests_total{{operation=create_refund,outcome={outcome}}}"] == 1
    refunds = {name: n for name, n in found.items() if name.startswith("refunds_total")}
    assert refunds == {f"refunds_total{{outcome={refund}}}": 1}


def test_deliveries_are_counted_by_outcome(erp: Caller, stripe: StripeDouble) -> None:
    order = new_order()
    intent_id = erp.create(order_id=order).json["payment_intent_id"]
    stripe.pay(intent_id)
    event = event_of("payment_intent.succeeded", stripe.intents[intent_id])
    before = page(erp.client)
    assert erp.deliver(event).status_code == 200
    assert erp.deliver(event).status_code == 200
    assert erp.deliver({**event, "id": "evt_of_no_interest", "type": "customer.created"}).status_code == 200
    assert erp.deliver(event, secret="whsec_of_somebody_else").status_code == 400
    assert erp.deliver({**event, "id": "evt_of_the_other_mode", "livemode": True}).status_code == 200
    assert erp.deliver({**event, "id": "evt_of_another_account", "account": "acct_another"}).status_code == 200
    charge = event_of("charge.succeeded", {"id": "ch_1", "object": "charge", "payment_intent": "pi_unknown"})
    charge["data"]["object"] |= {"status": "succeeded", "created": 1, "amount": 100, "currency": "usd"}
    stripe.misbehaviour = Misbehaviour(500, stripe_error("api_error"))
    assert erp.deliver(charge).status_code == 503
    found = grown(before, page(erp.client))
    deliveries = {name: n for name, n in found.items() if name.startswith("webhook_deliveries")}
    assert deliveries == {
        "webhook_deliveries_total{outcome=applied,type=payment_intent.succeeded}": 1,
        "webhook_deliveries_total{outcome=duplicate,type=payment_intent.succeeded}": 1,
        "webhook_deliveries_total{outcome=ignored,type=other}": 1,
        "webhook_deliveries_total{outcome=bad_signature,type=other}": 1,
        "webhook_deliveries_total{outcome=wrong_mode,type=other}": 1,
        "webhook_deliveries_total{outcome=other_account,type=other}": 1,
        "webhook_deliveries_total{outcome=failed,type=charge.succeeded}": 1,
    }
    assert found["rejected_requests_total{error=webhook_signature_invalid}"] == 1


def test_sign_ins_are_counted_by_outcome(settings: Settings) -> None:
    app = create_app(settings)
    client = app.test_client()
    with app.app_context():
        accounts.create(EMAIL, PASSWORD, Role.VIEWER, actor="test")
    before = page(client)
    sign_in(client)
    for address, password in ((EMAIL, "not the password"), ("nobody@example.com", PASSWORD)):
        assert accounts.authenticate(address, password) is None
    accounts.set_active(EMAIL, False, actor="test")
    assert accounts.authenticate(EMAIL, PASSWORD) is None
    found = {name: n for name, n in grown(before, page(client)).items() if name.startswith("logins")}
    assert found == {
        "logins_total{outcome=succeeded}": 1,
        "logins_total{outcome=failed}": 2,
        "logins_total{outcome=locked}": 1,
    }


def test_commands_and_connections_to_mongodb_are_counted(client: FlaskClient, database: Mongo) -> None:
    before = page(client)
    client.get("/readyz")
    after = page(client)
    counted = "mongodb_operation_duration_seconds_count{command=find}"
    assert after[counted] > before[counted]
    assert after["mongodb_pool_connections{state=open}"] >= 1
    assert after["mongodb_pool_connections{state=in_use}"] == 0


def test_the_figures_are_those_of_the_api(client: FlaskClient, bearer: dict[str, str], database: Mongo) -> None:
    database.payments.insert_many(recent_payments(900))
    check_figures(client, bearer)
    # What nobody has counted yet is on the page as well.
    later = [{**row, "payment_intent_id": f"{row['payment_intent_id']}_later"} for row in recent_payments(90)]
    database.payments.insert_many(later)
    readings = check_figures(client, bearer)
    assert readings["figures_uncounted_payments"] == 90


def check_figures(client: FlaskClient, bearer: dict[str, str]) -> Samples:
    """The page, after comparing its figures with those of the API for the same windows."""
    asked = datetime.now(UTC)
    readings = page(client)
    for window, length in WINDOWS.items():
        span = {"from": (asked - length).isoformat(), "to": asked.isoformat()}
        answer = client.get(METRICS, query_string={**span, "granularity": "hour"}, headers=bearer)
        expected = figures_of(answer.json, window)
        assert answer.json["payments"]["completed"] > 20
        of_window = {
            name: value
            for name, value in readings.items()
            if f"window={window}" in name and not name.startswith("processing_mean")
        }
        assert of_window == pytest.approx(expected)
        mean = readings[f"processing_mean_seconds{{window={window}}}"]
        assert mean == pytest.approx(float(answer.json["processing_time"]["mean"]))
    return readings


def test_ratios_without_payments_are_absent(client: FlaskClient) -> None:
    readings = page(client)
    assert readings["payments{outcome=completed,window=1h}"] == 0
    assert not [name for name in readings if "ratio{" in name or name.startswith("processing")]
    assert "worker_heartbeat_timestamp_seconds" not in readings


def test_reasons_are_bounded(client: FlaskClient, database: Mongo) -> None:
    codes = [*documented()[:20], "a_code_that_stripe_made_up_later"]
    at = datetime.now(UTC) - timedelta(minutes=10)
    for place, code in enumerate(codes):
        tries = [stored.attempt("failed", code)] * (30 - place)
        row = stored.payment(place, status="failed", created_at=at, attempts=tries)
        database.payments.insert_one(row)
    readings = page(client)
    failed_attempts = {n: v for n, v in readings.items() if n.startswith("failed_attempts") and "window=1h" in n}
    assert len(failed_attempts) == 16
    assert failed_attempts["failed_attempts{reason=other,window=1h}"] == sum(30 - place for place in range(15, 21))


def test_work_for_people_is_read_at_scrape(client: FlaskClient, database: Mongo) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    database.webhook_events.insert_many(
        {"_id": f"evt_{n}", "state": state, "created": int(now.timestamp()) - age}
        for n, (state, age) in enumerate([("received", 90), ("failed", 300), ("failed", 60), ("applied", 9000)])
    )
    older = {
        "state": "finished",
        "payment_id": None,
        "started_at": now - timedelta(hours=2),
        "counts": {"different": 9},
    }
    counts = {"compared": 5, "different": 2, "missing_there": 1, "repaired": 2}
    latest = {"state": "finished", "payment_id": None, "started_at": now - timedelta(hours=1), "counts": counts}
    failed = {"state": "failed", "payment_id": None, "started_at": now, "counts": {"different": 7}}
    for n, report in enumerate((older, latest, failed)):
        database.reconciliation_reports.insert_one({"_id": str(n), "finished_at": report["started_at"], **report})
    heartbeats.record("worker-1", now - timedelta(minutes=5))
    heartbeats.record("worker-2", now - timedelta(seconds=5))
    hours = (-1, 5, 20, 60, 71, 100, None)
    due = [
        stored.dispute(n, evidence_due_by=now + timedelta(hours=h) if h is not None else None)
        for n, h in enumerate(hours)
    ]
    answered = stored.dispute(90, "under_review", evidence_due_by=now)
    database.payments.insert_one(stored.payment(disputes=[*due, answered], created_at=now - timedelta(days=9)))
    warned = {"fraud_warnings": [stored.fraud_warning(1, actionable=True)], "created_at": now - timedelta(days=9)}
    settled = {**warned, "amount_refundable": 0, "refund_status": "full"}
    database.payments.insert_many([stored.payment(91, **warned), stored.payment(92, **settled)])
    with client.application.app_context():
        list(services.figures.build())
    readings = page(client)
    assert readings["fraud_warnings_open"] == 1
    assert 300 <= readings["webhook_oldest_unapplied_seconds"] < 330
    assert (readings["webhook_inbox_events{state=received}"], readings["webhook_inbox_events{state=failed}"]) == (1, 2)
    drift = {
        kind: readings[f"reconciliation_drift{{kind={kind}}}"]
        for kind in ("different", "missing_here", "missing_there")
    }
    assert drift == {"different": 2, "missing_here": 0, "missing_there": 1}
    assert readings["reconciliation_last_finished_timestamp_seconds"] == (now - timedelta(hours=1)).timestamp()
    assert readings["worker_heartbeat_timestamp_seconds"] == (now - timedelta(seconds=5)).timestamp()
    disputes = {due: readings[f"disputes_open{{due={due}}}"] for due in ("overdue", "24h", "72h", "later")}
    assert disputes == {"overdue": 1, "24h": 2, "72h": 2, "later": 2}
    assert readings["figures_uncounted_payments"] == 0
    assert {n: v for n, v in readings.items() if n.startswith("scrape_error")} == {
        f"scrape_error{{source={source}}}": 0
        for source in ("inbox", "reconciliation", "worker", "disputes", "fraud", "figures")
    }


def test_a_source_that_cannot_be_read_leaves_the_others(client: FlaskClient, database: Mongo) -> None:
    database.dispute_rows.drop_index("status_due")
    try:
        readings = page(client)
    finally:
        create_indexes()
    errors = {name: value for name, value in readings.items() if name.startswith("scrape_error")}
    assert {name for name, value in errors.items() if value} == {"scrape_error{source=disputes}"}
    assert "webhook_oldest_unapplied_seconds" in readings
    assert "payments{outcome=completed,window=1h}" in readings
    assert page(client)["scrape_error{source=disputes}"] == 0


def test_the_page_goes_on_when_mongodb_goes_and_comes_back(settings: Settings) -> None:
    with EmbeddedMongo() as mongo:
        client = create_app(replace(settings, mongodb_uri=mongo.uri)).test_client()
        create_indexes()
        assert unread(page(client)) == {0}
        mongo.kill()
        readings = page(client)
        assert unread(readings) == {1}
        assert "payments{outcome=completed,window=1h}" not in readings
        assert readings["http_requests_total{method=GET,route=/metrics,status=200}"] >= 1
        mongo.start()
        deadline = time.monotonic() + 30
        while unread(page(client)) != {0}:
            assert time.monotonic() < deadline
    # Other tests of this process work on the database of the whole run.
    connection.connect(settings.mongodb_uri)


def unread(readings: Samples) -> set[float]:
    """The values of scrape_error, of all sources."""
    return {value for name, value in readings.items() if name.startswith("scrape_error")}
