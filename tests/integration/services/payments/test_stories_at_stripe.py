"""Random stories played at the sandbox within a second: however their events reach us, the payment is the true one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from app.factory import create_app
from app.models.payments.document import PaymentDocument
from app.services.audit import check_payment
from config import Settings
from tests.integration.flows.erp import new_order
from tests.support import judge, load, tokens
from tests.support.profiles import examples
from tests.support.sandbox import SandboxProcess
from tests.support.webhooks import WEBHOOK_PATH, signed

FAILING = ["declined", "3ds_declined", "3ds_failed", "3ds_open"]
# How we came to know a payment, and not what it is. Of open_slot see the last test.
HIDDEN = ("history", "updated_at", "version", "evidence", "open_slot", "creating_until")
Refund = tuple[int, bool, bool]


@dataclass(frozen=True)
class Plan:
    """What customers, banks and merchants will do; a refund is (amount, asked for here, fails later)."""

    here: bool
    failing: list[tuple[str, int]]
    end: str
    refunds: list[Refund]
    disputes: list[tuple[bool, str | None]]
    seed: int


plans = st.builds(
    Plan,
    here=st.booleans(),
    failing=st.lists(st.tuples(st.sampled_from(FAILING), st.integers(0, 2)), max_size=4),
    end=st.sampled_from([load.VISA, load.CHALLENGED, load.PENDING_REFUNDS, load.FAILING_REFUNDS, "cancel", "leave"]),
    refunds=st.lists(st.tuples(st.integers(1, 3_000), st.booleans(), st.booleans()), max_size=3),
    disputes=st.lists(
        st.one_of(
            st.tuples(st.just(True), st.sampled_from([None, "warning_closed"])),
            st.tuples(st.just(False), st.sampled_from([None, "won", "lost"])),
        ),
        max_size=2,
    ),
    seed=st.integers(0, 2**32),
)


@dataclass
class Service:
    """Paydesk in this process, and the sandbox that it asks."""

    client: FlaskClient
    settings: Settings
    sandbox: SandboxProcess
    database: Database[dict[str, Any]]
    last_event: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self.client.post(f"/api/v1/payments/stripe/{path}", json=body, headers=self.headers)

    def deliver(self, event: dict[str, Any]) -> None:
        body, headers = signed(event, self.settings.stripe_webhook_secret[0])
        answer = self.client.post(WEBHOOK_PATH, data=body, headers=headers)
        assert answer.status_code == 200, (event["type"], answer.json)

    def new_events(self) -> list[dict[str, Any]]:
        found = judge.events_after(self.sandbox, self.last_event)
        if found:
            self.last_event = found[-1]["id"]
        return found

    def payment(self, intent_id: str) -> dict[str, Any]:
        found = list(self.database["payments"].find({"payment_intent_id": intent_id}))
        assert len(found) == 1, found
        assert check_payment(found[0]) == []
        return found[0]

    def forget(self, intent_id: str) -> None:
        """As if we had never heard of the intent."""
        self.database["payments"].delete_many({"payment_intent_id": intent_id})
        self.database["webhook_events"].delete_many({"payment_intent_id": intent_id})


@pytest.fixture(scope="module", params=["2023-10-16", "2026-10-28.endive"])
def service(
    request: pytest.FixtureRequest, settings: Settings, sandbox: SandboxProcess, database: Database[dict[str, Any]]
) -> Iterator[Service]:
    """Calls and events in one version; tests/integration/flows crosses them."""
    settings = replace(settings, stripe_api_version=request.param)
    sandbox.put("settings", {"api_version": request.param})
    sandbox.hold_webhooks()
    headers = {"Authorization": f"Bearer {tokens.mint(settings)}"}
    assert PaymentDocument._get_collection_name() == "payments"
    yield Service(create_app(settings).test_client(), settings, sandbox, database, headers=headers)
    sandbox.put("settings", {"api_version": "2023-10-16"})


class Play:
    """One story on its way: after each step some of the events so far arrive, and we ask Stripe now and then."""

    def __init__(self, service: Service, plan: Plan) -> None:
        self.service, self.plan = service, plan
        self.chance = random.Random(plan.seed)
        self.order = new_order()
        self.events: list[dict[str, Any]] = []
        if plan.here:
            opened = self.open()
            assert opened.status_code == 201, opened.json
            self.intent_id = opened.json["payment_intent_id"]
        else:
            self.intent_id = load.new_intent(service.sandbox, self.order)

    def steps(self) -> Iterator[Callable[[], Any]]:
        """What happens, one thing after the other."""
        sandbox, plan = self.service.sandbox, self.plan
        for kind, choice in plan.failing:
            yield partial(load.failing_attempt, sandbox, self.intent_id, kind, choice)
        if plan.end == "cancel":
            yield partial(sandbox.stripe, "POST", f"/v1/payment_intents/{self.intent_id}/cancel")
        elif plan.end != "leave":
            yield partial(sandbox.pay, self.intent_id, plan.end)
            for amount, asked_here, fails in plan.refunds:
                yield partial(self.refund, amount, asked_here, fails)
            for inquiry, outcome in plan.disputes:
                yield partial(self.dispute, inquiry, outcome)

    def play(self) -> None:
        for step in self.steps():
            self.arrive()
            step()
        self.events += self.service.new_events()
        rest = [*self.events, *self.chance.choices(self.events, k=len(self.events) // 2)]
        self.chance.shuffle(rest)
        for event in rest:
            self.service.deliver(event)
            if self.chance.random() < 0.1:
                self.confirm()

    def arrive(self) -> None:
        """Some of the events so far, in any order, and perhaps a request that makes us fetch the intent."""
        self.events += self.service.new_events()
        wanted = self.chance.sample(self.events, self.chance.randint(0, len(self.events)) // 2)
        for event in wanted:
            self.service.deliver(event)
        asked = self.chance.random()
        if asked < 0.4:
            self.confirm()
        elif asked < 0.6 and self.plan.here and not self.is_over():
            assert self.open().status_code == 201

    def is_over(self) -> bool:
        """After the end of a payment its order may be paid anew, which would be another story."""
        intent = self.service.sandbox.stripe("GET", f"/v1/payment_intents/{self.intent_id}")
        return intent["status"] in {"succeeded", "canceled"}

    def open(self) -> Any:
        return self.service.post("create-intent", {"order_id": self.order, "customer_id": "customer-1", "amount": 100})

    def confirm(self) -> None:
        body = {"payment_intent_id": self.intent_id, "order_id": self.order}
        assert self.service.post("confirm", body).status_code in {200, 402, 409}

    def refund(self, amount: int, asked_here: bool, fails: bool) -> None:
        sandbox = self.service.sandbox
        if asked_here:
            self.confirm()
            payment_id = self.service.payment(self.intent_id)["_id"]
            body = {"amount": amount / 100, "reason": "broken", "notes": "on arrival"}
            answer = self.service.post(f"refund/{payment_id}", body)
            assert answer.status_code == 201, answer.json
            made = {"id": answer.json["stripe_refund_id"], "status": answer.json["status"]}
        else:
            made = load.refund(sandbox, self.intent_id, amount)
        if fails:
            if self.chance.random() < 0.5:
                self.arrive()
            sandbox.post(f"refunds/{made['id']}/settle", {"status": "failed"})

    def dispute(self, inquiry: bool, outcome: str | None) -> None:
        sandbox = self.service.sandbox
        opened = sandbox.post("disputes", {"payment_intent": self.intent_id, "inquiry": inquiry, "amount": 2_000})
        if outcome:
            if self.chance.random() < 0.5:
                self.arrive()
            sandbox.post(f"disputes/{opened['id']}/close", {"outcome": outcome})


def visible(payment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payment.items() if name not in HIDDEN}


@pytest.mark.timeout(240)
@settings(
    max_examples=examples(25),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(plan=plans)
def test_a_story_ends_alike_however_it_is_told(service: Service, plan: Plan) -> None:
    play = Play(service, plan)
    play.play()
    told_anyhow = service.payment(play.intent_id)
    service.forget(play.intent_id)
    for event in play.events:
        service.deliver(event)
    told_in_order = service.payment(play.intent_id)

    assert visible(told_anyhow) == visible(told_in_order)
    truth = judge.Truth.of_one(service.sandbox, play.intent_id, play.events)
    assert judge.differences(truth, {play.intent_id: told_anyhow}) == []


def test_an_open_payment_that_was_adopted_is_opened_again(service: Service) -> None:
    """DESIGN section 2: create-intent for an order whose payment is still open returns the same intent."""
    service.last_event = None  # the sandbox was emptied after the stories
    order = new_order()
    intent_id = load.new_intent(service.sandbox, order)
    for event in service.new_events():
        service.deliver(event)
    assert service.payment(intent_id)["status"] == "pending"
    body = {"order_id": order, "customer_id": "customer-1", "amount": 100}
    answer = service.post("create-intent", body)
    assert answer.status_code == 201, answer.json
    assert answer.json["payment_intent_id"] == intent_id
