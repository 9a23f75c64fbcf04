"""Webhook deliveries: signed, retried with growing pauses, and finally abandoned.

Source: docs.stripe.com/webhooks; facts §2. Attempts and signatures carry the real time, even when the sandbox's
clock has been moved.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp

from sandbox.core.records import Endpoint, Event
from sandbox.core.store import Store
from sandbox.webhooks import signatures
from sandbox.webhooks.endpoints import subscribers
from sandbox.webhooks.rendering import event as rendered_event

_KEPT = 20_000
_EXCERPT = 500
# Shorter than servers keep idle connections open, so that none is closed while it is reused.
_KEEPALIVE_SECONDS = 1.0


@dataclass(slots=True)
class DeliverySettings:
    """How deliveries are made. ``duplicate`` is how often each event is sent: 1.2 sends every fifth one twice.

    ``jitter_ms`` is the maximum random delay of a first attempt. A delivery fails after ``max_attempts`` or
    ``give_up_after_s``, whichever comes first; the pauses between attempts are ``base_backoff_ms`` * 2^n.
    """

    base_backoff_ms: int = 1000
    max_backoff_ms: int = 3_600_000
    max_attempts: int = 16
    give_up_after_s: int = 3 * 86400
    timeout_ms: int = 20_000
    concurrency: int = 16
    duplicate: float = 1.0
    jitter_ms: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST: its time, its response and its duration. ``status`` is None when there was no response."""

    at: float
    status: int | None
    error: str | None
    duration_ms: float
    body: str


@dataclass(slots=True, eq=False)
class Delivery:
    """One event on its way to one endpoint. ``state``: queued, held, waiting (to retry), succeeded, failed."""

    id: int
    event: Event
    endpoint: Endpoint
    begun: float
    state: str = "queued"
    attempts: list[Attempt] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {
            "id": self.id,
            "event": self.event.id,
            "type": self.event.type,
            "object": self.event.object_id,
            "endpoint": self.endpoint.id,
            "url": self.endpoint.url,
            "state": self.state,
            "attempts": [asdict(attempt) for attempt in self.attempts],
        }


