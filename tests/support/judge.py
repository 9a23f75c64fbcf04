"""Is what MongoDB holds what Stripe says? Worked out from the sandbox's objects, events and books alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.gateway.webhooks import APPLIED_TYPES
from app.services.audit import check_payment
from tests.support.sandbox import SandboxProcess

Object = dict[str, Any]
_STATUS = {
    "succeeded": "completed",
    "canceled": "canceled",
    "requires_action": "requires_action",
    "processing": "processing",
    "requires_capture": "authorized",
}
_ATTEMPT = {"succeeded": "succeeded", "failed": "failed", "pending": "processing"}


def every(sandbox: SandboxProcess, path: str, **params: Any) -> list[Object]:
    """All objects of a list of Stripe's API, oldest first."""
    found: list[Object] = []
    while True:
        after = {"starting_after": found[-1]["id"]} if found else {}
        page = sandbox.stripe("GET", path, {"limit": 100, **params, **after})
        found += page["data"]
        if not page["has_more"]:
            return found[::-1]


def events_after(sandbox: SandboxProcess, last: str | None) -> list[Object]:
    """Every event since the one with the id ``last``, oldest first."""
    if last is None:
        return every(sandbox, "/v1/events")
    found: list[Object] = []
    while True:
        cursor = found[-1]["id"] if found else last
        page = sandbox.stripe("GET", "/v1/events", {"limit": 100, "ending_before": cursor})
        found += page["data"][::-1]
        if not page["has_more"]:
            return found


@dataclass(frozen=True)
class Truth:
    """Everything that Stripe holds, by the intent that it belongs to."""

    intents: Mapping[str, Object]
    books: Mapping[str, Object]
    events: list[Object]
    charges: Mapping[str, list[Object]]
    refunds: Mapping[str, list[Object]]
    disputes: Mapping[str, list[Object]]
    requests: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, sandbox: SandboxProcess) -> Truth:
        """The whole truth."""
        intents = every(sandbox, "/v1/payment_intents")
        return cls._of(sandbox, intents, every(sandbox, "/v1/events"))

    @classmethod
    def of_one(cls, sandbox: SandboxProcess, intent_id: str, events: list[Object]) -> Truth:
        """The truth about one intent; ``events`` are all that there are of it, oldest first."""
        intent = sandbox.stripe("GET", f"/v1/payment_intents/{intent_id}")
        return cls._of(sandbox, [intent], events, payment_intent=intent_id)

    @classmethod
    def _of(cls, sandbox: SandboxProcess, intents: list[Object], events: list[Object], **which: str) -> Truth:
        by_id = {intent["id"]: intent for intent in intents}
        return cls(
            intents=by_id,
            books={line["id"]: line for line in sandbox.books() if line["id"] in by_id},
            events=events,
            charges=_by_intent(every(sandbox, "/v1/charges", **which)),
            refunds=_by_intent(every(sandbox, "/v1/refunds", **which)),
            disputes=_by_intent(every(sandbox, "/v1/disputes", **which)),
            requests=_requests(events, by_id),
        )

    @property
    def ours(self) -> list[str]:
        """The intents that carry our key."""
        return [id_ for id_, intent in self.intents.items() if intent["metadata"].get("paydesk_payment_id")]

    def payment(self, intent_id: str) -> Object:
        """What the payment of an intent must show."""
        intent, line = self.intents[intent_id], self.books[intent_id]
        charges = self.charges.get(intent_id, [])
        with_charge = {charge["payment_method"] for charge in charges}
        requests = {
            method: status for method, status in self.requests.get(intent_id, {}).items() if method not in with_charge
        }
        disputes = self.disputes.get(intent_id, [])
        error = intent["last_payment_error"]
        paid = [charge["created"] for charge in charges if charge["status"] == "succeeded"]
        return {
            "order_id": intent["metadata"]["order_id"],
            "status": _STATUS.get(intent["status"]) or ("failed" if error else "pending"),
            "amount": line["amount"],
            "currency": line["currency"],
            "amount_captured": line["amount_captured"],
            "amount_refunded": line["refunded"],
            "refunds": {r["id"]: (r["status"], r["amount"]) for r in self.refunds.get(intent_id, [])},
            "disputes": {d["id"]: (d["status"], d["amount"], d["reason"]) for d in disputes},
            "disputed": any(not d["status"].startswith("warning_") and d["status"] != "prevented" for d in disputes),
            "charges": {c["id"]: (_ATTEMPT[c["status"]], c["failure_code"]) for c in charges},
            "requests": requests,
            "attempts": line["charges"] + len(requests),
            "failure": (error["code"], error.get("decline_code")) if error else None,
            "created_at": intent["created"],
            "completed_at": min(paid) if paid else None,
        }


