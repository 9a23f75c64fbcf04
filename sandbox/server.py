"""The process: state, the API, the control endpoints, webhooks, the data file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from sandbox import stripe_js
from sandbox.api.faults import Faults
from sandbox.api.pipeline import Api
from sandbox.api.request_log import RequestLog
from sandbox.control.routes import Control
from sandbox.core.persistence import Database
from sandbox.core.sandbox import Sandbox
from sandbox.core.settings import Settings
from sandbox.core.store import Store
from sandbox.webhooks import endpoints
from sandbox.webhooks.deliveries import Dispatcher
from sandbox.webhooks.event_log import EventLog

# Bytes of a body, which a file may be in.
_MAX_BODY = 16 << 20


def build(
    settings: Settings,
    *,
    seed: int | None = None,
    data: Path | None = None,
    webhook: tuple[str, list[str]] | None = None,
) -> web.Application:
    """The application. ``webhook`` is the URL and the signing secrets of an endpoint that exists from the start."""
    store = Store(seed)
    events = EventLog(store, settings)
    dispatcher = Dispatcher(store, events.mark_delivered, events.mark_failed)
    events.send = dispatcher.send
    sandbox = Sandbox(settings, store, events)
    database = Database(data, store) if data else None
    if database:
        database.load()
    if webhook:
        url, secrets = webhook
        endpoints.configure(store, url=url, secrets=secrets)
    faults, log = Faults(), RequestLog()
    api = Api(sandbox, faults, log)
    app = web.Application(client_max_size=_MAX_BODY)
    Control(sandbox, dispatcher, faults, log, database).register(app.router)
    stripe_js.register(app.router)
    app.router.add_route("*", "/v1", api.handle)
    app.router.add_route("*", "/v1/{rest:.*}", api.handle)

    async def run(_: web.Application) -> AsyncIterator[None]:
        await dispatcher.open()
        writing = asyncio.create_task(database.write_forever()) if database else None
        yield
        faults.clear()
        await dispatcher.close()
        if database and writing:
            await database.close(writing)

    app.cleanup_ctx.append(run)
    return app
