"""Every way in which a payment can differ, one at a time, and runs that do not come to their end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.domain.money import Money
from app.errors import StripeUnavailable
from app.extensions import services
from app.services.payments.opening import NewPayment
from app.services.refunds.service import RefundRequest
from tests.integration.services.reconciliation.conftest import Mongo, Run, assert_equal_to_the_books, dump, report_of
from tests.support.ownership import OURS, our_metadata
from tests.support.sandbox import SandboxProcess

DAY = 86_400


def opened(app: Flask, order: str = "order-1", amount: int = 1999) -> Any:
    with app.app_context():
        wanted = NewPayment(order_id=order, customer_id="customer-1", money=Money(amount, "usd"))
        return services.payments.open(wanted, caller="test", key=None)


def test_an_empty_account_and_database_are_equal(reconcile: Run, silent: SandboxProcess) -> None:
    result = reconcile()
    assert (result.exit_code, "No drift." in result.output) == (0, True)


def test_fields_are_told_with_both_values(app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo) -> None:
    payment = opened(app)
    silent.pay(payment.payment_intent_id)
    before = dump(database)
    result = reconcile()
    assert result.exit_code == 1, result.output
    assert dump(database) == before
    for line in (
        f"- different: payment {payment.payment_id}, {payment.payment_intent_id}, 19.99 USD",
        "status: pending → completed",
        "amount_captured: 0 → 1999",
        "attempts: none → succeeded",
        "captured, Stripe's less ours 19.99 USD",
    ):
        assert line in result.output
    (item,) = report_of(database)["drift"]
    assert (item["kind"], item["fields"]["status"]) == ("different", ["pending", "completed"])


def test_a_lost_fraud_warning_and_a_lost_review_are_found(
    app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo
) -> None:
    payment = opened(app)
    intent = silent.pay(payment.payment_intent_id)
    assert reconcile("--repair").exit_code == 0
    silent.post(f"charges/{intent['latest_charge']}/fraud_warning")
    silent.post(f"charges/{intent['latest_charge']}/review")
    found = reconcile()
    assert found.exit_code == 1, found.output
    assert "fraud_warnings: none → actionable" in found.output
    assert "reviews: none → open" in found.output
    assert reconcile("--repair").exit_code == 0
    (row,) = database["payments"].find()
    assert (row["fraud_warnings"][0]["actionable"], row["reviews"][0]["is_open"]) == (True, True)
    assert reconcile().exit_code == 0


def test_one_payment(app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo) -> None:
    first, second = opened(app, "order-1"), opened(app, "order-2")
    for payment in (first, second):
        silent.pay(payment.payment_intent_id, "4000000000000002")
        silent.pay(payment.payment_intent_id)
    assert reconcile("--payment", first.payment_id).exit_code == 1
    assert reconcile("--payment", first.payment_id, "--repair").exit_code == 0
    rows = {row["order_id"]: row for row in database["payments"].find()}
    assert (rows["order-1"]["status"], rows["order-2"]["status"]) == ("completed", "pending")
    assert [a["status"] for a in rows["order-1"]["attempts"]] == ["failed", "succeeded"]
    with app.app_context():
        assert services.reconciliation.payment(first.payment_id).in_order
        assert not services.reconciliation.payment(second.payment_id).in_order
    for nonsense in ("nonsense", "0" * 24):
        result = reconcile("--payment", nonsense)
        assert (result.exit_code, "There is no payment" in result.stderr) == (2, True)


def test_a_row_whose_intent_was_never_learnt_gets_it(
    app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo
) -> None:
    silent.fault(effect="answer_lost", match={"method": "POST", "path": "^/v1/payment_intents$"}, times=2)
    with pytest.raises(StripeUnavailable):
        opened(app)
    (intent,) = silent.intents_of("order-1")
    silent.pay(intent)
    result = reconcile()
    assert "different: 1\n" in result.output and "missing at Stripe: 0" in result.output
    assert reconcile("--repair").exit_code == 0
    (row,) = database["payments"].find()
    assert (row["payment_intent_id"], row["status"]) == (intent, "completed")
    assert reconcile().exit_code == 0


def test_what_stripe_does_not_have_is_missing_there(
    app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo
) -> None:
    for number in range(3):
        opened(app, f"order-{number}")
    silent.reset()
    silent.fault(effect="503", match={"method": "POST", "path": "^/v1/payment_intents$"}, times=2)
    with pytest.raises(StripeUnavailable):
        opened(app, "order-unasked")
    assert "missing at Stripe: 3" in reconcile().output  # the fourth may still be at work
    for row in database["payments"].find({"payment_intent_id": None}):
        then = datetime.now(UTC) - timedelta(hours=1)
        database["payments"].update_one({"_id": row["_id"]}, {"$set": {"created_at": then}})
    before = dump(database)
    result = reconcile("--repair")
    assert result.exit_code == 1, result.output
    assert "missing at Stripe: 4" in result.output and "4 differences, 0 repaired." in result.output
    assert "USD: missing at Stripe 79.96 USD" in result.output
    assert dump(database) == before


def test_intents_of_other_applications_are_left_alone(reconcile: Run, silent: SandboxProcess, database: Mongo) -> None:
    for _ in range(3):
        params = {"amount": 700, "currency": "usd", "automatic_payment_methods[enabled]": "true"}
        intent = silent.stripe("POST", "/v1/payment_intents", params)["id"]
        silent.pay(intent, "4000000000000002")
        silent.pay(intent)
        silent.stripe("POST", "/v1/refunds", {"payment_intent": intent, "amount": 100})
    silent.post("bulk", {"payments": 5, "days": 1, "metadata": OURS})
    result = reconcile("--repair")
    assert result.exit_code == 0, result.output
    assert "5 payments compared, 3 payment intents not ours." in result.output
    assert database["payments"].count_documents({}) == 5


def test_what_happened_in_the_range_to_older_payments_is_found(
    app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo
) -> None:
    """Paid, refunded, disputed, canceled, and a refund that failed: all of intents made ten days ago."""
    silent.put("clock", {"offset": -10 * DAY})
    intents = {}
    for name in ("paid", "refunded", "disputed", "canceled", "returned", "untouched"):
        intents[name] = opened(app, name).payment_intent_id
        if name not in {"paid", "canceled"}:
            silent.pay(intents[name])
    refund = silent.stripe("POST", "/v1/refunds", {"payment_intent": intents["returned"], "amount": 500})
    assert reconcile("--since", "20d", "--repair").exit_code == 0
    silent.delete("clock")
    silent.pay(intents["paid"])
    silent.stripe("POST", "/v1/refunds", {"payment_intent": intents["refunded"], "amount": 300})
    silent.post("disputes", {"payment_intent": intents["disputed"]})
    silent.stripe("POST", f"/v1/payment_intents/{intents['canceled']}/cancel")
    silent.post(f"refunds/{refund['id']}/settle", {"status": "failed"})

    result = reconcile("--since", "3d", "--repair")
    assert "different: 5\n" in result.output, result.output
    assert_equal_to_the_books(database, silent)
    assert reconcile("--since", "3d").exit_code == 0
    assert reconcile("--since", "20d").exit_code == 0


def test_a_refund_whose_answer_was_lost_is_completed(
    app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo
) -> None:
    payment = opened(app)
    silent.pay(payment.payment_intent_id)
    assert reconcile("--repair").exit_code == 0
    silent.fault(effect="answer_lost", match={"method": "POST", "path": "^/v1/refunds$"}, times=2)
    order = RefundRequest(payment_id=payment.payment_id, amount=None, requested_by="test")
    with app.app_context(), pytest.raises(StripeUnavailable):
        services.refunds.refund(order, customer=None, key=None)
    assert reconcile("--repair").exit_code == 0
    (row,) = database["payments"].find()
    assert [r["status"] for r in row["refunds"]] == ["succeeded"]
    assert row["refund_status"] == "full"


@pytest.mark.parametrize("repair", [True, False], ids=["repair", "report"])
def test_a_run_that_stripe_breaks_off_is_resumed(
    reconcile: Run, silent: SandboxProcess, database: Mongo, repair: bool
) -> None:
    silent.post("bulk", {"payments": 450, "days": 3, "events": True, "metadata": OURS})
    flags = ("--repair",) if repair else ()
    third = {"method": "GET", "path": "^/v1/payment_intents$", "nth": 3}
    silent.fault(effect="403", match=third, times=1)
    broken = reconcile("--since", "4d", *flags)
    assert broken.exit_code == 2, broken.output
    assert "flask stripe reconcile --resume" in broken.stderr
    report = report_of(database)
    assert (report["state"], report["counts"]["payment_intents"]) == ("failed", 200)
    assert database["payments"].count_documents({}) == (200 if repair else 0)

    silent.delete("requests")
    resumed = reconcile("--resume")
    assert resumed.exit_code == (0 if repair else 1), resumed.output
    assert "450 payments compared" in resumed.output
    assert "missing here: 450" in resumed.output
    pages = [call for call in silent.requests() if call["path"] == "/v1/payment_intents"]
    assert len(pages) == 3  # not those that were done
    assert report_of(database)["state"] == "finished"
    assert report_of(database)["_id"] == report["_id"]
    if repair:
        assert_equal_to_the_books(database, silent)
    assert "There is no unfinished run." in reconcile("--resume").output


def test_a_later_run_replaces_an_unfinished_one_only_if_it_covers_its_range(
    reconcile: Run, silent: SandboxProcess
) -> None:
    silent.fault(effect="401", match={"method": "GET"}, times=1)
    assert reconcile("--since", "9d").exit_code == 2
    assert reconcile("--since", "2d").exit_code == 0
    assert "since" in (resumed := reconcile("--resume")).output
    assert (resumed.exit_code, "Resuming report" in resumed.stderr) == (0, True)
    silent.fault(effect="401", match={"method": "GET"}, times=1)
    assert reconcile("--since", "2d").exit_code == 2
    assert reconcile("--since", "9d").exit_code == 0
    assert "There is no unfinished run." in reconcile("--resume").output


def test_a_slow_down_is_waited_for(reconcile: Run, silent: SandboxProcess, database: Mongo) -> None:
    silent.post("bulk", {"payments": 20, "days": 1, "metadata": OURS})
    silent.fault(effect="429", match={"method": "GET"}, times=2)
    assert reconcile("--repair").exit_code == 0
    assert database["payments"].count_documents({}) == 20


def test_a_wrong_key_is_said_so(reconcile: Run, silent: SandboxProcess) -> None:
    silent.fault(effect="401", match={"method": "GET"}, times=1)
    result = reconcile()
    assert (result.exit_code, "STRIPE_SECRET_KEY" in result.stderr) == (2, True)


@pytest.mark.parametrize("since", ["tomorrow", "2999-01-01", "0d"])
def test_a_wrong_since_is_refused(reconcile: Run, silent: SandboxProcess, since: str) -> None:
    assert reconcile("--since", since).exit_code == 2


def test_a_chargeless_failure_beyond_the_events_is_the_same_at_every_run(
    reconcile: Run, silent: SandboxProcess, database: Mongo
) -> None:
    """Stripe keeps events for 30 days; then only the intent's error tells of a failed 3-D Secure request."""
    silent.put("clock", {"offset": -40 * DAY})
    params = {"amount": 700, "currency": "usd", "automatic_payment_methods[enabled]": "true"}
    intent = silent.stripe("POST", "/v1/payment_intents", {**params, **our_metadata("order-1")})["id"]
    silent.pay(intent, "4000000000000002")
    silent.pay(intent, "4000002760003184", three_d_secure="fail")
    assert reconcile("--since", "60d", "--repair").exit_code == 0
    (row,) = database["payments"].find()
    assert [a["status"] for a in row["attempts"]] == ["failed", "failed"]
    assert row["attempts"][-1]["failure"]["code"] == "payment_intent_authentication_failure"
    assert row["attempts"][-1]["created_at"] < datetime.now(UTC) - timedelta(days=39)
    before = dump(database)
    assert reconcile("--since", "60d", "--repair").exit_code == 0
    assert dump(database) == before
