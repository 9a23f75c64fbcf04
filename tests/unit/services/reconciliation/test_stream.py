from __future__ import annotations

from app.domain.payments.facts import RefundFact
from app.domain.payments.states import RefundState
from app.gateway.lists import RelatedFact
from app.services.reconciliation.stream import Waiting


def told(intent_id: str, number: int) -> RelatedFact:
    fact = RefundFact(
        stripe_refund_id=f"re_{number}",
        refund_id=None,
        intent_id=intent_id,
        charge_id=None,
        amount=1,
        currency="usd",
        status=RefundState.SUCCEEDED,
        reason=None,
        failure_reason=None,
        created=number,
        as_of=number,
    )
    return RelatedFact(intent_id=intent_id, fact=fact, intent_created=None)


def test_facts_are_taken_once() -> None:
    waiting = Waiting()
    for number in range(3):
        waiting.add(told("pi_1", number))
    taken = waiting.take("pi_1")
    assert taken is not None and len(taken) == 3
    assert waiting.take("pi_1") == []


def test_beyond_the_limit_only_ids_are_kept() -> None:
    waiting = Waiting(most=3)
    for number in range(5):
        waiting.add(told(f"pi_{number}", number))
    waiting.add(told("pi_0", 9))  # it came too late to be whole
    assert waiting.take("pi_0") is None
    assert waiting.take("pi_0") == []
    assert waiting.take("pi_4") is not None
    rest = dict(waiting.rest())
    assert rest.keys() == {"pi_1", "pi_2", "pi_3"}
    assert rest["pi_1"] is None and rest["pi_3"]
    assert list(waiting.rest()) == []
