"""Our tables against the reference material on Stripe, where that is at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.domain.declines import FailureGroup, explain

REFERENCE = Path(os.environ.get("PAYDESK_STRIPE_REFERENCE", Path(__file__).parents[2].parent / "shared" / "stripe"))


@pytest.fixture(scope="module")
def documented() -> dict[str, Any]:
    path = REFERENCE / "decline-codes.json"
    if not path.exists():
        pytest.skip("the Stripe reference folder ../shared/stripe is not beside this repository")
    table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return table


def test_every_documented_decline_code_is_explained(documented: dict[str, Any]) -> None:
    for code, row in documented.items():
        ours = explain(None, code)
        assert (ours.code, ours.meaning, ours.retryable, ours.conceal_from_customer) == (
            code,
            row["meaning"],
            row["retryable"],
            row["conceal_from_customer"],
        )
        assert ours.group in FailureGroup
