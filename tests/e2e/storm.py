"""A service under a storm of webhooks: gunicorn, a sandbox of its own, and the ERP that goes on ordering meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pymongo
import requests

from app.factory import create_app
from app.models import connection
from app.models.indexes import create_indexes
from app.services.webhooks.inbox import WebhookInbox
from config import Settings
from tests.integration.flows.erp import Erp, new_order, until
from tests.support import judge, load, tokens
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer
from tests.support.webhooks import WEBHOOK_PATH
from tooling.process import free_port, port_is_free

Rows = Mapping[str, Mapping[str, Any]]


@dataclass
class Acknowledged:
    """What the API promised with a 2xx while the ERP was ordering."""

    intents: dict[str, str] = field(default_factory=dict)
    refunds: dict[str, str] = field(default_factory=dict)
    # Refunds without an answer: the payment, its intent, and the key under which the ERP asks again.
    unanswered: list[tuple[str, str, str]] = field(default_factory=list)
    failures: int = 0


class Storm:
    """One run. ``settings`` is what the servers of this run are started with."""

    def __init__(self, settings: Settings, mongodb_uri: str, folder: Path, *, seed: int) -> None:
        port = free_port()
        self.folder = folder
        self.chance = random.Random(seed)
        self.sandbox = SandboxProcess(
            folder,
            webhook_url=f"http://127.0.0.1:{port}{WEBHOOK_PATH}",
            webhook_secret=settings.stripe_webhook_secret[0],
        )
        self.sandbox.wait()
        self.settings = replace(
            settings,
            port=port,
            mongodb_uri=mongodb_uri,
            stripe_api_base=self.sandbox.base_url,
            # What is tested has no use for one line for each request, and writing it costs as much as a request.
            log_level="WARNING",
        )
        self.released = 0
        self.server: LiveServer | None = None
        connection.connect(mongodb_uri)
        create_indexes()
        # Retries as Stripe makes them, in doubling pauses, but of a tenth of a second instead of hours.
        self.sandbox.put(
            "webhooks", {"base_backoff_ms": 100, "max_backoff_ms": 1000, "max_attempts": 500, "timeout_ms": 10_000}
        )
        self.sandbox.hold_webhooks()

    def serve(self) -> LiveServer:
        """Start gunicorn with two workers, or start it again, and wait until it answers."""
        self.server = LiveServer(self.settings, self.folder / "gunicorn.log", workers=2)
        self.server.wait()
        return self.server

    def crash_server(self) -> None:
        """Kill the master and its workers at one moment."""
        assert self.server is not None
        self.server.crash()
        wait_until(lambda: port_is_free(self.settings.port))

    def make_events(self, count: int) -> None:
        """At least ``count`` events of payments of every kind, some of another application; all are held."""
        number = 0
        while self.sandbox.get("health")["objects"]["event"] < count:
            for _ in range(20):
                number += 1
                order = None if number % 25 == 0 else f"storm-{number}"
                load.live(self.sandbox, load.new_intent(self.sandbox, order), self.chance)

    def release(self, duplicate: float) -> None:
        """Let all held events go, shuffled."""
        answer = self.sandbox.post(
            "webhooks/release", {"duplicate": duplicate, "shuffle": True, "seed": self.chance.randrange(1000)}
        )
        self.released = answer["released"]

    @property
    def under_way(self) -> int:
        """Deliveries that no 2xx has ended yet."""
        return int(self.sandbox.get("health")["deliveries"]["active"])

    def each_time(self, times: int, strike: Callable[[int], None]) -> None:
        """Call ``strike`` at random moments of the storm, all of them before its last tenth."""
        moments = sorted(self.chance.sample(range(int(self.released * 0.1), self.released), times), reverse=True)
        for number, left in enumerate(moments):
            wait_until(lambda left=left: self.under_way <= left, seconds=120)  # type: ignore[misc]
            assert self.under_way > 0, "the storm was over before the crash"
            strike(number)

    def calm_down(self, seconds: float = 120) -> None:
        """Wait until every delivery has got its 2xx."""
        wait_until(lambda: self.under_way == 0, seconds=seconds)

    def rows(self) -> dict[str, dict[str, Any]]:
        """The inbox, by event."""
        with self._client() as client:
            return {row["_id"]: row for row in client.get_default_database()["webhook_events"].find()}

    def payments(self) -> dict[str, dict[str, Any]]:
        """The payments, by intent; fails when two have the same."""
        with self._client() as client:
            found = list(client.get_default_database()["payments"].find({"payment_intent_id": {"$ne": None}}))
        by_intent = {payment["payment_intent_id"]: payment for payment in found}
        assert len(by_intent) == len(found)
        return by_intent

    def sweep(self) -> int:
        """Apply what is stored and not applied, as the worker does; how many rows that were."""
        app = create_app(self.settings)
        inbox: WebhookInbox = app.extensions["paydesk"].webhooks
        left = [row for row in self.rows().values() if row["state"] in {"received", "failed"}]
        for row in left:
            inbox.apply(row["payload"])
        return len(left)

    def erp(self) -> Erp:
        return Erp(f"http://127.0.0.1:{self.settings.port}", tokens.mint(self.settings))

    @contextmanager
    def ordering(self) -> Iterator[Acknowledged]:
        """An ERP that opens, pays and refunds orders until the block ends, and remembers what was acknowledged.

        Then it asks once more for each refund that a crash left without an answer, as any caller must: between the row
        and the call of Stripe nobody else knows of it for some minutes.
        """
        acknowledged, over = Acknowledged(), threading.Event()
        thread = threading.Thread(target=self._order, args=(acknowledged, over), daemon=True)
        thread.start()
        try:
            yield acknowledged
        finally:
            over.set()
            thread.join(120)
        assert not thread.is_alive()
        erp = self.erp()
        for payment_id, intent_id, key in acknowledged.unanswered:
            refund = until(partial(self._refunded, erp, payment_id, key), seconds=90)
            acknowledged.refunds[refund["stripe_refund_id"]] = intent_id

    @staticmethod
    def _refunded(erp: Erp, payment_id: str, key: str) -> dict[str, Any] | None:
        try:
            status, refund = erp.refund(payment_id, key, amount=10.0)
        except (requests.RequestException, ValueError):
            return None
        return refund if status == 201 else None

    def _order(self, acknowledged: Acknowledged, over: threading.Event) -> None:
        erp = self.erp()
        # The session of the sandbox belongs to the test's own thread.
        browser = requests.Session()
        # At most ten in a second, so that the webhooks stay the load.
        while not over.wait(0.1):
            order = new_order()
            try:
                status, opened = erp.open(order)
                if status != 201:
                    acknowledged.failures += 1
                    continue
                intent_id = opened["payment_intent_id"]
                acknowledged.intents[intent_id] = order
                url = f"{self.sandbox.base_url}/_sandbox/payment_intents/{intent_id}/pay"
                browser.post(url, json={"card": load.VISA}, timeout=30)
                status, payment = erp.confirm(intent_id, order)
                if status != 200:
                    acknowledged.failures += 1
                    continue
                if refund := self._refunded(erp, payment["id"], f"refund-{order}"):
                    acknowledged.refunds[refund["stripe_refund_id"]] = intent_id
                else:
                    acknowledged.failures += 1
                    acknowledged.unanswered.append((payment["id"], intent_id, f"refund-{order}"))
            except (requests.RequestException, ValueError):
                acknowledged.failures += 1
        browser.close()

    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery of this storm with its attempts."""
        found: list[dict[str, Any]] = self.sandbox.get("webhooks/deliveries", limit=20_000)["deliveries"]
        return found

    def problems(self, acknowledged: Acknowledged, rows: Rows) -> list[str]:
        """What was lost, counted twice, broken or different from Stripe's books; empty when all is well."""
        truth = judge.Truth.of(self.sandbox)
        payments = self.payments()
        found = judge.misplaced(truth, rows)
        found += judge.differences(truth, payments)
        found += judge.broken(list(payments.values()))
        for intent_id, order in acknowledged.intents.items():
            if payments.get(intent_id, {}).get("order_id") != order:
                found.append(f"{intent_id} was acknowledged and lost")
        for refund_id, intent_id in acknowledged.refunds.items():
            refunds = payments.get(intent_id, {}).get("refunds", [])
            if refund_id not in {refund["stripe_refund_id"] for refund in refunds}:
                found.append(f"{refund_id} was acknowledged and lost")
        orders = Counter(intent["metadata"].get("order_id") for intent in truth.intents.values())
        found += [f"{order} has {count} intents" for order, count in orders.items() if order and count > 1]
        return [*found, *self._wrong_counts(rows)]

    def _wrong_counts(self, rows: Rows) -> Iterator[str]:
        """An event is counted at least as often as it was acknowledged and at most as often as it was sent."""
        sent, answered = Counter[str](), Counter[str]()
        for delivery in self.deliveries():
            attempts = delivery["attempts"]
            sent[delivery["event"]] += len(attempts)
            answered[delivery["event"]] += sum(200 <= (a["status"] or 0) < 300 for a in attempts)
        for event_id, row in rows.items():
            if not answered[event_id] <= row["delivery_count"] <= sent[event_id]:
                count = row["delivery_count"]
                yield f"{event_id}: {count} deliveries of {sent[event_id]}, {answered[event_id]} acknowledged"

    def _client(self) -> pymongo.MongoClient[dict[str, Any]]:
        return pymongo.MongoClient(self.settings.mongodb_uri, tz_aware=True)

    def end(self) -> None:
        """End every process of this run."""
        if self.server:
            self.server.crash()
        self.sandbox.stop()


def wait_until(done: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition; fails when it is not true in time."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
