"""A bank that asks on a page of its own: the customer leaves the shop, answers there, and comes back to the order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from pymongo.database import Database

from tests.e2e.frontend.conftest import Begin
from tests.e2e.frontend.shopper import Shopper
from tests.support.sandbox import SandboxProcess

PaidOnce = Callable[..., dict[str, Any]]
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("bank_with_a_page")]

THREE_D_SECURE = "4000002760003184"


@pytest.fixture
def bank_with_a_page(sandbox: SandboxProcess) -> Iterator[None]:
    sandbox.put("settings", {"redirect_to_bank": True})
    yield
    sandbox.put("settings", {"redirect_to_bank": False})


@pytest.fixture
def at_the_bank(shopper: Begin, sandbox: SandboxProcess) -> Callable[[], tuple[Shopper, str]]:
    """``jo, order = at_the_bank()``: a customer who has pressed Pay and was sent to the bank's page."""

    def begin() -> tuple[Shopper, str]:
        jo = shopper()
        order = jo.place_order()
        jo.open_order(order).to_card().pay(THREE_D_SECURE)
        jo.page.wait_for_url(f"{sandbox.base_url}/_sandbox/three_d_secure/*")
        return jo, order

    return begin


AtTheBank = Callable[[], tuple[Shopper, str]]


def test_authenticated_and_back_the_modal_goes_on_and_shows_paid(
    at_the_bank: AtTheBank, paid_once: PaidOnce
) -> None:
    jo, order = at_the_bank()
    jo.press("Complete")
    jo.sees("Payment received")
    expect(jo.modal).to_contain_text(f"$99.99 for order {order} was paid with the card ending in 3184.")
    # The address is the order's again: neither a reload nor a bookmark begins this anew, and no secret stays in it.
    assert parse_qs(urlsplit(jo.page.url).query) == {"order": [order]}
    jo.press("Done")
    jo.sees_order_paid()
    jo.page.reload()
    jo.sees_order_paid()
    expect(jo.modal).to_have_count(0)
    payment = paid_once(order)
    assert payment["three_d_secure"]["result"] == "authenticated"
    assert len(payment["attempts"]) == 1


@pytest.mark.parametrize("how", ["Fail authentication", "Cancel"])
def test_refused_at_the_bank_and_then_paid_with_another_card(
    at_the_bank: AtTheBank,
    paid_once: PaidOnce,
    sandbox: SandboxProcess,
    database: Database[dict[str, Any]],
    how: str,
) -> None:
    jo, order = at_the_bank()
    jo.press(how)
    jo.sees("Payment declined")
    expect(jo.modal.get_by_role("alert")).to_contain_text("The bank could not confirm that it is you.")
    sandbox.drain()
    (line,) = [line for line in sandbox.books() if line["metadata"].get("order_id") == order]
    assert (line["status"], line["amount_captured"]) == ("requires_payment_method", 0)
    (payment,) = database["payments"].find({"order_id": order})
    assert payment["status"] == "failed"
    jo.press("Try another card")
    jo.pay().sees("Payment received")
    jo.press("Done")
    jo.sees_order_paid()
    statuses = [attempt["status"] for attempt in paid_once(order)["attempts"]]
    assert statuses == ["failed", "succeeded"]


def test_back_without_an_answer_and_then_paid_with_another_card(
    at_the_bank: AtTheBank, paid_once: PaidOnce
) -> None:
    jo, order = at_the_bank()
    jo.open_order(order).to_card().pay().sees("Payment received")
    paid_once(order)


def test_back_while_the_answer_is_lost_and_the_webhook_completes_the_payment(
    at_the_bank: AtTheBank, paid_once: PaidOnce
) -> None:
    jo, order = at_the_bank()
    jo.expected.add("ERR_FAILED")
    jo.page.route("**/stripe/confirm", lambda route: route.abort())
    jo.press("Complete")
    jo.sees("Payment received")
    jo.page.unroute_all(behavior="wait")
    assert len(paid_once(order)["attempts"]) == 1


def test_a_made_up_way_back_shows_nothing_as_paid(
    shopper: Begin, sandbox: SandboxProcess, database: Database[dict[str, Any]]
) -> None:
    jo = shopper()
    order = jo.place_order()
    jo.open_order(order).to_card()
    (intent,) = sandbox.intents_of(order)
    secret = sandbox.stripe("GET", f"/v1/payment_intents/{intent}")["client_secret"]
    with jo.page.expect_response("**/stripe/confirm") as asked:
        jo.page.goto(
            f"{jo.base_url}/demo/?order={order}&paydesk_order={order}&payment_intent={intent}"
            f"&payment_intent_client_secret={secret}&redirect_status=succeeded"
        )
    assert asked.value.status == 409
    jo.sees("Checking your payment …")
    expect(jo.page.get_by_text("Unpaid", exact=True)).to_be_visible()
    (payment,) = database["payments"].find({"order_id": order})
    assert payment["status"] == "pending"
    assert sandbox.stripe("GET", f"/v1/payment_intents/{intent}")["status"] == "requires_payment_method"