class Dispatcher:
    """Sends events. While ``held`` it sends nothing; ``release`` sends everything, shuffled on request."""

    def __init__(
        self, store: Store, on_delivered: Callable[[Event, str], None], on_failed: Callable[[Event, str], None]
    ) -> None:
        self.settings = DeliverySettings()
        self.held = False
        self._store = store
        self._on_delivered = on_delivered
        self._on_failed = on_failed
        self._held: list[Delivery] = []
        self._recent: deque[Delivery] = deque(maxlen=_KEPT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._retry_signal = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._random = random.Random(store.seed)
        self._session: aiohttp.ClientSession | None = None
        self._count = 0

    async def open(self) -> None:
        """Open the HTTP session, and resume what an earlier process had not delivered."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for key in list(self._store.undelivered.keys):
            event = self._store.events.by_id[key[2]]
            for endpoint_id in event.pending:
                endpoint = self._store.endpoints.get(endpoint_id)
                if endpoint is not None:
                    self._enqueue(event, endpoint)

    async def close(self) -> None:
        """Stop; undelivered events stay pending."""
        await self.cancel_all()
        if self._session is not None:
            await self._session.close()

    async def cancel_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._held.clear()
        self._recent.clear()
        self.held = False

    def send(self, event: Event, endpoint: Endpoint) -> None:
        """Send an event as often as ``duplicate`` says."""
        factor = self.settings.duplicate
        copies = int(factor) + (self._random.random() < factor - int(factor))
        for _ in range(max(copies, 1)):
            self._enqueue(event, endpoint)

    def resend(self, event: Event) -> list[Delivery]:
        """Send an event to every endpoint that subscribes to it, regardless of earlier deliveries."""
        snapshot = json.loads(event.data)["object"]
        endpoints = subscribers(self._store, event.type, snapshot, event.api_version, event.account)
        return [self._enqueue(event, endpoint) for endpoint in endpoints]

    def hold(self) -> None:
        """Send nothing from now on; retries are held when their pause is over."""
        self.held = True

    def release(self, *, duplicate: float = 1.0, shuffle: bool = False, seed: int | None = None) -> int:
        """Send the held deliveries, some of them several times, shuffled on request. Returns their number."""
        self.held = False
        rng = random.Random(seed)
        waiting, self._held = self._held, []
        for delivery in list(waiting):
            extra = int(duplicate) - 1 + (rng.random() < duplicate - int(duplicate))
            waiting.extend(self._new(delivery.event, delivery.endpoint) for _ in range(extra))
        if shuffle:
            rng.shuffle(waiting)
        for delivery in waiting:
            self._start(delivery)
        return len(waiting)

    def retry_now(self) -> int:
        """End the pauses of all waiting retries. Returns their number."""
        waiting = sum(delivery.state == "waiting" for delivery in self._recent)
        self._retry_signal.set()
        self._retry_signal = asyncio.Event()
        return waiting

    def configure(self, **changes: Any) -> None:
        """Change the settings; unknown names raise AttributeError."""
        for name, value in changes.items():
            setattr(self.settings, name, value)
        self._slots.clear()

    async def drain(self, within: float) -> bool:
        """Wait until nothing is being sent or retried; False when that takes longer than ``within`` seconds."""
        try:
            await asyncio.wait_for(self._idle.wait(), within)
        except TimeoutError:
            return False
        return True

    def counts(self) -> dict[str, int]:
        """The number of active deliveries (including retries) and of held ones."""
        return {"active": len(self._tasks), "held": len(self._held)}

    def deliveries(self, event_id: str | None, limit: int) -> list[Delivery]:
        """The latest deliveries, newest first, all or of one event."""
        latest = reversed(self._recent)
        return [delivery for delivery in latest if event_id in (None, delivery.event.id)][:limit]

    def _new(self, event: Event, endpoint: Endpoint) -> Delivery:
        self._count += 1
        delivery = Delivery(self._count, event, endpoint, time.monotonic())
        self._recent.append(delivery)
        return delivery

    def _enqueue(self, event: Event, endpoint: Endpoint) -> Delivery:
        delivery = self._new(event, endpoint)
        if self.held:
            self._hold(delivery)
        else:
            self._start(delivery)
        return delivery

    def _hold(self, delivery: Delivery) -> None:
        delivery.state = "held"
        self._held.append(delivery)

    def _start(self, delivery: Delivery) -> None:
        delivery.state = "queued"
        task = asyncio.get_running_loop().create_task(self._run(delivery))
        self._tasks.add(task)
        self._idle.clear()
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._idle.set()

    async def _run(self, delivery: Delivery) -> None:
        if self.settings.jitter_ms:
            await asyncio.sleep(self._random.random() * self.settings.jitter_ms / 1000)
        while True:
            if delivery.endpoint.id not in self._store.endpoints.by_id or not delivery.endpoint.enabled:
                break
            if not await self._attempt(delivery):
                return
            last = delivery.attempts[-1]
            if last.status is not None and 200 <= last.status < 300:
                delivery.state = "succeeded"
                self._on_delivered(delivery.event, delivery.endpoint.id)
                return
            count = len(delivery.attempts)
            age = time.monotonic() - delivery.begun
            if count >= self.settings.max_attempts or age >= self.settings.give_up_after_s:
                break
            delivery.state = "waiting"
            pause = min(self.settings.base_backoff_ms * 2 ** (count - 1), self.settings.max_backoff_ms) / 1000
            await self._pause(pause)
        delivery.state = "failed"
        self._on_failed(delivery.event, delivery.endpoint.id)

    async def _attempt(self, delivery: Delivery) -> bool:
        """Make one attempt when the endpoint has a free slot; False when deliveries are held meanwhile."""
        slot = self._slots.setdefault(delivery.endpoint.id, asyncio.Semaphore(self.settings.concurrency))
        async with slot:
            if self.held:
                self._hold(delivery)
                return False
            delivery.attempts.append(await self._post(delivery))
        return True

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._retry_signal.wait(), seconds)

    async def _post(self, delivery: Delivery) -> Attempt:
        if self._session is None:
            raise RuntimeError("the dispatcher is not open")
        body = json.dumps(rendered_event(delivery.event, delivery.endpoint.api_version)).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signatures.header(body, delivery.endpoint.secrets, int(time.time())),
        }
        begun, at = time.perf_counter(), time.time()
        status, error, text = None, None, ""
        try:
            async with self._session.post(
                delivery.endpoint.url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self.settings.timeout_ms / 1000),
            ) as response:
                status = response.status
                text = (await response.content.read(_EXCERPT)).decode("utf-8", "replace")
        except TimeoutError:
            error, status = "timeout", None
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            error, status = f"{type(failure).__name__}: {failure}", None
        return Attempt(at, status, error, round((time.perf_counter() - begun) * 1000, 1), text)
