"""``/_sandbox/``: what tests and demos do that no client of Stripe could. README.md lists every address.

Bodies and answers are JSON; a wrong body is 400 ``{"error": "…"}``, an unknown id 404.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields

from aiohttp import web

from sandbox.api import faults as fault_module
from sandbox.api.faults import Faults
from sandbox.api.request_log import RequestLog
from sandbox.control import books, bulk
from sandbox.control import pages as page
from sandbox.control.body import body
from sandbox.control.payments import PaymentControl
from sandbox.control.webhooks import WebhookControl
from sandbox.core.errors import StripeError
from sandbox.core.persistence import Database
from sandbox.core.records import COMMAND_LINE_ENDPOINT
from sandbox.core.sandbox import Sandbox
from sandbox.core.settings import Settings
from sandbox.webhooks.deliveries import Courier

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SETTINGS = {field.name for field in fields(Settings)} - {"secret_key"}


class Control:
    """Every control address."""

    def __init__(
        self,
        sandbox: Sandbox,
        courier: Courier,
        faults: Faults,
        log: RequestLog,
        database: Database | None,
    ) -> None:
        self._sandbox = sandbox
        self._courier = courier
        self._faults = faults
        self._log = log
        self._database = database
        self._payments = PaymentControl(sandbox)
        self._webhooks = WebhookControl(sandbox, courier)

    def register(self, router: web.UrlDispatcher) -> None:
        """Add every address."""
        payments, webhooks = self._payments, self._webhooks
        addresses: list[tuple[str, str, Handler]] = [
            ("GET", "/", self.front_page),
            ("GET", "/health", self.health),
            ("POST", "/reset", self.reset),
            ("GET", "/settings", self.get_settings),
            ("PUT", "/settings", self.put_settings),
            ("PUT", "/latency", self.put_latency),
            ("PUT", "/clock", self.put_clock),
            ("DELETE", "/clock", self.delete_clock),
            ("GET", "/faults", self.get_faults),
            ("POST", "/faults", self.post_faults),
            ("DELETE", "/faults", self.delete_faults),
            ("GET", "/requests", self.get_requests),
            ("DELETE", "/requests", self.delete_requests),
            ("GET", "/books", self.get_books),
            ("POST", "/bulk", self.post_bulk),
            ("POST", "/payment_intents/{id}/pay", payments.pay),
            ("POST", "/payment_intents/{id}/three_d_secure", payments.three_d_secure),
            ("POST", "/payment_intents/{id}/process", payments.process),
            ("GET", "/three_d_secure/{id}", payments.challenge_page),
            ("POST", "/three_d_secure/{id}", payments.challenge_answer),
            ("POST", "/charges/{id}/dispute", payments.dispute_charge),
            ("POST", "/disputes", payments.dispute_intent),
            ("POST", "/disputes/{id}/close", payments.close_dispute),
            ("POST", "/refunds/{id}/settle", payments.settle_refund),
            ("GET", "/webhooks", webhooks.get_settings),
            ("PUT", "/webhooks", webhooks.put_settings),
            ("POST", "/webhooks/hold", webhooks.hold),
            ("POST", "/webhooks/release", webhooks.release),
            ("POST", "/webhooks/retry", webhooks.retry),
            ("POST", "/webhooks/drain", webhooks.drain),
            ("GET", "/webhooks/deliveries", webhooks.deliveries),
            ("POST", "/events/{id}/resend", webhooks.resend),
        ]
        for method, path, handler in addresses:
            router.add_route(method, f"/_sandbox{path}", _answering(handler))

    async def front_page(self, _: web.Request) -> web.Response:
        """What is here, and the latest payments with buttons."""
        return web.Response(text=page.front(self._sandbox), content_type="text/html")

    async def health(self, _: web.Request) -> web.Response:
        """That it runs, and how much it holds."""
        store = self._sandbox.store
        counts = {kind: len(collection) for kind, collection in store.collections().items()}
        return web.json_response({"ok": True, "objects": counts, "deliveries": self._courier.counts()})

    async def reset(self, _: web.Request) -> web.Response:
        """Forget everything but the command line's endpoint; faults, latency, clock, holds and the log go too."""
        store = self._sandbox.store
        await self._courier.forget()
        self._faults.clear()
        self._log.clear()
        kept = store.endpoints.get(COMMAND_LINE_ENDPOINT)
        store.clear()
        store.clock_offset = 0
        self._sandbox.settings.latency_ms = 0
        if self._database:
            await self._database.wipe()
        if kept:
            kept.seq = store.next_seq()
            store.endpoints.add(kept)
            store.save(kept)
        return web.json_response({"ok": True})

    async def get_settings(self, _: web.Request) -> web.Response:
        """All settings but the secret key."""
        shown = {name: value for name, value in asdict(self._sandbox.settings).items() if name in _SETTINGS}
        return web.json_response(shown)

    async def put_settings(self, request: web.Request) -> web.Response:
        """Change some settings."""
        given = await body(request)
        if unknown := given.keys() - _SETTINGS:
            raise ValueError(f"unknown setting: {min(unknown)}")
        for name, value in given.items():
            setattr(self._sandbox.settings, name, value)
        return await self.get_settings(request)

    async def put_latency(self, request: web.Request) -> web.Response:
        """Delay every API call."""
        self._sandbox.settings.latency_ms = int((await body(request))["ms"])
        return web.json_response({"ms": self._sandbox.settings.latency_ms})

    async def put_clock(self, request: web.Request) -> web.Response:
        """Move the ``created`` of what is made from now on, by an ``offset`` or to a ``now``, both in seconds.

        Deliveries are signed with the real time all the same.
        """
        given = await body(request)
        offset = given["now"] - int(time.time()) if "now" in given else given["offset"]
        return self._clock(int(offset))

    async def delete_clock(self, _: web.Request) -> web.Response:
        """Back to the present."""
        return self._clock(0)

    def _clock(self, offset: int) -> web.Response:
        self._sandbox.store.clock_offset = offset
        return web.json_response({"offset": offset, "now": self._sandbox.store.now()})

    async def get_faults(self, _: web.Request) -> web.Response:
        """The faults in force and how often each has struck."""
        return web.json_response({"faults": [fault.shown() for fault in self._faults.active]})

    async def post_faults(self, request: web.Request) -> web.Response:
        """Add one fault, or a list of them."""
        given = await request.json()
        wanted = [fault_module.read(item) for item in (given if isinstance(given, list) else [given])]
        self._faults.active.extend(wanted)
        return await self.get_faults(request)

    async def delete_faults(self, request: web.Request) -> web.Response:
        """Remove all faults and let go of what hangs."""
        self._faults.clear()
        return await self.get_faults(request)

    async def get_requests(self, request: web.Request) -> web.Response:
        """The latest API requests, oldest first, by part of the path and by method."""
        found = self._log.found(request.query.get("path"), request.query.get("method"))
        return web.json_response({"requests": found, "count": len(found)})

    async def delete_requests(self, _: web.Request) -> web.Response:
        """Empty the log."""
        self._log.clear()
        return web.json_response({"requests": [], "count": 0})

    async def get_books(self, request: web.Request) -> web.StreamResponse:
        """Every intent's totals, or with ``limit`` a page of them."""
        return await books.answer(self._sandbox.store, request)

    async def post_bulk(self, request: web.Request) -> web.Response:
        """Make many payments of the past, without deliveries."""
        given = await body(request)
        return web.json_response(await bulk.make(self._sandbox, bulk.Order.of(given)))


def _answering(handler: Handler) -> Handler:
    """The handler, with its errors as JSON."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except StripeError as error:
            return web.json_response({"error": error.message}, status=error.status)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    return answer
