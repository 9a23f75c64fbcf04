"""What /metrics counts, and what it says while the figures cannot be read."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from pymongo.database import Database

from app.models.indexes import create_indexes
from app.services.figures.keeper import BATCH
from tests.integration.api.caller import Caller, new_order
from tests.integration.api.stripe_double import StripeDouble
from tests.integration.api.test_payments import event_of
from tests.integration.api.test_prometheus import grown, page
from tests.support import stored
from tests.support.prometheus import Samples, recent_payments

Mongo = Database[dict[str, Any]]
NEVER_BUILT = 5_001  # as many payments as nobody counts while somebody waits
ROUTES = "/api/v1/payments"


def timed(before: Samples, after: Samples) -> Samples:
    """How many durations were observed between two pages."""
    return {
        name.replace("_duration_seconds_count", ""): value - before.get(name, 0)
        for name, value in after.items()
        if "_duration_seconds_count" in name and value != before.get(name, 0) and "/metrics" not in name
    }


def test_what_is_counted_is_also_timed(erp: Caller, stripe: StripeDouble) -> None:
    before = page(erp.client)
    order = new_order()
    intent_id = erp.create(order_id=order).json["payment_intent_id"]
    stripe.pay(intent_id)
    payment_id = erp.confirm(intent_id, order).json["id"]
    assert erp.deliver(event_of("payment_intent.succeeded", stripe.intents[intent_id])).status_code == 200
    assert erp.refund(payment_id, amount=10).status_code == 201
    after = page(erp.client)
    found = {name: n for name, n in timed(before, after).items() if not name.startswith("mongodb")}
    assert found == {
        f"http_request{{method=POST,route={ROUTES}/stripe/create-intent}}": 1,
        f"http_request{{method=POST,route={ROUTES}/stripe/confirm}}": 1,
        f"http_request{{method=POST,route={ROUTES}/stripe/webhook}}": 1,
        f"http_request{{method=POST,route={ROUTES}/stripe/refund/<payment_id>}}": 1,
        "stripe_request{operation=create_intent}": 1,
        "stripe_request{operation=retrieve_intent}": 1,
        "stripe_request{operation=create_refund}": 1,
        "webhook_apply": 1,
    }
    spent = "stripe_request_duration_seconds_sum{operation=create_intent}"
    assert after[spent] > before.get(spent, 0)


def test_a_refund_that_fails_later_is_counted_as_failed_too(
    erp: Caller, stripe: StripeDouble, paid: dict[str, Any]
) -> None:
    assert erp.refund(paid["id"], amount=10).status_code == 201
    failed = {**stripe.refunds[-1], "status": "failed", "failure_reason": "expired_or_canceled_card"}
    before = page(erp.client)
    for kind in ("refund.failed", "refund.updated"):
        assert erp.deliver(event_of(kind, failed)).status_code == 200
    found = {name: n for name, n in grown(before, page(erp.client)).items() if name.startswith("refunds")}
    assert found == {"refunds_total{outcome=failed}": 1}


def test_commands_that_mongodb_refuses_are_counted(client: FlaskClient, database: Mongo) -> None:
    """The list of disputes is told which index to use, and one that is gone is refused."""
    before = page(client)
    database.dispute_rows.drop_index("status_due")
    try:
        page(client)
        samples = page(client)
    finally:
        create_indexes()
    grew = {n: v for n, v in grown(before, samples).items() if n.startswith("mongodb_operation_failures")}
    assert sum(grew.values()) >= 1
    assert grown(samples, page(client)).keys().isdisjoint(grew)


def test_a_large_backlog_is_left_to_the_worker(client: FlaskClient, database: Mongo) -> None:
    page(client)  # builds the figures of nothing
    database.payments.insert_many(recent_payments(BATCH + 1))
    check_without_figures(page(client), waiting=BATCH + 1)


def test_missing_figures_leave_the_rest_of_the_page(client: FlaskClient, database: Mongo) -> None:
    database.payments.insert_many(stored.mixed(NEVER_BUILT))
    check_without_figures(page(client), waiting=NEVER_BUILT)


def check_without_figures(samples: Samples, *, waiting: int) -> None:
    errors = {name for name, value in samples.items() if name.startswith("scrape_error") and value}
    assert errors == {"scrape_error{source=figures}"}
    assert samples["figures_uncounted_payments"] == waiting
    assert samples["webhook_oldest_unapplied_seconds"] == 0
    assert not [name for name in samples if name.startswith("payments{")]
