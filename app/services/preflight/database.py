"""The checks of the production checklist that MongoDB answers."""

from __future__ import annotations

from app.clock import now
from app.models.indexes import missing_indexes
from app.models.server_info import Deployment, deployment
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventFilter
from app.services.preflight.runner import Check, Verdict, fail, ok, warn
from app.services.worker import leases

_REACH = "Is MONGODB_URI right, does MongoDB run, and may this machine reach it?"
_FEWEST_MEMBERS = 3
_SILENT_DAYS = 7


def checks(uri: str, *, livemode: bool) -> list[Check]:
    """Every check that asks MongoDB, whose address is ``uri``. ``livemode``: live events should arrive."""
    return [
        Check("mongodb_replica_set", lambda: replica_set(deployment(uri)), _REACH),
        Check("mongodb_auth", lambda: authentication(deployment(uri)), _REACH),
        Check("mongodb_write_concern", lambda: write_concern(deployment(uri)), _REACH),
        Check("mongodb_reads", lambda: reads(deployment(uri)), _REACH),
        Check("mongodb_indexes", indexes, _REACH),
        Check("worker", worker, _REACH),
        Check("webhook_deliveries", lambda: deliveries(livemode=livemode), _REACH),
    ]


def replica_set(server: Deployment) -> Verdict:
    """Writes survive the loss of a server."""
    if server.is_sharded:
        return ok(f"MongoDB {server.version}, a sharded cluster.")
    if server.replica_set is None:
        return fail(
            "MongoDB is a single server: the figures need a replica set, and a crash could lose payments.",
            "Run it as a replica set of three (docs/deploy.md).",
        )
    if not server.is_writable:
        return fail("MongoDB has no writable primary just now.", "Look at rs.status(); a majority must be up.")
    if server.members < _FEWEST_MEMBERS:
        return warn(
            f"The replica set {server.replica_set} has {server.members} members: losing one stops payments.",
            "Add members until there are three.",
        )
    return ok(f"MongoDB {server.version}, replica set {server.replica_set} of {server.members}.")


def authentication(server: Deployment) -> Verdict:
    """Only authenticated users may change payments."""
    if server.is_authenticated:
        return ok("The connection is authenticated.")
    advice = "Switch authorization on and put user and password into MONGODB_URI."
    if server.is_local:
        return warn("MongoDB asks for no password, and is on this machine.", advice)
    return fail("MongoDB asks for no password: whoever reaches it may change payments.", advice)


def write_concern(server: Deployment) -> Verdict:
    """What is acknowledged cannot be rolled back, which the connection sees to; MONGODB_URI can only confuse it."""
    if server.write_timeout is not None:
        return warn(
            f"A write that takes longer than {server.write_timeout} ms is called failed, and may be kept all the same.",
            "Take wtimeoutMS out of MONGODB_URI.",
        )
    if server.overruled:
        return warn(
            f"MONGODB_URI says {' and '.join(server.overruled)}, which is not followed: writes wait for a majority and "
            "the journal.",
            "Take it out of MONGODB_URI, so that nobody relies on it.",
        )
    return ok("Writes wait for a majority and the journal.")


def reads(server: Deployment) -> Verdict:
    """Reads see what was just written."""
    if server.reads_from_primary:
        return ok("Reads go to the primary.")
    return fail(
        "Reads may go to a secondary, which may not know yet of a payment that was just confirmed.",
        "Take readPreference out of MONGODB_URI.",
    )


def indexes() -> Verdict:
    """Duplicates are impossible and lists are fast."""
    missing = missing_indexes()
    if missing:
        return fail(f"Missing: {', '.join(missing)}.", "Run flask db indexes with every release.")
    return ok("Every index exists.")


def worker() -> Verdict:
    """A worker retries what failed and resolves unknown outcomes."""
    silence = leases.worker_silence()
    if silence is None or silence > leases.LIFE:
        return fail(
            "No worker is running: failed events and unknown outcomes would stay so.",
            "Start at least one: flask worker run (Procfile worker).",
        )
    return ok(f"A worker was heard of {int(silence.total_seconds())} seconds ago.")


def deliveries(*, livemode: bool) -> Verdict:
    """Events arrive, which also proves that the webhook secret is the endpoint's."""
    events = webhook_events.page(EventFilter(), limit=1).rows
    mode = "live" if livemode else "test"
    if not events or events[0].livemode is not livemode:
        return warn(
            f"No {mode} event has ever arrived, so the webhook secret is unproven.",
            "Make a payment, or send a test event from Stripe's dashboard, and look here again.",
        )
    arrived = events[0].last_delivery_at
    age = now() - arrived
    if age.days >= _SILENT_DAYS:
        return warn(
            f"The latest {mode} event arrived {age.days} days ago.",
            "Look at the endpoint's deliveries in Stripe's dashboard.",
        )
    return ok(f"The latest {mode} event arrived at {arrived:%F %T} UTC.")
