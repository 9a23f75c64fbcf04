"""How much hypothesis tries: all that a test names (``thorough``), or a fraction of it (``quick``, the default).

`make test-all` chooses with ``--hypothesis-profile=thorough``. There is no deadline for an example: a machine that is
busy with other tests is no fault of the code, and pytest-timeout ends what hangs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

# Of a hundred, which is what a test gets that names no number.
THOROUGH, QUICK = 100, 25
# Fewer examples meet too few of the cases that a strategy distinguishes.
_FEWEST = 4


def register() -> None:
    """Name both profiles and load ``quick``; what hypothesis changes on CI (the same examples in every run) stays."""
    settings.register_profile("thorough", max_examples=THOROUGH, deadline=None)
    settings.register_profile("quick", max_examples=QUICK, deadline=None)
    settings.load_profile("quick")


def thorough_beside(values: Iterable[Any], *always: Any) -> list[Any]:
    """Parameters of a test, of which those that are not named ``always`` are left to `make test-all`."""
    return [one if one in always else pytest.param(one, marks=pytest.mark.thorough) for one in values]


def examples(thorough: int) -> int:
    """``thorough`` examples, or the fraction of them that the loaded profile takes."""
    return max(min(thorough, _FEWEST), thorough * settings().max_examples // THOROUGH)
