"""Pages against slices of a plain list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.lists import page
from sandbox.core.records import Customer
from sandbox.core.store import Collection, key_of


@given(
    created=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    limit=st.integers(1, 5),
    cursor=st.none() | st.integers(0, 11),
    backwards=st.booleans(),
    bounds=st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(0, 6)),
)
def test_page_is_a_slice_of_the_whole_list(
    created: list[int], limit: int, cursor: int | None, backwards: bool, bounds: dict[str, int]
) -> None:
    collection: Collection[Customer] = Collection("customer")
    for seq, second in enumerate(created):
        collection.add(Customer(id=f"cus_{seq}", created=second, seq=seq))
    newest = sorted(collection.by_id.values(), key=key_of, reverse=True)
    params: dict[str, Any] = {"limit": limit, "created": bounds}
    at = None
    if cursor is not None:
        at = newest[cursor % len(newest)]
        params["ending_before" if backwards else "starting_after"] = at.id
    tests = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
    inside = [
        record
        for record in newest
        if all(tests[name](record.created, bound) for name, bound in bounds.items())
        and (at is None or (key_of(record) > key_of(at) if backwards else key_of(record) < key_of(at)))
    ]
    ending = backwards and at is not None
    expected = inside[-limit:] if ending else inside[:limit]
    result = page(collection, [collection.all], params)
    assert [record.id for record in result.records] == [record.id for record in expected]
    assert result.has_more == (len(inside) > limit)


@pytest.mark.parametrize("cursor", ["starting_after", "ending_before"])
def test_page_reads_only_what_it_returns(cursor: str) -> None:
    collection: Collection[Customer] = Collection("customer")
    for seq in range(5_000):
        collection.add(Customer(id=f"cus_{seq}", created=seq // 10, seq=seq))
    read: list[Customer] = []

    def keep(record: Customer) -> bool:
        read.append(record)
        return True

    assert page(collection, [collection.all], {"limit": 10, cursor: "cus_2500"}, keep).has_more
    assert len(read) == 11
