"""What is stored is the whole state, in the shape that the document class declares."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from bson import BSON, CodecOptions
from hypothesis import given
from mongoengine import Document

from app.domain.payments import history
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import RefundRequested
from app.domain.payments.merge import apply
from app.domain.payments.snapshot import changes, record
from app.models.payments.document import PaymentDocument
from app.models.payments.mapping import document_of, payment_of, refund_document, refund_of, state_of
from app.models.payments.writes import document_for
from tests.unit.domain.payments.stories import AMOUNT, START, Story, stories

ROW = PaymentState(
    payment_id="65f0c0ffee65f0c0ffee65f0",
    order_id="o1",
    customer_id="c1",
    amount=AMOUNT,
    currency="usd",
    opened_at=START,
    description="Two chairs",
)


def stored(state: PaymentState) -> dict[str, object]:
    """The document as MongoDB would give it back: encoded to BSON and decoded again."""
    new = record(derive(state))
    entry = history.next_entry(
        None, at=1, source="test", reference=None, actor=None, changes=changes(None, new), record=new
    )
    document = document_for(state, new, entry)
    return BSON.encode(document).decode(CodecOptions(tz_aware=True))


@given(story=stories())
def test_the_state_comes_back_as_it_was(story: Story) -> None:
    state = reduce(apply, story.facts, ROW)
    asked = RefundRequested(refund_id="r1", amount=5, reason="late", notes="n", requested_by="ann", requested_at=START)
    state = apply(state, asked)
    assert state_of(stored(state)) == state


@given(story=stories())
def test_the_document_is_what_its_class_declares(story: Story) -> None:
    state = reduce(apply, story.facts, ROW)
    document: Document = PaymentDocument._from_son(
        {**stored(state), "updated_at": derive(state).created_at, "version": 1}
    )
    document.updated_at = document.created_at
    document.validate()


@given(story=stories())
def test_readers_see_the_payment_that_writers_derived(story: Story) -> None:
    state = reduce(apply, story.facts, ROW)
    document = stored(state)
    assert replace(payment_of(document), history=()) == derive(state)
    again = document_of(payment_of(document))
    assert again == {**{name: document[name] for name in again if name != "updated_at"}, "updated_at": None}
    assert tuple(refund_of(refund_document(refund)) for refund in derive(state).refunds) == derive(state).refunds


@given(story=stories())
def test_the_last_history_entry_vouches_for_what_is_stored(story: Story) -> None:
    state = reduce(apply, story.facts, ROW)
    again = state_of(stored(state))
    assert history.problems(stored(state)["history"], record(derive(again))) == []  # type: ignore[arg-type]
