"""Stored payments, derived once more by the rules of the running release.

A payment is stored as it was derived when it was last written. A release that derives something else from the same
evidence, as when a released hold is no longer a refund, leaves the payments before it with the old values. This brings
them up to date: each one that differs gets one entry in its history and is counted again in the figures.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.clock import now
from app.domain.payments.derivation import derive
from app.domain.payments.history import digest, next_entry
from app.domain.payments.snapshot import changes, record
from app.models.payments import repository, writes
from app.models.payments.mapping import Document, fields_of, payment_of
from app.models.payments.repository import stored_payment

_CHANNEL = "upgrade"


def rederive_all() -> Iterator[bool]:
    """Bring every payment up to date, oldest first; whether it differed, for each. Safe to stop and to repeat.

    Raises DatabaseUnavailable when MongoDB is away.
    """
    for document in repository.every():
        yield _rederive(document)


def _rederive(document: Document | None) -> bool:
    """True when the payment differed. A change in between is another writer's, so the payment is read once more."""
    while document is not None:
        stored = stored_payment({**document, "history": (document.get("history") or [])[-1:]})
        new = record(derive(stored.state))
        fields = fields_of(new)
        vouched = stored.last_entry is not None and stored.last_entry["record_digest"] == digest(new)
        if vouched and all(document.get(name) == value for name, value in fields.items()):
            return False
        at, old = now(), record(payment_of(document))
        entry = next_entry(
            stored.last_entry,
            at=int(at.timestamp() * 1000),
            source=_CHANNEL,
            reference=None,
            actor=None,
            changes=changes(old, new),
            record=new,
        )
        gone = old.keys() - new.keys()
        if writes.save(stored, stored.state, new, entry, open_=not stored.payment.status.is_final, now=at, gone=gone):
            return True
        document = repository.whole(stored.id)
    return False
