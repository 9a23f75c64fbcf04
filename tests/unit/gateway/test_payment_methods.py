"""The parameter that names the payment methods, in every API version."""

from __future__ import annotations

import pytest

from app.gateway.payment_methods import chosen


@pytest.mark.parametrize(
    ("methods", "version", "expected"),
    [
        (["card"], "2023-10-16", {"payment_method_types": ["card"]}),
        (["card"], "2026-08-26.dahlia", {"payment_method_types": ["card"]}),
        (["card"], "2026-09-30.endive", {"allowed_payment_method_types": ["card"]}),
        (["card", "sepa_debit"], "2026-10-28.endive", {"allowed_payment_method_types": ["card", "sepa_debit"]}),
        (["automatic"], "2023-10-16", {"automatic_payment_methods": {"enabled": True}}),
        (["automatic"], "2026-10-28.endive", {"automatic_payment_methods": {"enabled": True}}),
    ],
)
def test_each_version_takes_its_own_parameter(methods: list[str], version: str, expected: dict[str, object]) -> None:
    assert chosen(methods, version) == expected
