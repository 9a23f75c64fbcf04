"""A payment made elsewhere in a currency that we do not know is adopted, and every figure stays readable."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from typing import Any

import pytest

from app.domain.permissions import Role
from tests.integration.api.caller import Caller, new_order
from tests.integration.api.stripe_double import StripeDouble
from tests.integration.api.test_payments import event_of
from tests.integration.dashboards.pages import enter
from tests.support.ownership import OURS
from tests.support.prometheus import samples
from tests.support.spreadsheets import rows_of, sheet

NEW = "qqq"


@pytest.fixture
def adopted(erp: Caller, stripe: StripeDouble, paid: dict[str, Any]) -> str:
    """The id of a payment of 12,345 minor units, 345 of them refunded, beside one of 99.99 USD."""
    intent_id = f"pi_{time.time_ns()}"
    stripe.intents[intent_id] = {
        **stripe.intents[paid["payment_intent_id"]],
        "id": intent_id,
        "amount": 12345,
        "currency": NEW,
        "latest_charge": None,
        "metadata": {"order_id": new_order(), "customer_id": "customer-1", **OURS},
    }
    stripe.pay(intent_id)
    intent = stripe.intents[intent_id]
    assert erp.deliver(event_of("payment_intent.succeeded", intent)).status_code == 200
    refund = {
        "id": f"re_{time.time_ns()}",
        "object": "refund",
        "status": "succeeded",
        "amount": 345,
        "currency": NEW,
        "created": int(time.time()),
        "payment_intent": intent_id,
        "metadata": {},
        "charge": intent["latest_charge"]["id"],
    }
    stripe.refunds.append(refund)
    assert erp.deliver(event_of("refund.created", refund)).status_code == 200
    (payment,) = erp.ask("GET", f"?payment_intent_id={intent_id}").json["data"]
    assert (payment["status"], payment["currency"], payment["amount"]) == ("completed", NEW, None)
    return str(payment["id"])


def test_the_payment_is_answered_without_an_amount_in_major_units(erp: Caller, adopted: str) -> None:
    whole = erp.ask("GET", f"/{adopted}").json
    assert (whole["amount"], whole["amount_refunded"], whole["refund_status"]) == (None, None, "partial")
    assert [refund["amount"] for refund in whole["refunds"]] == [None]


@pytest.mark.usefixtures("adopted")
def test_the_api_has_null_for_its_money_and_counts_it_everywhere_else(erp: Caller) -> None:
    answer = erp.ask("GET", "/metrics?compare=previous", claims={"scope": "metrics:read"})
    assert answer.status_code == 200, answer.text
    assert answer.json["payments"]["completed"] == 2
    unknown, dollars = answer.json["volume"]
    assert unknown == {"currency": NEW, "gross": None, "refunded": None, "refund_failures": None, "net": None}
    assert (dollars["currency"], float(dollars["gross"])) == ("usd", 99.99)
    share = answer.json["refund_rate"]["by_amount"][0]
    assert share == {"currency": NEW, "refunded": None, "captured": None, "value": Decimal("0.027947")}


@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize("query", ["", "?currency=qqq", "?volume=qqq&compare=none"])
def test_the_overview_shows_minor_units_and_says_so(erp: Caller, query: str) -> None:
    page = enter(erp.app, Role.VIEWER).get(f"/dashboard{query}")
    assert page.status_code == 200, page.text
    row = re.search(r'id="volume-qqq".*?</tr>', page.text, re.DOTALL)
    assert row
    amounts = re.findall(r'class="money[^"]*"[^>]*>(?:<span>)?([^<]*)<', row[0])
    assert amounts == ["12,345 minor units", "345 minor units", "12,000 minor units"]
    sums = re.findall(r'class="sum"[^>]*>([^<]*)<', row[0])
    assert sums == ["345 minor units", "12,345 minor units"] and "2.8%" in row[0]
    if query:
        assert "Volume in QQQ" in page.text and "12,345 minor units QQQ" in page.text


@pytest.mark.usefixtures("adopted")
def test_files_have_the_minor_units_and_leave_the_others_empty(erp: Caller) -> None:
    finance = enter(erp.app, Role.FINANCE)
    (row,) = [r for r in rows_of(finance.get("/dashboard/volume.csv").text) if r["currency"] == NEW]
    assert [row[f"{name}_minor"] for name in ("gross", "refunded", "net")] == ["12345", "345", "12000"]
    assert [row[name] for name in ("gross", "refunded", "net")] == ["", "", ""]
    book = finance.get("/dashboard/figures.xlsx", buffered=True)
    assert book.status_code == 200 and len(sheet(book.data, 2)) == 3


@pytest.mark.usefixtures("adopted")
def test_prometheus_reads_the_figures_and_the_volume_of_the_others(erp: Caller) -> None:
    page = samples(erp.client.get("/metrics").text)
    assert page["scrape_error{source=figures}"] == 0
    assert page["payments{outcome=completed,window=1h}"] == 2
    assert page["volume{currency=usd,flow=gross,window=1h}"] == 99.99
    assert not [name for name in page if f"currency={NEW}" in name]
