"""Property tests try as many examples as the profile of the run allows (docs/development.md)."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
_HARD_CODED = re.compile(r"max_examples\s*=\s*\d")


def test_no_number_of_examples_is_hard_coded() -> None:
    found = [
        str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py") if _HARD_CODED.search(path.read_text("utf-8"))
    ]
    assert found == [], "write max_examples=examples(…)"
