"""A payment's history: append-only, each entry bound to the one before it by a SHA-256 hash (DESIGN section 4, rule 7).

An entry also carries the digest of the record that it led to, so the last entry vouches for the present values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

GENESIS = "0" * 64

Entry = dict[str, Any]


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def next_entry(
    last: Mapping[str, Any] | None,
    *,
    at: int,
    source: str,
    reference: str | None,
    actor: str | None,
    changes: Mapping[str, Any],
    record: Mapping[str, Any],
) -> Entry:
    """The entry that follows ``last`` (None for the first). ``at`` is when we learnt it, in Unix milliseconds.

    ``source`` names the channel (webhook, confirm, refund, reconcile …), ``reference`` the event or request behind it.
    """
    entry: Entry = {
        "seq": last["seq"] + 1 if last else 1,
        "at": at,
        "source": source,
        "reference": reference,
        "actor": actor,
        "changes": dict(changes),
        "record_digest": digest(record),
        "previous_hash": last["hash"] if last else GENESIS,
    }
    entry["hash"] = digest(entry)
    return entry


def problems(history: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> list[str]:
    """What is wrong with a history and the record that it should vouch for; empty when all is well."""
    wrong: list[str] = []
    previous = GENESIS
    for position, entry in enumerate(history, start=1):
        unsealed = {name: value for name, value in entry.items() if name != "hash"}
        if entry.get("seq") != position:
            wrong.append(f"entry {position} has number {entry.get('seq')}: an entry is missing or was moved")
        if entry.get("previous_hash") != previous:
            wrong.append(f"entry {position} does not follow the one before it")
        if entry.get("hash") != digest(unsealed):
            wrong.append(f"entry {position} was changed after it was written")
        previous = str(entry.get("hash"))
    if not history:
        wrong.append("there is no history")
    elif history[-1].get("record_digest") != digest(record):
        wrong.append("the payment's present values are not those that the last entry led to")
    return wrong
