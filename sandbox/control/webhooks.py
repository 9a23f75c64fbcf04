"""Control of webhook deliveries. README.md documents the bodies."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from sandbox.control.body import body
from sandbox.core.errors import missing
from sandbox.core.records import COMMAND_LINE_ENDPOINT, Endpoint
from sandbox.core.sandbox import Sandbox
from sandbox.core.store import Store
from sandbox.webhooks.deliveries import DeliverySettings, Dispatcher

_SETTINGS = {field.name for field in fields(DeliverySettings)}


class WebhookControl:
    """The control endpoints for webhook endpoints and deliveries."""

    def __init__(self, sandbox: Sandbox, dispatcher: Dispatcher) -> None:
        self._sandbox = sandbox
        self._dispatcher = dispatcher

    async def get_settings(self, _: web.Request) -> web.Response:
        """Settings, endpoints and counts; the secrets are included, because they are not real."""
        return web.json_response(self._state())

    async def put_settings(self, request: web.Request) -> web.Response:
        """Change some settings. ``url`` with ``secret`` or ``secrets`` sets the endpoint of the command line."""
        changes = await body(request)
        endpoint: dict[str, Any] = {
            name: changes.pop(name)
            for name in ("url", "secret", "secrets", "enabled_events", "enabled")
            if name in changes
        }
        if unknown := changes.keys() - _SETTINGS:
            raise ValueError(f"unknown setting: {min(unknown)}")
        if endpoint:
            self._set_endpoint(endpoint)
        self._dispatcher.configure(**changes)
        return web.json_response(self._state())

    async def hold(self, _: web.Request) -> web.Response:
        """Hold every delivery."""
        self._dispatcher.hold()
        return web.json_response(self._state())

    async def release(self, request: web.Request) -> web.Response:
        """Send the held deliveries: ``duplicate`` (factor), ``shuffle``, ``seed``."""
        options = await body(request)
        released = self._dispatcher.release(
            duplicate=float(options.get("duplicate", 1.0)),
            shuffle=bool(options.get("shuffle", False)),
            seed=options.get("seed"),
        )
        return web.json_response({"released": released})

    async def retry(self, _: web.Request) -> web.Response:
        """Make all waiting retries now."""
        return web.json_response({"retrying": self._dispatcher.retry_now()})

    async def drain(self, request: web.Request) -> web.Response:
        """Wait until no delivery is active, at most ``timeout`` seconds."""
        idle = await self._dispatcher.drain(float((await body(request)).get("timeout", 10)))
        return web.json_response({"idle": idle, **self._dispatcher.counts()})

    async def deliveries(self, request: web.Request) -> web.Response:
        """The latest deliveries with their attempts, newest first."""
        limit = int(request.query.get("limit", "100"))
        deliveries = self._dispatcher.deliveries(request.query.get("event"), limit)
        return web.json_response({"deliveries": [delivery.to_json() for delivery in deliveries]})

    async def resend(self, request: web.Request) -> web.Response:
        """Send one event again to every endpoint that subscribes to it."""
        event = self._sandbox.store.events.get(request.match_info["id"])
        if event is None:
            raise missing("event", request.match_info["id"], param="id")
        sent = self._dispatcher.resend(event)
        return web.json_response({"deliveries": [delivery.to_json() for delivery in sent]})

    def _set_endpoint(self, changes: dict[str, Any]) -> None:
        store = self._sandbox.store
        endpoint = store.endpoints.get(COMMAND_LINE_ENDPOINT) or _new_endpoint(store)
        secrets = changes.pop("secrets", None) or ([changes.pop("secret")] if "secret" in changes else None)
        changes.pop("secret", None)
        if secrets:
            endpoint.secrets = list(secrets)
        for name, value in changes.items():
            setattr(endpoint, name, value)
        if not endpoint.url or not endpoint.secrets:
            raise ValueError("a new endpoint requires url and secret")
        if endpoint.id not in store.endpoints.by_id:
            store.endpoints.add(endpoint)
        store.save(endpoint)

    def _state(self) -> dict[str, Any]:
        endpoints = [
            {
                "id": endpoint.id,
                "url": endpoint.url,
                "secrets": endpoint.secrets,
                "enabled": endpoint.enabled,
                "enabled_events": endpoint.enabled_events,
            }
            for endpoint in self._sandbox.store.endpoints.by_id.values()
        ]
        return {
            **asdict(self._dispatcher.settings),
            "held": self._dispatcher.held,
            "counts": self._dispatcher.counts(),
            "endpoints": endpoints,
        }


def _new_endpoint(store: Store) -> Endpoint:
    return Endpoint(id=COMMAND_LINE_ENDPOINT, created=store.now(), seq=store.next_seq())
