"""Signing in, as people do it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import expect

from app.domain.permissions import Role
from tests.e2e.browser.browser import Visitor
from tests.integration.dashboards import browsing
from tests.support.passwords import PASSWORD

Visit = Callable[..., Visitor]


def test_a_page_is_shown_after_signing_in_and_no_longer_after_signing_out(app: Flask, visit: Visit) -> None:
    browsing.add(app, Role.VIEWER)
    visitor = visit()
    page = visitor.page
    page.goto("/dashboard/payments?status=failed")
    expect(page).to_have_title("Sign in · Paydesk")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(browsing.email_of(Role.VIEWER))
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_title("Payments · Paydesk")
    assert page.url.endswith("/dashboard/payments?status=failed")
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    page.go_back()
    expect(page).to_have_title("Sign in · Paydesk")


def test_a_wrong_password_is_reported_at_once(app: Flask, visit: Visit) -> None:
    browsing.add(app, Role.VIEWER)
    visitor = visit()
    visitor.expected = {401}
    page = visitor.page
    page.goto("/login")
    page.get_by_label("E-mail").fill(browsing.email_of(Role.VIEWER))
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Incorrect e-mail or password")
    # The e-mail need not be entered again, and the password is not in the page.
    expect(page.get_by_label("E-mail")).to_have_value(browsing.email_of(Role.VIEWER))
    expect(page.get_by_label("Password")).to_have_value("")


def test_scripts_and_other_sites_cannot_reach_the_session_cookie(app: Flask, visit: Visit) -> None:
    browsing.add(app, Role.VIEWER)
    visitor = visit()
    page = visitor.sign_in(Role.VIEWER)
    (cookie,) = (one for one in visitor.context.cookies() if one["name"] == "paydesk_session")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert "paydesk_session" not in page.evaluate("document.cookie")


@pytest.mark.parametrize(("role", "sees"), [(Role.VIEWER, 0), (Role.FINANCE, 0), (Role.ADMIN, 4)])
def test_the_navigation_offers_what_the_role_may_open(app: Flask, visit: Visit, role: Role, sees: int) -> None:
    browsing.add(app, role)
    page = visit().enter(role)
    bar = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link")
    expect(bar.filter(has_text="Payments")).to_be_visible()
    expect(bar.filter(has_text=re.compile("Webhooks|Reconciliation|Users|Audit log"))).to_have_count(sees)
