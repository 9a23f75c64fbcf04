"""A customer at the demo shop: what is clicked and typed, and what must never happen meanwhile."""

from __future__ import annotations

from typing import Any

import requests
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    FrameLocator,
    Locator,
    Page,
    Request,
    WebError,
    expect,
)

# Enough for a machine that is busy with other tests; nothing is measured by it.
PATIENCE_MS = 60_000


class Shopper:
    """One browser window at the shop of ``base_url``.

    What may not happen is collected in ``faults``; what a test provokes on the console is named in ``expected``.
    """

    def __init__(self, browser: Browser, base_url: str, stripe_url: str, **options: Any) -> None:
        self._faults: list[str] = []
        # Chromium reports these answers as errors, but for the page they are the service's ordinary "not paid".
        self.expected: set[str] = {"status of 402", "status of 409"}
        self._origins = (f"{base_url}/", f"{stripe_url}/", "data:")
        self.base_url = base_url
        self.context = browser.new_context(locale="en-US", **options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("console", self._console)
        self.context.on("weberror", self._script)
        self.context.on("request", self._request)
        self.page: Page = self.context.new_page()

    @property
    def faults(self) -> list[str]:
        """What happened that should not have."""
        return [fault for fault in self._faults if not any(text in fault for text in self.expected)]

    @property
    def modal(self) -> Locator:
        return self.page.get_by_role("dialog", name="Card payment")

    @property
    def form(self) -> FrameLocator:
        """Stripe's card form."""
        return self.page.frame_locator('iframe[title*="payment input"]')

    @property
    def bank(self) -> FrameLocator:
        """The 3-D Secure dialog."""
        return self.page.frame_locator('iframe[name="stripe-challenge-frame"]')

    def place_order(self, product: str = "chair") -> str:
        """A new order, placed at the shop's server; its id."""
        answer = requests.post(
            f"{self.base_url}/demo/shop/orders", json={"product": product, "pieces": 1}, timeout=30
        )
        answer.raise_for_status()
        order: str = answer.json()["id"]
        return order

    def open_order(self, order: str) -> Shopper:
        self.page.goto(f"{self.base_url}/demo/?order={order}")
        return self

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def to_card(self) -> Shopper:
        """From the order's page to the card form."""
        self.press("Pay with Stripe")
        self.press("Continue to Payment")
        expect(self.pay_button).to_have_attribute("aria-disabled", "false", timeout=PATIENCE_MS)
        return self

    @property
    def pay_button(self) -> Locator:
        return self.modal.locator("button[type=submit]")

    def type_card(self, number: str = "4242424242424242") -> Shopper:
        self.form.get_by_label("Card number").fill(number)
        self.form.get_by_label("Expiration date").fill("12/34")
        self.form.get_by_label("Security code").fill("123")
        self.form.get_by_label("ZIP").fill("12345")
        return self

    def pay(self, number: str = "4242424242424242") -> Shopper:
        self.type_card(number)
        self.pay_button.click()
        return self

    def sees(self, heading: str) -> Shopper:
        expect(self.modal.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE_MS)
        return self

    def sees_order_paid(self) -> None:
        """The order's page, by the word of the shop's server."""
        expect(self.page.get_by_text("Paid", exact=True)).to_be_visible(timeout=PATIENCE_MS)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._faults.append(f"{message.type} on the console: {message.text}")

    def _script(self, error: WebError) -> None:
        self._faults.append(f"a script failed: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self._origins):
            self._faults.append(f"a request to another origin: {request.url}")
