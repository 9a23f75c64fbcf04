"""The list of refunds: those that need somebody first, and sums by currency."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from app.errors import CardDeclined
from app.extensions import services
from app.services import audit
from app.services.refunds.service import RefundRequest
from tests.integration.dashboards.pages import enter, paid, post
from tests.integration.dashboards.test_payments_list import link
from tests.support import stored
from tests.support.sandbox import SandboxProcess

PATH = "/dashboard/refunds"
STATUSES = ("succeeded", "failed", "requires_action", "pending", "canceled")


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return enter(app, Role.VIEWER)


@pytest.fixture
def refunds(database: Database[dict[str, Any]]) -> list[dict[str, Any]]:
    """One on each of 130 payments, in all states and three currencies."""
    currencies = ("usd", "jpy", "kwd")
    payments = [
        stored.payment(
            n,
            currency=currencies[n % 3],
            refunds=[stored.refund(n, STATUSES[n % 5], amount=100, currency=currencies[n % 3])],
        )
        for n in range(130)
    ]
    database.payments.insert_many(payments)
    return payments


def orders(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="[^"]+">([^<]+)<', page)


def test_an_empty_database_has_a_friendly_page(viewer: FlaskClient) -> None:
    assert "No refunds yet" in viewer.get(PATH).text


def test_refunds_that_need_attention_come_first_and_again_in_the_list(
    viewer: FlaskClient, refunds: list[dict[str, Any]]
) -> None:
    page = viewer.get(PATH).text
    urgent, rest = page.split('id="rows"')
    assert len(orders(urgent)) == 50 and "Lost or stolen card" in urgent
    assert {int(o.split("-")[1]) % 5 for o in orders(urgent)} == {1, 2}
    assert orders(rest) == [p["order_id"] for p in refunds[::-1][:50]]
    second = viewer.get(link(page, "Next →")).text
    assert 'id="urgent"' not in second
    assert orders(second) == [p["order_id"] for p in refunds[::-1][50:100]]


def test_a_failed_refund_that_later_refunds_cover_needs_no_attention(
    viewer: FlaskClient, database: Database[dict[str, Any]]
) -> None:
    """A person who refunded it again would pay the customer twice."""
    learnt = int((stored.EPOCH + timedelta(hours=2)).timestamp() * 1000)
    history = [{"at": learnt, "changes": {"refunds": [{"id": "refund-1", "status": "failed"}]}}]

    def put(number: int, *later: dict[str, Any], left: int) -> None:
        refunds = [stored.refund(1, "failed", 300), *later]
        fields = {"refunds": refunds, "amount_refundable": left, "history": history}
        database.payments.insert_one(stored.payment(number, **fields))

    put(0, left=1000)
    put(1, stored.refund(3, "succeeded", 300), left=700)
    put(2, stored.refund(3, "pending", 400), left=600)
    put(3, stored.refund(3, "succeeded", 200), left=800)
    # This one was paid back while the first still counted as paid: it is no answer to the failure.
    put(4, stored.refund(1, "succeeded", 300, id="refund-0"), left=700)
    put(5, stored.refund(1, "succeeded", 1000, id="refund-0"), left=0)
    put(6, stored.refund(3, "canceled", 300), left=1000)
    urgent, _ = viewer.get(PATH).text.split('id="rows"')
    assert orders(urgent) == ["order-6", "order-4", "order-3", "order-0"]

    database.payments.update_one(
        {"order_id": "order-0"},
        {
            "$push": {"refunds": stored.refund(4, "succeeded", 300)},
            "$set": {"uncounted": True, "amount_refundable": 700},
            "$inc": {"version": 1},
        },
    )
    urgent, _ = viewer.get(PATH).text.split('id="rows"')
    assert orders(urgent) == ["order-6", "order-4", "order-3"]


def test_sums_never_mix_currencies(viewer: FlaskClient, refunds: list[dict[str, Any]]) -> None:
    del refunds
    page = viewer.get(f"{PATH}?counts=1").text
    assert "Counted in</span> refunded volume" in page
    assert "26 refunds" in page
    for shown in ("9.00 USD", "800 JPY", "0.900 KWD"):
        assert shown in page
    # Without a state chosen, what failed or is on its way is listed and not summed.
    page = viewer.get(PATH).text
    assert "130 refunds" in page and "Refunded</span>" in page and "9.00 USD" in page


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("status=failed", "26 refunds"),
        ("status=failed&currency=usd", "9 refunds"),
        ("from=2026-03-02&to=2026-03-02", "24 refunds"),
        ("from=2026-03-02&to=2026-03-01", "Showing 2026-03-01 to 2026-03-02."),
        ("counts=everything", "is not a figure. Showing every refund."),
        ("status=$ne", "is not a status. Showing every status."),
        ("currency=xyz", "No refunds match"),
        ("cursor=%00", "This page link is invalid. Showing the newest entries."),
        ("brand=amex&country=JP&three_d_secure=true", "No refunds match"),
    ],
)
def test_filters(viewer: FlaskClient, refunds: list[dict[str, Any]], query: str, message: str) -> None:
    del refunds
    page = viewer.get(f"{PATH}?{query}")
    assert page.status_code == 200
    assert message in page.text


def test_a_failed_refund_that_was_refunded_outside_stripe_needs_no_attention(
    app: Flask, viewer: FlaskClient, sandbox: SandboxProcess, database: Database[dict[str, Any]]
) -> None:
    sandbox.hold_webhooks()
    payment = paid(app, sandbox)
    sandbox.fault(effect="402", match={"path": "^/v1/refunds", "method": "POST"})
    order = RefundRequest(payment_id=payment.payment_id, amount=Decimal(5), requested_by="shop")
    with app.app_context(), pytest.raises(CardDeclined):
        services.refunds.refund(order, customer=None, key=None)
    sandbox.delete("faults")
    assert "Refunded outside Stripe" not in viewer.get(PATH).text
    finance = enter(app, Role.FINANCE)
    page = finance.get(PATH).text
    (address,) = re.findall(r'action="(/dashboard/payments/[^"]+/settle)"', page)
    assert post(finance, address, page).status_code == 303
    page = finance.get(PATH).text
    assert "Recorded: refunded outside Stripe." in page and 'id="urgent"' not in page
    (entry,) = database.audit_entries.find({"action": "refund.settled"})
    assert (entry["actor"], entry["target"]) == ("finance@example.com", payment.payment_id)
    page = finance.get(f"/dashboard/payments/{payment.payment_id}").text
    assert "refunded outside Stripe as noted by finance@example.com" in page
    assert "Refunded outside Stripe, as noted by finance@example.com." in page
    form = finance.get(f"/dashboard/payments/{payment.payment_id}/refund", follow_redirects=True).text
    assert "5.00 USD was refunded outside Stripe" in form
    assert audit.check_payment(database.payments.find_one()) == []
    # Once more changes nothing, and only what failed can be settled.
    history = len(database.payments.find_one()["history"])
    assert post(finance, address, page).status_code == 303
    assert len(database.payments.find_one()["history"]) == history
    with app.app_context():
        made = services.refunds.refund(order, customer=None, key=None)
    for refund_id, status in ((made.id, 422), ("nothing", 404), ("%00", 404)):
        path = f"/dashboard/payments/{payment.payment_id}/refunds/{refund_id}/settle"
        assert post(finance, path, page).status_code == status
    assert post(finance, f"/dashboard/payments/{'0' * 24}/refunds/x/settle", page).status_code == 404
