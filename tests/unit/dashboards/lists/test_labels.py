"""Each state of each enum has one label."""

from __future__ import annotations

from enum import StrEnum

import pytest

from app.domain.payments.methods import Card
from app.domain.payments.states import (
    AttemptStatus,
    AuthenticationOutcome,
    DisputeStatus,
    PaymentStatus,
    RefundState,
    RefundStatus,
)
from app.domain.permissions import Role
from app.models.reconciliation.reports import RunState
from app.models.webhooks.events import EventState
from app.services.audit import Action
from app.services.reconciliation.compare import DriftKind
from dashboards.lists import labels
from dashboards.lists.labels import Label, Table

TABLES: list[tuple[type[StrEnum], Table]] = [
    (PaymentStatus, labels.PAYMENT),
    (RefundStatus, labels.REFUNDED),
    (RefundState, labels.REFUND),
    (DisputeStatus, labels.DISPUTE),
    (AttemptStatus, labels.ATTEMPT),
    (AuthenticationOutcome, labels.AUTHENTICATION),
    (EventState, labels.EVENT),
    (RunState, labels.RUN),
    (DriftKind, labels.DRIFT),
    (Role, labels.ROLE),
    (Action, labels.ACTION),
]


@pytest.mark.parametrize(("states", "table"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_state_has_a_label_of_its_own(states: type[StrEnum], table: Table) -> None:
    assert set(table) == set(states)
    assert len({label.word for label in table.values()}) == len(table)
    for label in table.values():
        assert label.word[0].isupper()
        assert label.tone in {"good", "bad", "wait", "note"}
    assert labels.options(table) == [(state.value, table[state].word) for state in table]
    for state in states:
        assert labels.label_of(table, state.value) == table[state], "documents hold the plain text"


def test_a_state_that_stripe_adds_later_is_shown_by_its_name() -> None:
    assert labels.label_of(labels.DISPUTE, "evidence_lost") == Label("Evidence lost", "wait")
    assert labels.humanize("insufficient_funds") == "Insufficient funds"
    assert labels.humanize("jcb") == "JCB"


def test_the_answer_to_a_request_has_its_own_label() -> None:
    assert labels.source("refund") == "Refund requested"
    assert labels.source("refund", is_answer=True) == "Stripe answered the refund request"
    assert labels.source("webhook", is_answer=True) == "Webhook from Stripe"


def test_cards_are_shown_as_on_receipts() -> None:
    assert labels.card(Card("visa", "4242", "US")) == "Visa •••• 4242"
    assert labels.card(Card(None, "4242", None)) == "Card •••• 4242"
    assert labels.card(None) == labels.card(Card("visa", None, None)) == "No card"
