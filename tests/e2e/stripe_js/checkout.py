"""The shop's page, open in a browser, and what a customer does on it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import BrowserContext, ConsoleMessage, FrameLocator, Locator, Page, Request, WebError, expect

from tests.e2e.stripe_js.page_server import PageServer

KEY = "pk_test_checkout"
# How long a busy machine may take for one step; a test that passes waits no longer than it must.
PATIENCE_MS = 30_000
_FIELDS = 'iframe[title*="payment input"]'
Json = dict[str, Any]


class Checkout:
    """One customer at the page. ``asked`` is the query of page.html:

    ``appearance`` is a theme with some changes, ``element`` is "card" for a Card Element, ``redirect`` that of
    confirmPayment; ``deferred``, ``loose`` and ``method`` may be anything: Elements without a client secret, React
    without StrictMode, a payment method first and then a payment with it.

    What may not happen is collected in ``faults``; what a test provokes on the console is named in ``expected``.
    """

    def __init__(self, context: BrowserContext, shop: PageServer, intent: Json | None, **asked: str) -> None:
        self._faults: list[str] = []
        self.expected: set[str] = set()
        self.requests: list[Request] = []
        self.shop = shop
        self.context = context
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", self._console)
        context.on("weberror", self._script)
        context.on("request", self._request)
        self.page: Page = context.new_page()
        query = {"key": KEY, **({"secret": intent["client_secret"]} if intent else {}), **asked}
        self.page.goto(f"{shop.url}/page.html?{urlencode(query)}")

    @property
    def faults(self) -> list[str]:
        """What happened that should not have."""
        return [fault for fault in self._faults if not any(text in fault for text in self.expected)]

    @property
    def form(self) -> FrameLocator:
        """The Element's frame."""
        return self.page.frame_locator(_FIELDS)

    @property
    def bank(self) -> FrameLocator:
        """The 3-D Secure dialog's frame."""
        return self.page.frame_locator('iframe[name="stripe-challenge-frame"]')

    def field(self, label: str) -> Locator:
        """A field of the form, by its label."""
        return self.form.get_by_label(label)

    def fill(
        self, number: str = "4242424242424242", expiry: str = "12/34", cvc: str = "123", postal: str = "12345"
    ) -> Checkout:
        """Fill in the card form."""
        self.field("Card number").fill(number)
        self.field("Expiration date").fill(expiry)
        self.field("Security code").fill(cvc)
        self.field("ZIP").fill(postal)
        return self

    def press_pay(self) -> None:
        self.page.get_by_role("button", name="Pay").click()

    def result(self) -> Json:
        """What Stripe.js answered."""
        result = self.page.locator("#result")
        expect(result).not_to_be_empty()
        return json.loads(result.text_content() or "")

    def pay(self, number: str = "4242424242424242", **card: str) -> Json:
        """Fill in a card, pay, and wait for the answer."""
        self.fill(number, **card).press_pay()
        return self.result()

    def ask(self, call: str, *given: Any) -> Json:
        """What a call on the Stripe object answers, such as ``retrievePaymentIntent``."""
        script = "async ([call, given]) => (await window.stripe)[call](...given)"
        return self.page.evaluate(script, [call, list(given)])

    def events(self, name: str) -> Locator:
        """What the Element reported under a name: each the type of the Element, and the code of an error."""
        return self.page.locator(f"#events .{name}")

    def calls(self, path: str) -> list[Request]:
        """The requests whose address has this path in it."""
        return [request for request in self.requests if path in request.url]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._faults.append(f"{message.type} on the console: {message.text}")

    def _script(self, error: WebError) -> None:
        self._faults.append(f"a script failed: {error.error}")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((f"{self.shop.url}/", f"{self.shop.sandbox_url}/", "data:")):
            self._faults.append(f"a request to another origin: {request.url}")
