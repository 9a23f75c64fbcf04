"""The audit log, and the proof that neither it nor any payment's history was changed afterwards."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from app.cursors import Cursor
from app.domain.payments.derivation import derive
from app.domain.payments.history import GENESIS, digest, problems
from app.domain.payments.snapshot import record
from app.errors import DatabaseUnavailable, NotFound
from app.models.audit import entries as audit_entries
from app.models.audit.entries import AuditEntry, EntryFilter
from app.models.pagination import Page
from app.models.payments import repository
from app.models.payments.mapping import Document, fields_of, state_of

# A number is taken when another process has appended; only hundreds of concurrent writers reach this limit.
_MOST_CONFLICTS = 500
_MOST_FINDINGS = 100


class Action(StrEnum):
    """The actions that are logged (DESIGN section 4, rule 7)."""

    SIGNED_IN = "login.succeeded"
    SIGN_IN_FAILED = "login.failed"
    ACCOUNT_LOCKED = "login.locked"
    SIGNED_OUT = "logout"
    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    ROLE_CHANGED = "user.role_changed"
    PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 (a word, not a password)
    EVENTS_REPLAYED = "webhooks.replayed"
    CAPTURE_REQUESTED = "capture.requested"
    CAPTURE_ANSWERED = "capture.answered"
    CANCEL_REQUESTED = "cancel.requested"
    CANCEL_ANSWERED = "cancel.answered"
    REFUND_REQUESTED = "refund.requested"
    REFUND_ANSWERED = "refund.answered"
    REFUND_SETTLED = "refund.settled"
    EXPORT_STARTED = "export.started"
    EXPORTED = "export.finished"
    PAYMENT_REPAIRED = "reconciliation.repaired"


@dataclass(frozen=True, slots=True)
class Finding:
    """``subject`` names a payment or the audit log; ``message`` says what is wrong with it."""

    subject: str
    message: str


def append(action: Action, *, actor: str, target: str | None = None, details: Mapping[str, Any] | None = None) -> None:
    """Add an entry. ``actor`` is an e-mail address or the name of a program; details must be free of secrets.

    Raises DatabaseUnavailable.
    """
    for conflicts in range(_MOST_CONFLICTS):
        last = audit_entries.last()
        content = {
            "seq": last.seq + 1 if last else 1,
            "at": int(time.time() * 1000),
            "actor": actor,
            "action": action.value,
            "target": target,
            "details": dict(details or {}),
            "previous_hash": last.hash if last else GENESIS,
        }
        if audit_entries.insert(AuditEntry(**content, hash=digest(content))):
            return
        # Jitter keeps many writers from meeting again and again.
        time.sleep(random.uniform(0, 0.002 * min(conflicts + 1, 25)))  # noqa: S311 (not for security)
    raise DatabaseUnavailable("The audit log is being written by too many requests at once. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of checking the newest entries. ``first`` is where the check began; 1 means the whole log."""

    first: int
    head: int
    seal: str
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class PaymentsVerification:
    """The result of checking the histories of the newest payments, ``verified`` in number."""

    verified: int
    findings: list[Finding]


def page(where: EntryFilter, *, limit: int, cursor: Cursor | None = None) -> Page:
    """The page of ``limit`` entries at ``cursor``, newest first."""
    return audit_entries.page(where, limit=limit, cursor=cursor)


def verify_newest(most: int) -> Verification:
    """Check the chain of the newest ``most`` entries; a hundred findings are enough to show."""
    head, seal = log_head()
    first = max(1, head - most + 1)
    return Verification(first, head, seal, list(islice(log_findings(first), _MOST_FINDINGS)))


def verify_newest_payments(most: int) -> PaymentsVerification:
    """Check the histories of the newest ``most`` payments; a hundred findings are enough to show."""
    checked = [check_payment(document) for document in repository.newest(most)]
    findings = [finding for of_payment in checked for finding in of_payment]
    return PaymentsVerification(len(checked), findings[:_MOST_FINDINGS])


def head_findings(number: int, seal: str) -> list[Finding]:
    """What is wrong with an entry whose number and hash were kept elsewhere; it shows whether the end was cut off."""
    entry = audit_entries.find(number)
    if entry is None:
        return [Finding("audit log", f"entry {number}, which was noted elsewhere, is missing")]
    if entry.hash != seal:
        return [Finding("audit log", f"entry {number} is not the one that was noted elsewhere")]
    return []


def log_findings(first: int = 1) -> Iterator[Finding]:
    """What is wrong with the audit log from entry ``first`` on; nothing when all is well."""
    before = audit_entries.find(first - 1) if first > 1 else None
    if first > 1 and before is None:
        yield Finding("audit log", f"entry {first - 1} is missing")
    previous: str | None = before.hash if before else (GENESIS if first == 1 else None)
    expected = first
    for entry in audit_entries.walk(first):
        seq = entry["seq"]
        unsealed = {name: value for name, value in entry.items() if name != "hash"}
        if seq != expected:
            yield Finding("audit log", f"entry {expected} is missing: the one after it has number {seq}")
        elif previous is not None and entry.get("previous_hash") != previous:
            yield Finding("audit log", f"entry {seq} does not follow the one before it")
        if entry.get("hash") != digest(unsealed):
            yield Finding("audit log", f"entry {seq} was changed after it was written")
        previous, expected = str(entry.get("hash")), seq + 1


def log_head() -> tuple[int, str]:
    """Number and hash of the newest entry. Kept elsewhere, it shows later whether the end was cut off."""
    last = audit_entries.last()
    return (last.seq, last.hash) if last else (0, GENESIS)


def count_payments() -> int:
    """About how many payments ``payment_findings`` will walk."""
    return repository.approximate_count()


def payment_findings(payment_id: str | None = None) -> Iterator[list[Finding]]:
    """For each payment (or the one named) what is wrong with it, read in batches. Raises NotFound."""
    if payment_id is not None:
        document = repository.whole(payment_id)
        if document is None:
            raise NotFound(f"There is no payment {payment_id}.")
        yield check_payment(document)
        return
    for document in repository.every():
        yield check_payment(document)


def check_payment(document: Document) -> list[Finding]:
    """What is wrong with a stored payment: its chain, and whether its fields are what its evidence says."""
    subject = f"payment {document['_id']}"
    try:
        present = record(derive(state_of(document)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [Finding(subject, f"its evidence cannot be read ({type(error).__name__}: {error})")]
    findings = [Finding(subject, message) for message in problems(document.get("history") or [], present)]
    for name, value in fields_of(present).items():
        if document.get(name) != value:
            message = f"{name} is {document.get(name)!r}, but the evidence says {value!r}"
            findings.append(Finding(subject, message))
    return findings