def shown(document: Mapping[str, Any]) -> Object:
    """The same of a stored payment."""
    attempts, failure, completed = document["attempts"], document["failure"], document["completed_at"]
    return {
        **{name: document[name] for name in ("order_id", "status", "amount", "currency", "disputed")},
        "amount_captured": document["amount_captured"],
        "amount_refunded": document["amount_refunded"],
        "refunds": {r["stripe_refund_id"]: (r["status"], r["amount"]) for r in document["refunds"]},
        "disputes": {d["id"]: (d["status"], d["amount"], d["reason"]) for d in document["disputes"]},
        "charges": {
            a["charge_id"]: (a["status"], (a["failure"] or {}).get("code")) for a in attempts if a["charge_id"]
        },
        "requests": {a["payment_method_id"]: a["status"] for a in attempts if not a["charge_id"]},
        "attempts": len(attempts),
        "failure": (failure["code"], failure["decline_code"]) if failure else None,
        "created_at": int(document["created_at"].timestamp()),
        "completed_at": int(completed.timestamp()) if completed else None,
    }


def differences(truth: Truth, payments: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where payments (by intent) are not what Stripe says, field by field, for people; empty when all is well."""
    found = [f"{id_} is not here" for id_ in truth.ours if id_ not in payments]
    found += [f"{id_} is not ours at Stripe" for id_ in payments if id_ not in truth.ours]
    for id_ in set(truth.ours) & payments.keys():
        found += _compared(id_, truth.payment(id_), payments[id_])
    return found


def _compared(intent_id: str, expected: Object, document: Mapping[str, Any]) -> Iterator[str]:
    here = shown(document)
    if len(here["refunds"]) != len(document["refunds"]):
        yield f"{intent_id}: a refund is counted twice: {document['refunds']}"
    if expected["failure"] is None or expected["failure"] in _failures_of_the_last_second(document):
        # A new try hides the last error at Stripe; we go on showing why the last finished one failed. Which of two
        # tries that failed in one second was the last is a question of its own: see
        # tests/unit/domain/payments/test_convergence_watched.py, test_of_two_failures_in_one_second_the_last_is_shown.
        here["failure"] = expected["failure"]
    for name, value in expected.items():
        if here[name] != value:
            yield f"{intent_id}: {name} is {here[name]!r} here and {value!r} at Stripe"


def _failures_of_the_last_second(document: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    failed = [a for a in document["attempts"] if a["status"] == "failed" and a["failure"]]
    last = max((a["created_at"] for a in failed), default=None)
    return [(a["failure"]["code"], a["failure"]["decline_code"]) for a in failed if a["created_at"] == last]


def broken(documents: list[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the histories of payments, and events that changed a payment more often than they may.

    An event leaves one entry, and a second one when Stripe was asked because of it.
    """
    found = []
    for document in documents:
        found += [finding.message for finding in check_payment(dict(document))]
        counts: dict[str, int] = defaultdict(int)
        for entry in document["history"]:
            counts[str(entry["reference"])] += entry["source"] == "webhook"
        found += [f"{event} left {count} entries" for event, count in counts.items() if count > 2]
    return found


def misplaced(truth: Truth, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Events of Stripe that the inbox has lost, left unfinished or put into the wrong state; and strangers in it."""
    ours = set(truth.ours)
    found = [f"{id_} was never sent" for id_ in rows.keys() - {event["id"] for event in truth.events}]
    for event in truth.events:
        target = event["data"]["object"]
        intent_id = target["id"] if target["object"] == "payment_intent" else target.get("payment_intent")
        applied = event["type"] in APPLIED_TYPES and intent_id in ours
        expected = "applied" if applied else "ignored"
        state = rows[event["id"]]["state"] if event["id"] in rows else "lost"
        if state != expected:
            found.append(f"{event['type']} {event['id']} is {state}, not {expected}")
    return found


def _by_intent(objects: list[Object]) -> Mapping[str, list[Object]]:
    found: dict[str, list[Object]] = defaultdict(list)
    for item in objects:
        found[item["payment_intent"]].append(item)
    return found


def _requests(events: list[Object], intents: Mapping[str, Object]) -> Mapping[str, Mapping[str, str]]:
    """For each intent its 3-D Secure requests by payment method: failed, open or abandoned."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for event in events:
        intent = event["data"]["object"]
        if event["type"] == "payment_intent.requires_action":
            now = intents[intent["id"]]
            is_open = now["status"] == "requires_action" and now["payment_method"] == intent["payment_method"]
            found[intent["id"]][intent["payment_method"]] = "open" if is_open else "abandoned"
        elif event["type"] == "payment_intent.payment_failed":
            error = intent["last_payment_error"]
            if "charge" not in error:
                found[intent["id"]][error["payment_method"]["id"]] = "failed"
    return found
