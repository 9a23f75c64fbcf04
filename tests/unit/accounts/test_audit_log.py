from __future__ import annotations

from typing import Any

import pytest

from app.domain.history import digest
from app.models.audit_entry import AuditEntry
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


def test_a_cut_off_end_shows_in_the_head(log: Any) -> None:
    head = audit.log_head()
    log.delete_one({"_id": 5})
    assert findings() == []
    assert audit.log_head() != head
