from __future__ import annotations

import copy
from typing import Any

import pytest

from app.domain.payments.history import next_entry, problems

RECORDS: list[dict[str, Any]] = [{"status": "pending"}, {"status": "failed"}, {"status": "completed"}]


@pytest.fixture
def chain() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for number, record in enumerate(RECORDS):
        entries.append(
            next_entry(
                entries[-1] if entries else None,
                at=1_700_000_000_000 + number,
                source="webhook",
                reference=f"evt_{number}",
                actor=None,
                changes=record,
                record=record,
            )
        )
    return entries


def test_an_honest_chain_has_no_problems(chain: list[dict[str, Any]]) -> None:
    assert problems(chain, RECORDS[-1]) == []


@pytest.mark.parametrize("field", ["at", "source", "reference", "actor", "changes", "record_digest", "hash"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_edited_entry_is_found(chain: list[dict[str, Any]], field: str, position: int) -> None:
    forged = copy.deepcopy(chain)
    forged[position][field] = "forged"
    assert problems(forged, RECORDS[-1])


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_dropped_entry_is_found(chain: list[dict[str, Any]], position: int) -> None:
    assert problems(chain[:position] + chain[position + 1 :], RECORDS[-1])


def test_swapped_entries_are_found(chain: list[dict[str, Any]]) -> None:
    assert problems([chain[1], chain[0], chain[2]], RECORDS[-1])


def test_changed_values_without_an_entry_are_found(chain: list[dict[str, Any]]) -> None:
    assert problems(chain, {"status": "refunded"}) == [
        "the payment's present values are not those that the last entry led to"
    ]


def test_an_empty_history_is_a_problem() -> None:
    assert problems([], RECORDS[0]) == ["there is no history"]
