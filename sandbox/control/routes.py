"""``/_sandbox/``: what tests and demos can do that no client of Stripe could. README.md lists every endpoint.

Bodies and responses are JSON; an invalid body is 400 ``{"error": "…"}``, an unknown id 404.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, fields

from aiohttp import web

from sandbox.api.faults import Faults, parse_fault
from sandbox.api.permissions import RIGHTS
from sandbox.api.request_log import RequestLog
from sandbox.control import books, bulk, pages
from sandbox.control.body import body
from sandbox.control.foreign import ForeignControl
from sandbox.control.payments import PaymentControl
from sandbox.control.payouts import PayoutControl
from sandbox.control.radar import RadarControl
from sandbox.control.webhooks import WebhookControl
from sandbox.core.errors import StripeError
from sandbox.core.persistence import Database
from sandbox.core.records import COMMAND_LINE_ENDPOINT
from sandbox.core.sandbox import Sandbox
from sandbox.core.settings import Settings
from sandbox.versions.names import check as check_version
from sandbox.webhooks.deliveries import Dispatcher

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SETTINGS = {field.name for field in fields(Settings)} - {"secret_key"}


@dataclass(frozen=True, slots=True)
class Control:
    """Every control endpoint."""

    sandbox: Sandbox
    dispatcher: Dispatcher
    faults: Faults
    log: RequestLog
    database: Database | None

    def register(self, router: web.UrlDispatcher) -> None:
        payments, webhooks = PaymentControl(self.sandbox), WebhookControl(self.sandbox, self.dispatcher)
        foreign, radar = ForeignControl(self.sandbox), RadarControl(self.sandbox)
        payouts = PayoutControl(self.sandbox)
        handlers: list[tuple[str, str, Handler]] = [
            ("GET", "/", self.overview_page),
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
            ("POST", "/foreign", foreign.pay),
            ("POST", "/events", foreign.emit),
            ("POST", "/charges/{id}/fraud_warning", radar.warn),
            ("POST", "/fraud_warnings", radar.warn),
            ("POST", "/charges/{id}/review", radar.open_review),
            ("POST", "/reviews", radar.open_review),
            ("POST", "/reviews/{id}/close", radar.close_review),
            ("POST", "/payouts", payouts.pay_out),
            ("POST", "/payouts/{id}/proceed", payouts.proceed),
            ("GET", "/webhooks", webhooks.get_settings),
            ("PUT", "/webhooks", webhooks.put_settings),
            ("POST", "/webhooks/hold", webhooks.hold),
            ("POST", "/webhooks/release", webhooks.release),
            ("POST", "/webhooks/retry", webhooks.retry),
            ("POST", "/webhooks/drain", webhooks.drain),
            ("GET", "/webhooks/deliveries", webhooks.deliveries),
            ("POST", "/events/{id}/resend", webhooks.resend),
        ]
        for method, path, handler in handlers:
            router.add_route(method, f"/_sandbox{path}", _with_json_errors(handler))

    async def overview_page(self, _: web.Request) -> web.Response:
        """The overview page: the endpoints, and the latest payments with buttons."""
        return web.Response(text=pages.overview(self.sandbox), content_type="text/html")

    async def health(self, _: web.Request) -> web.Response:
        """The numbers of objects and deliveries."""
        store = self.sandbox.store
        counts = {kind: len(collection) for kind, collection in store.collections().items()}
        return web.json_response({"ok": True, "objects": counts, "deliveries": self.dispatcher.counts()})

    async def reset(self, _: web.Request) -> web.Response:
        """Remove everything but the command line's endpoint, including faults, latency, clock, holds and the log."""
        store = self.sandbox.store
        await self.dispatcher.cancel_all()
        self.faults.clear()
        self.log.clear()
        endpoint = store.endpoints.get(COMMAND_LINE_ENDPOINT)
        store.clear()
        store.clock_offset = 0
        self.sandbox.settings.latency_ms = 0
        if self.database:
            await self.database.wipe()
        if endpoint:
            endpoint.seq = store.next_seq()
            store.endpoints.add(endpoint)
            store.save(endpoint)
        return web.json_response({"ok": True})

    async def get_settings(self, _: web.Request) -> web.Response:
        """All settings but the secret key."""
        settings = asdict(self.sandbox.settings)
        return web.json_response({name: settings[name] for name in settings if name in _SETTINGS})

    async def put_settings(self, request: web.Request) -> web.Response:
        changes = await body(request)
        if unknown := changes.keys() - _SETTINGS:
            raise ValueError(f"unknown setting: {min(unknown)}")
        if "api_version" in changes:
            check_version(changes["api_version"])
        for rights in changes.get("restricted_keys", {}).values():
            if unknown := set(rights) - RIGHTS:
                raise ValueError(f"unknown right: {min(unknown)}")
        for name, value in changes.items():
            setattr(self.sandbox.settings, name, value)
        return await self.get_settings(request)

    async def put_latency(self, request: web.Request) -> web.Response:
        """Delay every API call."""
        self.sandbox.settings.latency_ms = int((await body(request))["ms"])
        return web.json_response({"ms": self.sandbox.settings.latency_ms})

    async def put_clock(self, request: web.Request) -> web.Response:
        """Move the clock that sets ``created``, by an ``offset`` or to a ``now``, both in seconds.

        Signatures of deliveries keep the real time.
        """
        content = await body(request)
        offset = content["now"] - int(time.time()) if "now" in content else content["offset"]
        return self._clock(int(offset))

    async def delete_clock(self, _: web.Request) -> web.Response:
        """Back to the present."""
        return self._clock(0)

    def _clock(self, offset: int) -> web.Response:
        self.sandbox.store.clock_offset = offset
        return web.json_response({"offset": offset, "now": self.sandbox.store.now()})

    async def get_faults(self, _: web.Request) -> web.Response:
        """The active faults and how often each has struck."""
        return web.json_response({"faults": [fault.to_json() for fault in self.faults.active]})

    async def post_faults(self, request: web.Request) -> web.Response:
        content = await request.json()
        faults = [parse_fault(item) for item in (content if isinstance(content, list) else [content])]
        self.faults.active.extend(faults)
        return await self.get_faults(request)

    async def delete_faults(self, request: web.Request) -> web.Response:
        """Remove all faults and end the requests that hang."""
        self.faults.clear()
        return await self.get_faults(request)

    async def get_requests(self, request: web.Request) -> web.Response:
        """The latest API requests, oldest first, by part of the path and by method."""
        entries = self.log.entries(request.query.get("path"), request.query.get("method"))
        return web.json_response({"requests": entries, "count": len(entries)})

    async def delete_requests(self, _: web.Request) -> web.Response:
        self.log.clear()
        return web.json_response({"requests": [], "count": 0})

    async def get_books(self, request: web.Request) -> web.StreamResponse:
        """The totals of every intent, or a page of them with ``limit``."""
        return await books.stream(self.sandbox.store, request)

    async def post_bulk(self, request: web.Request) -> web.Response:
        """Create many payments of the past, without deliveries."""
        request_body = bulk.BulkRequest.from_json(await body(request))
        return web.json_response(await bulk.create_payments(self.sandbox, request_body))


def _with_json_errors(handler: Handler) -> Handler:
    """The handler, with its errors as JSON."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except StripeError as error:
            return web.json_response({"error": error.message}, status=error.status)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    return handle
