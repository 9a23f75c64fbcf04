"""Sorted keys against a sorted list, and ids by seed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.store import SortedKeys, Store

keys = st.tuples(st.integers(0, 20), st.integers(0, 50), st.sampled_from("abc"))


@given(st.lists(keys, unique=True), st.lists(keys))
def test_keys_stay_sorted(added: list[tuple[int, int, str]], removed: list[tuple[int, int, str]]) -> None:
    index = SortedKeys()
    for key in added:
        index.add(key)
    for key in removed:
        index.discard(key)
    assert index.keys == sorted(set(added) - set(removed))


def test_ids_repeat_only_with_the_same_seed() -> None:
    assert Store(1).new_id("pi") == Store(1).new_id("pi")
    assert Store(1).new_id("pi") != Store(2).new_id("pi")
    assert Store().new_id("pi") != Store().new_id("pi")
