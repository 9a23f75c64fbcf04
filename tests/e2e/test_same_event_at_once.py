"""The same event by 16 threads to two gunicorn workers: applied once, answered 16 times, counted 16 times."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.e2e.storm import Storm
from tests.support import judge, load
from tests.support.webhooks import WEBHOOK_PATH, signed

THREADS = 16


def post_at_once(run: Storm, event: dict[str, Any]) -> Counter[int]:
    """Sixteen deliveries of one event, each on a connection of its own, begun at one moment; the answers' statuses."""
    body, headers = signed(event, run.settings.stripe_webhook_secret[0])
    url = f"http://127.0.0.1:{run.settings.port}{WEBHOOK_PATH}"
    line = threading.Barrier(THREADS)

    def post(_: int) -> int:
        line.wait()
        return requests.post(url, data=body, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(post, range(THREADS)))


@pytest.mark.parametrize("succeeded_first", [False, True], ids=["in order", "success first"])
def test_each_event_is_applied_once(storm: Callable[..., Storm], mongo_uri: str, succeeded_first: bool) -> None:
    """Every event of one payment in turn, the first of them for an intent that no row names: all race to adopt it."""
    run = storm(mongo_uri)
    intent_id = load.new_intent(run.sandbox, "at-once")
    load.failing_attempt(run.sandbox, intent_id, "declined")
    run.sandbox.pay(intent_id, load.FAILING_REFUNDS)
    made = load.refund(run.sandbox, intent_id, 1_000)
    run.sandbox.post(f"refunds/{made['id']}/settle", {"status": "failed"})
    run.sandbox.post("disputes", {"payment_intent": intent_id})
    events = judge.every(run.sandbox, "/v1/events")
    if succeeded_first:
        events.sort(key=lambda event: event["type"] != "payment_intent.succeeded")
    run.serve()

    for event in events:
        assert post_at_once(run, event) == {200: THREADS}, event["type"]
        row = run.rows()[event["id"]]
        assert (row["state"], row["delivery_count"], row["attempts"]) == ("applied", THREADS, 1), row

    payments = run.payments()
    assert judge.differences(judge.Truth.of(run.sandbox), payments) == []
    assert judge.broken(list(payments.values())) == []
    entries = Counter(entry["reference"] for entry in payments[intent_id]["history"])
    # Only an event that made us ask Stripe leaves a second entry: that of the answer.
    asking = {events[0]["id"]} if succeeded_first else set()
    assert {event for event, count in entries.items() if count > 1} <= asking
    if not succeeded_first:
        assert entries[events[0]["id"]] == 1
