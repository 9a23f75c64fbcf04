"""Control of webhook deliveries. See README.md for bodies."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from sandbox.control.body import body
from sandbox.core.errors import missing
from sandbox.core.records import COMMAND_LINE_ENDPOINT, Endpoint
from sandbox.core.sandbox import Sandbox
from sandbox.core.store import Store
from sandbox.webhooks.deliveries import Courier, CourierSettings

_SETTINGS = {field.name for field in fields(CourierSettings)}


class WebhookControl:
    """The addresses about endpoints and deliveries."""

    def __init__(self, sandbox: Sandbox, courier: Courier) -> None:
        self._sandbox = sandbox
        self._courier = courier

    async def get_settings(self, _: web.Request) -> web.Response:
        """How deliveries are made, to where, and how many are under way; secrets are shown, being made up here."""
        return web.json_response(self._shown())

    async def put_settings(self, request: web.Request) -> web.Response:
        """Change some of it. ``url`` with ``secret`` or ``secrets`` sets the endpoint of the command line."""
        given = await body(request)
        endpoint: dict[str, Any] = {
            name: given.pop(name)
            for name in ("url", "secret", "secrets", "enabled_events", "enabled")
            if name in given
        }
        if unknown := given.keys() - _SETTINGS:
            raise ValueError(f"unknown setting: {min(unknown)}")
        if endpoint:
            self._set_endpoint(endpoint)
        self._courier.configure(**given)
        return web.json_response(self._shown())

    async def hold(self, _: web.Request) -> web.Response:
        """Let no delivery leave."""
        self._courier.hold()
        return web.json_response(self._shown())

    async def release(self, request: web.Request) -> web.Response:
        """Let everything go that is held: ``duplicate`` (factor), ``shuffle``, ``seed``."""
        given = await body(request)
        released = self._courier.release(
            duplicate=float(given.get("duplicate", 1.0)),
            shuffle=bool(given.get("shuffle", False)),
            seed=given.get("seed"),
        )
        return web.json_response({"released": released})

    async def retry(self, _: web.Request) -> web.Response:
        """Make all waiting retries at once."""
        return web.json_response({"retrying": self._courier.retry_now()})

    async def drain(self, request: web.Request) -> web.Response:
        """Wait until nothing is under way, at most ``timeout`` seconds."""
        idle = await self._courier.drain(float((await body(request)).get("timeout", 10)))
        return web.json_response({"idle": idle, **self._courier.counts()})

    async def deliveries(self, request: web.Request) -> web.Response:
        """The latest deliveries with their attempts, newest first."""
        limit = int(request.query.get("limit", "100"))
        found = self._courier.deliveries(request.query.get("event"), limit)
        return web.json_response({"deliveries": [delivery.shown() for delivery in found]})

    async def resend(self, request: web.Request) -> web.Response:
        """Send one event again to every endpoint that wants it."""
        event = self._sandbox.store.events.get(request.match_info["id"])
        if event is None:
            raise missing("event", request.match_info["id"], param="id")
        sent = self._courier.resend(event)
        return web.json_response({"deliveries": [delivery.shown() for delivery in sent]})

    def _set_endpoint(self, given: dict[str, Any]) -> None:
        store = self._sandbox.store
        endpoint = store.endpoints.get(COMMAND_LINE_ENDPOINT) or _new_endpoint(store)
        secrets = given.pop("secrets", None) or ([given.pop("secret")] if "secret" in given else None)
        given.pop("secret", None)
        if secrets:
            endpoint.secrets = list(secrets)
        for name, value in given.items():
            setattr(endpoint, name, value)
        if not endpoint.url or not endpoint.secrets:
            raise ValueError("a new endpoint wants url and secret")
        if endpoint.id not in store.endpoints.by_id:
            store.endpoints.add(endpoint)
        store.save(endpoint)

    def _shown(self) -> dict[str, Any]:
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
            **asdict(self._courier.settings),
            "held": self._courier.held,
            "counts": self._courier.counts(),
            "endpoints": endpoints,
        }


def _new_endpoint(store: Store) -> Endpoint:
    return Endpoint(id=COMMAND_LINE_ENDPOINT, created=store.now(), seq=store.next_seq())
