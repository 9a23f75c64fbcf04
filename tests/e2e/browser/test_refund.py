"""Refunding from the page, in a browser: two steps, and one refund however the buttons are pressed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from pymongo.database import Database

from app.domain.permissions import Role
from tests.e2e.browser.browser import Visitor
from tests.integration.dashboards import browsing
from tests.integration.dashboards.pages import paid
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]
Visit = Callable[..., Visitor]


@pytest.fixture
def payment(app: Flask, sandbox: SandboxProcess) -> Iterator[Any]:
    """A payment of 19.99 USD, and somebody who may refund it. All that Stripe says is heard before the test ends."""
    browsing.add(app, Role.FINANCE)
    yield paid(app, sandbox)
    sandbox.drain()


def begin(page: Page, payment: Any) -> None:
    """From the payment to the form."""
    page.goto(f"/dashboard/payments/{payment.payment_id}")
    page.get_by_role("link", name="Refund", exact=True).click()
    expect(page.get_by_text("Step 1 of 2")).to_be_visible()


def review_part(page: Page, amount: str) -> None:
    page.get_by_label("Partial amount").check()
    page.get_by_label("Amount in USD").fill(amount)
    page.get_by_label("Reason", exact=True).fill("Arrived damaged")
    page.get_by_label("Internal notes").fill("Spoke on the phone")
    page.get_by_role("button", name="Review refund").click()


def refunded(database: Mongo, sandbox: SandboxProcess, payment: Any) -> tuple[int, int, int]:
    """How many refunds we have, what they come to, and what Stripe gave back; in cents."""
    found = database["payments"].find_one({"payment_intent_id": payment.payment_intent_id})
    sums = sum(refund["amount"] for refund in found["refunds"])
    return len(found["refunds"]), sums, sandbox.refunded(payment.payment_intent_id)


def test_part_is_refunded_in_two_steps(visit: Visit, payment: Any, database: Mongo, sandbox: SandboxProcess) -> None:
    page = visit().enter(Role.FINANCE)
    begin(page, payment)
    review_part(page, "12.50")
    expect(page.get_by_role("heading", name="Refund 12.50 USD?")).to_be_visible()
    expect(page.get_by_text("7.49 USD")).to_be_visible()
    assert refunded(database, sandbox, payment) == (0, 0, 0), "nothing is done before the second step"
    page.get_by_role("button", name="Refund 12.50 USD").click()
    expect(page.get_by_role("status")).to_contain_text("Refund of 12.50 USD")
    row = page.get_by_role("region", name="Refunds").get_by_role("row").nth(1)
    for expected in ("12.50 USD", "Arrived damaged", "Spoke on the phone", browsing.email_of(Role.FINANCE)):
        expect(row).to_contain_text(expected)
    assert refunded(database, sandbox, payment) == (1, 1250, 1250)
    logged = list(database["audit_entries"].find({"action": {"$regex": "^refund"}}).sort("_id", 1))
    assert [entry["action"] for entry in logged] == ["refund.requested", "refund.answered"]
    assert {entry["actor"] for entry in logged} == {browsing.email_of(Role.FINANCE)}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_pressing_twice_reloading_and_going_back_make_one_refund(
    visit: Visit, payment: Any, database: Mongo, sandbox: SandboxProcess, scripts: bool
) -> None:
    page = visit(java_script_enabled=scripts).enter(Role.FINANCE)
    begin(page, payment)
    form = page.url
    review_part(page, "5")
    page.get_by_role("button", name="Refund 5.00 USD").dblclick()
    expect(page.get_by_role("status")).to_contain_text("5.00 USD")
    page.reload()
    assert refunded(database, sandbox, payment) == (1, 500, 500)
    # Back to the second step, reloaded there, and back to the first.
    for move in (page.go_back, page.reload, page.go_back):
        move()
        expect(page.get_by_role("heading", name="This form was already sent")).to_be_visible()
        expect(page.get_by_text("Refund of 5.00 USD: succeeded.")).to_be_visible()
    assert page.url == form
    assert refunded(database, sandbox, payment) == (1, 500, 500)


def test_two_tabs_with_the_same_form_make_one_refund(
    visit: Visit, payment: Any, database: Mongo, sandbox: SandboxProcess
) -> None:
    visitor = visit()
    page = visitor.enter(Role.FINANCE)
    begin(page, payment)
    other = visitor.context.new_page()
    other.goto(page.url)
    for tab in (page, other):
        review_part(tab, "5")
        expect(tab.get_by_role("heading", name="Refund 5.00 USD?")).to_be_visible()
    for tab in (page, other):
        tab.get_by_role("button", name="Refund 5.00 USD").click()
        expect(tab.get_by_role("status")).to_contain_text("5.00 USD")
    assert refunded(database, sandbox, payment) == (1, 500, 500)


def test_a_wrong_amount_is_reported_at_its_field_and_nothing_is_lost(
    visit: Visit, payment: Any, database: Mongo, sandbox: SandboxProcess
) -> None:
    visitor = visit()
    visitor.expected = {409, 422}
    page = visitor.enter(Role.FINANCE)
    begin(page, payment)
    for amount, message in (("20", "19.99 USD"), ("1.234", "decimal"), ("ten", "amount")):
        review_part(page, amount)
        field = page.get_by_label("Amount in USD")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_value(amount)
        expect(page.locator("#amount-error, .field .error").first).to_contain_text(message)
        expect(page.get_by_label("Internal notes")).to_have_value("Spoke on the phone")
    assert refunded(database, sandbox, payment) == (0, 0, 0)


def test_a_lost_answer_is_reported_and_completed_by_a_retry(
    visit: Visit, payment: Any, database: Mongo, sandbox: SandboxProcess
) -> None:
    sandbox.hold_webhooks()
    visitor = visit()
    visitor.expected = {503}
    page = visitor.enter(Role.FINANCE)
    begin(page, payment)
    review_part(page, "5")
    sandbox.fault(effect="answer_lost", match={"method": "POST", "path": "^/v1/refunds$"})
    page.get_by_role("button", name="Refund 5.00 USD").click()
    expect(page.get_by_role("heading", name="The outcome of the refund is open")).to_be_visible()
    sandbox.delete("faults")
    page.get_by_role("button", name="Retry this refund").click()
    expect(page.get_by_role("status")).to_contain_text("5.00 USD")
    assert refunded(database, sandbox, payment) == (1, 500, 500)
    sandbox.release_webhooks()
