from __future__ import annotations

from typing import Any

import pytest

from app.domain.payments.history import digest
from app.models.audit.entries import AuditEntry
from app.models.connection import raw
from app.services import audit
from app.services.audit import Action


@pytest.fixture
def log() -> Any:
    """A log of five entries, as a collection to tamper with."""
    for number in range(5):
        audit.append(Action.USER_CREATED, actor="test", target=f"user-{number}", details={"role": "viewer"})
    return raw(AuditEntry)


def findings() -> list[str]:
    return [finding.message for finding in audit.log_findings()]


def test_an_untouched_log_has_no_findings(log: Any) -> None:
    assert findings() == []
    assert audit.log_head()[0] == 5


def test_an_empty_log_is_fine() -> None:
    assert findings() == []
    assert audit.log_head() == (0, "0" * 64)


def test_a_changed_entry_is_found(log: Any) -> None:
    log.update_one({"_id": 3}, {"$set": {"actor": "somebody else"}})
    assert findings() == ["entry 3 was changed after it was written"]


def test_a_changed_entry_with_a_hash_made_to_fit_is_found(log: Any) -> None:
    entry = log.find_one({"_id": 3})
    entry["actor"], entry["seq"] = "somebody else", entry.pop("_id")
    unsealed = {name: value for name, value in entry.items() if name != "hash"}
    log.update_one({"_id": 3}, {"$set": {"actor": "somebody else", "hash": digest(unsealed)}})
    assert findings() == ["entry 4 does not follow the one before it"]


def test_a_removed_entry_is_found(log: Any) -> None:
    log.delete_one({"_id": 2})
    assert findings() == ["entry 2 is missing: the one after it has number 3"]


def test_an_inserted_entry_is_found(log: Any) -> None:
    """Room is made for it, with numbers and hash made to fit."""
    log.delete_one({"_id": 5})
    moved = log.find_one({"_id": 4})
    log.delete_one({"_id": 4})
    forged = {**moved, "actor": "somebody else", "seq": 4}
    del forged["_id"]
    forged["hash"] = digest({name: value for name, value in forged.items() if name != "hash"})
    log.insert_one({"_id": 4, **{name: value for name, value in forged.items() if name != "seq"}})
    log.insert_one({**moved, "_id": 5})
    assert findings() == ["entry 5 does not follow the one before it", "entry 5 was changed after it was written"]


def test_reordered_entries_are_found(log: Any) -> None:
    second, third = log.find_one({"_id": 2}), log.find_one({"_id": 3})
    log.replace_one({"_id": 2}, {**third, "_id": 2})
    log.replace_one({"_id": 3}, {**second, "_id": 3})
    found = findings()
    assert "entry 2 does not follow the one before it" in found
    assert "entry 2 was changed after it was written" in found
    assert "entry 3 was changed after it was written" in found


def test_a_cut_off_end_shows_in_the_head(log: Any) -> None:
    head = audit.log_head()
    log.delete_one({"_id": 5})
    assert findings() == []
    assert audit.log_head() != head
