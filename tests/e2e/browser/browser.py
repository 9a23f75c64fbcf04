"""Contexts of Chromium whose every page is watched."""

from __future__ import annotations

from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize, WebError, expect

from app.domain.permissions import Role
from tests.integration.dashboards.browsing import email_of
from tests.support.passwords import PASSWORD
from tests.support.signed_in import signed_in

# Milliseconds for whatever a test waits for, on a machine that has other work too.
_PATIENCE = 20_000
expect.set_options(timeout=_PATIENCE)
DESK = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
# The narrowest screen on which nothing may need scrolling in two directions (WCAG 1.4.10).
NARROWEST = ViewportSize(width=320, height=844)


class Visitor:
    """Somebody at a browser of their own, with cookies and a theme of their own, in front of the server of ``app``.

    ``page`` is their tab. What no page may do is collected in ``faults``: errors and warnings on the console, scripts
    that fail, requests to another origin, answers of 500. An answer that a test asks for is named in ``expected``.
    """

    def __init__(self, browser: Browser, base_url: str, app: Flask, **options: Any) -> None:
        self.base_url = base_url
        self._app = app
        self.faults: list[str] = []
        self.expected: set[int] = set()
        options.setdefault("viewport", DESK)
        self.context: BrowserContext = browser.new_context(base_url=base_url, locale="en-GB", **options)
        self.context.set_default_timeout(_PATIENCE)
        self.context.on("console", self._console)
        self.context.on("weberror", self._script)
        self.context.on("request", self._request)
        self.page: Page = self.context.new_page()

    def enter(self, role: Role, then: str = "/") -> Page:
        """Open a page as the account that ``browsing.add`` made for the role, whose session has begun already."""
        cookie = signed_in(self._app, email_of(role)).get_cookie("paydesk_session")
        assert cookie is not None
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.base_url}])
        self.page.goto(then)
        return self.page

    def sign_in(self, role: Role) -> Page:
        """Sign in by the form, and go on to the start page."""
        self.page.goto("/login")
        self.page.get_by_label("E-mail").fill(email_of(role))
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/login" not in url)
        return self.page

    def close(self) -> None:
        self.context.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if not any(f"status of {status} " in message.text for status in self.expected):
            self.faults.append(f"{message.type} on the console of {message.page and message.page.url}: {message.text}")

    def _script(self, error: WebError) -> None:
        self.faults.append(f"a script failed: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.base_url}/", "data:", "blob:")):
            self.faults.append(f"a request to another origin: {request.url}")
