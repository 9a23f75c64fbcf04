"""Events that were received and not applied: after a crash, and after failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import StripeUnavailable
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventState, due
from app.services import Services
from app.services.worker.recovery import STUCK_ATTEMPTS
from tests.integration.services.worker.conftest import Mongo, events_of, leave_unapplied, paid_at_stripe
from tests.support.sandbox import SandboxProcess

MINUTE = timedelta(minutes=1)


def always() -> bool:
    return True


def make_due(database: Mongo) -> None:
    """As if the pause were over."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    database["webhook_events"].update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": past}})


def row(database: Mongo) -> dict[str, Any]:
    (found,) = database["webhook_events"].find()
    return found


def test_what_a_crash_left_is_applied(uses: Services, database: Mongo, sandbox: SandboxProcess) -> None:
    intent_id = paid_at_stripe(sandbox, "order-1")
    for event in events_of(sandbox, "charge.succeeded"):
        leave_unapplied(event)
    assert uses.recovery.events(always) == {"applied": 1}
    found = row(database)
    assert (found["state"], found["attempts"]) == ("applied", 1)
    assert found["finished_at"]
    assert "due_at" not in found
    payment = database["payments"].find_one({"payment_intent_id": intent_id})
    assert payment["status"] == "completed"
    assert uses.recovery.events(always) == {}


def test_an_event_that_a_request_may_still_be_applying_is_left_to_it(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    leave_unapplied(event, age=timedelta(seconds=50))
    assert uses.recovery.events(always) == {}
    assert row(database)["state"] == "received"


def test_oldest_first_and_no_longer_than_wanted(uses: Services, database: Mongo, sandbox: SandboxProcess) -> None:
    for number in range(4):
        sandbox.put("clock", {"offset": -100 * number})
        paid_at_stripe(sandbox, f"order-{number}")
    for event in events_of(sandbox, "charge.succeeded"):
        leave_unapplied(event)
    answers = iter([True, True, True, False])
    assert uses.recovery.events(lambda: next(answers)) == {"applied": 2}
    orders = {payment["order_id"] for payment in database["payments"].find()}
    assert orders == {"order-3", "order-2"}, "those that were made first"


def test_failures_are_tried_again_ever_more_seldom(uses: Services, database: Mongo, sandbox: SandboxProcess) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    leave_unapplied(event)
    sandbox.fault(effect="503", match={"path": "^/v1/payment_intents/"}, times=None)
    for attempts, pause in ((1, MINUTE), (2, 2 * MINUTE), (3, 4 * MINUTE), (4, 8 * MINUTE)):
        before = datetime.now(UTC)
        assert uses.recovery.events(always) == {"failed": 1}
        found = row(database)
        assert (found["state"], found["attempts"]) == ("failed", attempts)
        assert found["last_error"].startswith("StripeUnavailable")
        assert pause - timedelta(seconds=2) < found["due_at"] - before < pause + timedelta(seconds=20)
        assert uses.recovery.events(always) == {}, "not before its time"
        make_due(database)
    database["webhook_events"].update_one({}, {"$set": {"attempts": 50}})
    uses.recovery.events(always)
    assert row(database)["due_at"] - datetime.now(UTC) < 61 * MINUTE

    sandbox.delete("faults")
    make_due(database)
    assert uses.recovery.events(always) == {"applied": 1}
    assert "last_error" not in row(database)


def test_many_failures_of_one_event_are_told_to_people(
    uses: Services, database: Mongo, sandbox: SandboxProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    leave_unapplied(event)
    sandbox.fault(effect="503", match={"path": "^/v1/payment_intents/"}, times=None)
    for attempts in range(1, STUCK_ATTEMPTS + 1):
        uses.recovery.events(always)
        assert ("webhook_stuck" in capsys.readouterr().err) == (attempts >= STUCK_ATTEMPTS)
        make_due(database)


def test_when_stripe_forgets_the_event_only_people_try_again(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    leave_unapplied(event, age=timedelta(days=31))
    sandbox.fault(effect="503", match={"path": "^/v1/payment_intents/"}, times=None)
    assert uses.recovery.events(always) == {"failed": 1}
    assert (row(database)["state"], "due_at" in row(database)) == ("failed", False)
    assert uses.recovery.events(always) == {}


def test_a_stripe_that_is_away_is_not_asked_for_every_event(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    for number in range(6):
        paid_at_stripe(sandbox, f"order-{number}")
    for event in events_of(sandbox, "charge.succeeded"):
        leave_unapplied(event)
    sandbox.fault(effect="503", match={"path": "^/v1/payment_intents/"}, times=None)
    assert uses.recovery.events(always) == {"failed": 3}
    assert len(due(10, now=datetime.now(UTC))) == 3


def test_the_sweep_reads_only_what_is_due(uses: Services, database: Mongo) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "_id": f"evt_{number}",
            "state": "failed" if number % 2 else "applied",
            "created": number,
            **({"due_at": now + (MINUTE if number > 20 else -MINUTE)} if number % 2 else {}),
        }
        for number in range(400)
    ]
    database["webhook_events"].insert_many(rows)
    query = {"state": {"$in": ["received", "failed"]}, "due_at": {"$lte": now}}
    cursor = database["webhook_events"].find(query).sort([("created", 1), ("_id", 1)]).limit(200)
    seen = cursor.explain()["executionStats"]
    assert (seen["nReturned"], seen["totalDocsExamined"]) == (10, 10)
    assert [found["created"] for found in due(200, now=now)] == list(range(1, 21, 2))


def test_an_ignored_event_may_become_applied_and_an_applied_one_stays(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    leave_unapplied(event)
    for wanted, kept in (("ignored", "ignored"), ("applied", "applied"), ("ignored", "applied")):
        webhook_events.finish(event["id"], EventState(wanted))
        assert row(database)["state"] == kept
    webhook_events.fail(event["id"], "late")
    assert row(database)["state"] == "applied"


def test_an_error_that_looks_like_a_field_is_kept_as_text(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    leave_unapplied(event)
    webhook_events.fail(event["id"], "$type: {$gt: 1}")
    assert row(database)["last_error"] == "$type: {$gt: 1}"


def test_what_is_kept_of_an_unforeseen_failure_quotes_nothing(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    """Developers are sent it (docs/runbooks.md), and the errors of libraries quote what they were given."""
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    leave_unapplied(event)
    harm = {"$set": {"payload.data.object.created": "jo@example.com"}}
    assert database["webhook_events"].update_one({"_id": event["id"]}, harm).modified_count == 1
    assert uses.recovery.events(always) == {"failed": 1}
    assert row(database)["last_error"] == "ValidationFailed: The event cannot be read: created has an impossible value."


def test_a_failed_delivery_raises_what_failed(uses: Services, sandbox: SandboxProcess) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    sandbox.fault(effect="503", match={"path": "^/v1/payment_intents/"}, times=None)
    leave_unapplied(event)
    with pytest.raises(StripeUnavailable):
        uses.webhooks.apply(event)
