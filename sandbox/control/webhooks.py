"""Control of webhook deliveries. README.md documents the bodies."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from aiohttp import web

from sandbox.control.body import body
from sandbox.core.records import COMMAND_LINE_ENDPOINT
from sandbox.core.sandbox import Sandbox
from sandbox.resources.webhook_endpoints import check_events
from sandbox.versions.names import check as check_version
from sandbox.webhooks import endpoints
from sandbox.webhooks.deliveries import DeliverySettings, Dispatcher

_SETTINGS = {field.name for field in fields(DeliverySettings)}


@dataclass(frozen=True, slots=True)
class WebhookControl:
    """The control endpoints for webhook endpoints and deliveries."""

    sandbox: Sandbox
    dispatcher: Dispatcher

    async def get_settings(self, _: web.Request) -> web.Response:
        """Settings, endpoints and counts; the secrets are included, because they are not real."""
        return web.json_response(self._state())

    async def put_settings(self, request: web.Request) -> web.Response:
        """Change some settings. ``url`` with ``secret`` or ``secrets`` sets the endpoint of the command line."""
        changes = await body(request)
        secrets, secret = changes.pop("secrets", None), changes.pop("secret", None)
        endpoint: dict[str, Any] = {
            name: changes.pop(name) for name in ("url", "enabled_events", "enabled", "api_version") if name in changes
        }
        if endpoint.get("api_version") is not None:
            check_version(endpoint["api_version"])
        if "enabled_events" in endpoint:
            own = self.sandbox.store.endpoints.get(COMMAND_LINE_ENDPOINT)
            version = endpoint.get("api_version", own.api_version if own else None)
            check_events(endpoint["enabled_events"], version or self.sandbox.settings.api_version)
        if secrets or secret:
            endpoint["secrets"] = secrets or [secret]
        if unknown := changes.keys() - _SETTINGS:
            raise ValueError(f"unknown setting: {min(unknown)}")
        if endpoint:
            endpoints.configure(self.sandbox.store, **endpoint)
        self.dispatcher.configure(**changes)
        return web.json_response(self._state())

    async def hold(self, _: web.Request) -> web.Response:
        self.dispatcher.hold()
        return web.json_response(self._state())

    async def release(self, request: web.Request) -> web.Response:
        """Send the held deliveries: ``duplicate`` (factor), ``shuffle``, ``seed``."""
        options = await body(request)
        released = self.dispatcher.release(
            duplicate=float(options.get("duplicate", 1.0)),
            shuffle=bool(options.get("shuffle", False)),
            seed=options.get("seed"),
        )
        return web.json_response({"released": released})

    async def retry(self, _: web.Request) -> web.Response:
        return web.json_response({"retrying": self.dispatcher.retry_now()})

    async def drain(self, request: web.Request) -> web.Response:
        """Wait until no delivery is active, at most ``timeout`` seconds."""
        idle = await self.dispatcher.drain(float((await body(request)).get("timeout", 10)))
        return web.json_response({"idle": idle, **self.dispatcher.counts()})

    async def deliveries(self, request: web.Request) -> web.Response:
        """The latest deliveries with their attempts, newest first."""
        limit = int(request.query.get("limit", "100"))
        deliveries = self.dispatcher.deliveries(request.query.get("event"), limit)
        return web.json_response({"deliveries": [delivery.to_json() for delivery in deliveries]})

    async def resend(self, request: web.Request) -> web.Response:
        """Send one event again to every endpoint that subscribes to it."""
        event = self.sandbox.store.events.require(request.match_info["id"], param="id")
        sent = self.dispatcher.resend(event)
        return web.json_response({"deliveries": [delivery.to_json() for delivery in sent]})

    def _state(self) -> dict[str, Any]:
        names = ("id", "url", "secrets", "enabled", "enabled_events", "api_version")
        endpoints = [
            {name: getattr(endpoint, name) for name in names}
            for endpoint in self.sandbox.store.endpoints.by_id.values()
        ]
        return {
            **asdict(self.dispatcher.settings),
            "held": self.dispatcher.held,
            "counts": self.dispatcher.counts(),
            "endpoints": endpoints,
        }
