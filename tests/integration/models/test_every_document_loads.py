"""Every document of every collection is what its MongoEngine class declares, no field more and none less."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from mongoengine.errors import MongoEngineException
from pymongo.database import Database

from app.clock import now
from app.domain.money import Money
from app.domain.payments.facts import (
    ClosingRefused,
    ClosingUnanswered,
    Fact,
    IntentFact,
    IntentRefused,
    KeySpent,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundUnanswered,
)
from app.domain.payments.states import CaptureMethod, ClosingKind
from app.domain.permissions import Role
from app.errors import PaydeskError, StripeConfigurationError, StripeUnavailable
from app.extensions import services
from app.gateway.redaction import strip_event
from app.gateway.webhooks import StripeFact
from app.ids import new_id
from app.models import idempotency
from app.models.accounts import users
from app.models.document import StoredDocument
from app.models.indexes import document_classes
from app.models.payments.document import PaymentDocument
from app.models.webhooks import events as webhook_events
from app.models.worker import leases as lease_rows
from app.services import accounts
from app.services.payments.opening import NewPayment
from app.services.payments.updates import Source, learn, stored_payment_of
from app.services.refunds.service import RefundRequest
from app.services.webhooks.inbox import _row
from app.services.worker.leases import LIFE, Leases
from tests.support.profiles import examples
from tests.support.sandbox import SandboxProcess
from tests.unit.domain.payments.stories import START, Simulator, Story, stories
from tests.unit.domain.payments.test_closings import HOLD, INTENT, requested

SOURCE = Source(channel="test", reference="evt_1", actor="test")
DECLINED = "4000000000000002"
CHALLENGED = "4000002760003184"
DISPUTED = "4000000000000259"
INQUIRED = "4000000000001976"
PENDING_REFUNDS = "4000000000007726"
FAILING_REFUNDS = "4000000000005126"


ABSENT = "absent"


def test_every_stored_document_is_what_its_class_declares(
    app: Flask, sandbox: SandboxProcess, bearer: dict[str, str], database: Database[dict[str, Any]]
) -> None:
    sandbox.hold_webhooks()
    with app.app_context():
        assert store_stories() | store_our_own_facts() == set(get_args(Fact))
        use_the_service(app, sandbox, bearer)
    classes = {kind._get_collection_name(): kind for kind in document_classes()}
    stored = {name: list(database[name].find()) for name in database.list_collection_names()}
    assert {name for name, rows in stored.items() if rows} == set(classes)
    drift = {problem for name, rows in stored.items() for row in rows for problem in problems(classes[name], row)}
    drift |= {
        f"{kind.__name__}.{field.db_field} is declared and never stored"
        for name, kind in classes.items()
        for field in kind._fields.values()
        if not any(field.db_field in row for row in stored[name])
    }
    assert not drift, "\n".join(sorted(drift))


def problems(kind: type[StoredDocument], row: dict[str, Any]) -> Iterator[str]:
    """What differs between a stored document and the same document loaded and written by its class."""
    try:
        document = kind._from_son(row)
        document.validate()
    except MongoEngineException as error:
        yield f"{kind.__name__}: {error}"
    else:
        yield from differences(kind.__name__, row, document.to_mongo())


def differences(path: str, stored: Any, written: Any) -> Iterator[str]:
    if isinstance(stored, Mapping) and isinstance(written, Mapping):
        for name in stored.keys() | written.keys():
            yield from differences(f"{path}.{name}", stored.get(name, ABSENT), written.get(name, ABSENT))
    elif isinstance(stored, list) and isinstance(written, list) and len(stored) == len(written):
        for before, after in zip(stored, written, strict=True):
            yield from differences(f"{path}[]", before, after)
    elif stored != written:
        yield f"{path}: {stored!r} would be written as {written!r}"


def store_stories() -> set[type]:
    """Store random stories as payments; returns the types of their facts."""
    types: set[type] = set()
    count = 0

    @profile(
        max_examples=examples(40),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(story=stories())
    def store(story: Story) -> None:
        nonlocal count
        count += 1
        types.update(map(type, story.facts))
        first, *others = [of_intent(fact, count) for fact in story.facts]
        assert isinstance(first, IntentFact)
        assert stored_payment_of(first, SOURCE, further=others)

    store()
    return types


def of_intent(fact: Fact, number: int) -> Fact:
    """The fact as one about another payment."""
    if not isinstance(fact, StripeFact):
        return fact
    changed = replace(fact, intent_id=f"pi_{number}")
    if not isinstance(changed, IntentFact):
        return changed
    return replace(changed, order_id=f"o{number}", payment_id=f"{number:024x}")


def store_our_own_facts() -> set[type]:
    """Store what only we can say of a payment; returns the types of those facts."""
    simulator = Simulator()
    simulator.attempt("ok", 1)
    first, *others = [of_intent(fact, 0) for fact in simulator.story.facts]
    assert isinstance(first, IntentFact)
    stored = stored_payment_of(first, SOURCE, further=others)
    assert stored
    requests = [
        RefundRequested(
            refund_id=f"r{number}",
            amount=100,
            reason="late",
            notes="a gift",
            requested_by="finance@example.com",
            requested_at=START + 9,
            stripe_reason="duplicate" if number else None,
        )
        for number in range(3)
    ]
    ours: list[Fact] = [
        *requests,
        RefundUnanswered(refund_id="r0"),
        RefundRefused(refund_id="r1", failure_reason="charge_disputed"),
        RefundRefused(refund_id="r2", failure_reason="insufficient_funds"),
        RefundSettled(refund_id="r2", settled_by="finance@example.com"),
    ]
    learn(stored, ours, SOURCE)
    other = of_intent(first, 10_000)
    assert isinstance(other, IntentFact)
    refused = stored_payment_of(other, SOURCE)
    assert refused
    refusal = IntentRefused(code="currency_unsupported", refused_at=START)
    learn(refused, [refusal], SOURCE)
    closings = hold_and_close()
    return {type(fact) for fact in [*ours, refusal, *closings]}


def hold_and_close() -> list[Fact]:
    """A hold, a capture of it that was refused, and a cancellation whose outcome is unknown."""
    held = replace(INTENT, intent_id="pi_held", order_id="o-held", charge=replace(HOLD, intent_id="pi_held"))
    stored = stored_payment_of(held, SOURCE)
    assert stored
    facts: list[Fact] = [
        requested(0, 2),
        ClosingRefused(closing_id="c0", reason="amount_exceeds_capturable"),
        requested(1, 3, ClosingKind.CANCEL),
        ClosingUnanswered(closing_id="c1", unanswered_at=START + 4),
        KeySpent(subject="c1", number=2),
    ]
    learn(stored, facts, SOURCE)
    return facts


def use_the_service(app: Flask, sandbox: SandboxProcess, bearer: dict[str, str]) -> None:
    """Do once all that people, the ERP, Stripe and the worker do."""
    call_the_api(app, sandbox, bearer)
    take_something_else(sandbox)
    refund_every_way(sandbox)
    receive_events(sandbox)
    settle_what_failed()
    work_as_people_do(app)
    compare_with_stripe(sandbox)
    work_as_a_worker_does()
    leave_work_open(sandbox)


def opened(order: str, key: str | None = None) -> Any:
    wanted = NewPayment(order_id=order, customer_id="c1", money=Money(5000, "usd"), description="Two chairs")
    return services.payments.open(wanted, caller="shop", key=key)


def paid(sandbox: SandboxProcess, order: str, card: str = "4242424242424242") -> str:
    """A payment that was tried once, however that ended; its id."""
    payment = opened(order)
    sandbox.pay(payment.payment_intent_id, card)
    with contextlib.suppress(PaydeskError):
        services.payments.confirm(payment.payment_intent_id, order, customer=None, caller="shop", key=None)
    return str(payment.payment_id)


def call_the_api(app: Flask, sandbox: SandboxProcess, bearer: dict[str, str]) -> None:
    client = app.test_client()
    body = {"order_id": "api-1", "customer_id": "c1", "amount": 50, "currency": "usd"}
    keyed = {**bearer, "Idempotency-Key": "key-1"}
    for _ in range(2):
        assert client.post("/api/v1/payments/stripe/create-intent", json=body, headers=keyed).status_code == 201
    # A final error is kept for its key, one that is not final leaves the record open.
    unpaid = {"payment_intent_id": opened("api-2").payment_intent_id, "order_id": "api-2"}
    again = {**bearer, "Idempotency-Key": "key-2"}
    assert client.post("/api/v1/payments/stripe/confirm", json=unpaid, headers=again).status_code == 409
    sandbox.fault(match={"method": "POST", "path": "^/v1/payment_intents$"}, times=2, effect="answer_lost")
    body |= {"order_id": "api-3"}
    lost = {**bearer, "Idempotency-Key": "key-3"}
    assert client.post("/api/v1/payments/stripe/create-intent", json=body, headers=lost).status_code == 503


def take_something_else(sandbox: SandboxProcess) -> None:
    """A payment whose amount was changed at Stripe, and a hold of which a part was captured there."""
    changed = opened("changed-1").payment_intent_id
    sandbox.stripe("POST", f"/v1/payment_intents/{changed}", {"amount": 4000})
    sandbox.pay(changed)
    wanted = NewPayment(
        order_id="held-1", customer_id="c1", money=Money(5000, "usd"), capture_method=CaptureMethod.MANUAL
    )
    held = services.payments.open(wanted, caller="shop", key=None).payment_intent_id
    sandbox.pay(held)
    sandbox.stripe("POST", f"/v1/payment_intents/{held}/capture", {"amount_to_capture": 3000})
    for intent, order in ((changed, "changed-1"), (held, "held-1")):
        services.payments.confirm(intent, order, customer=None, caller="shop", key=None)


def refund_every_way(sandbox: SandboxProcess) -> None:
    for number, card in enumerate(
        [DECLINED, CHALLENGED, DISPUTED, INQUIRED, PENDING_REFUNDS, FAILING_REFUNDS, "4242424242424242"]
    ):
        payment_id = paid(sandbox, f"order-{number}", card)
        order = RefundRequest(
            payment_id=payment_id, amount=Decimal(10), reason="late", requested_by="finance@example.com"
        )
        services.refunds_from_dashboard.keep_draft({"amount": "10"}, account="a1", key=f"draft-{number}")
        with contextlib.suppress(PaydeskError):
            services.refunds_from_dashboard.refund(order, account="a1", key=f"key-{number}")


def receive_events(sandbox: SandboxProcess) -> None:
    """Every event that the sandbox has to tell, one of them failed and one still waiting."""
    page = sandbox.stripe("GET", "/v1/events", {"limit": 100})
    events = [strip_event(event) for event in reversed(page["data"])]
    for event in [*events, *events]:
        webhook_events.receive(event["id"], _row(event), now=now())
    for event in events[2:]:
        services.webhooks.apply(event)
    webhook_events.fail(events[0]["id"], "StripeUnavailable")
    warning = {"object": "radar.early_fraud_warning", "id": "issfr_1", "payment_intent": "pi_foreign", "created": 1}
    theirs = [
        event_like(events[0], "evt_theirs", type="radar.early_fraud_warning.created", data={"object": warning}),
        event_like(events[0], "evt_connected", account="acct_connected"),
    ]
    for event in theirs:
        webhook_events.receive(event["id"], _row(event), now=now())
        services.webhooks.apply(event)


def event_like(event: dict[str, Any], event_id: str, **changes: Any) -> dict[str, Any]:
    return {**event, "id": event_id, **changes}


def settle_what_failed() -> None:
    failed = [
        (payment["_id"], refund["id"])
        for payment in PaymentDocument.objects.as_pymongo()
        for refund in payment["refunds"]
        if refund["status"] == "failed"
    ]
    assert failed
    for payment_id, refund_id in failed:
        services.refunds_from_dashboard.settle(str(payment_id), refund_id, actor="finance@example.com")


def work_as_people_do(app: Flask) -> None:
    password = "correct horse battery staple"
    accounts.create("admin@example.com", password, Role.ADMIN, actor="test", temporary=True)
    locked = accounts.create("locked@example.com", password, Role.VIEWER, actor="test")
    users.lock(locked.id, until=now() + timedelta(minutes=15))
    admin = accounts.authenticate("admin@example.com", password, address="192.0.2.1")
    assert admin
    accounts.begin_session(admin)
    client = app.test_client()
    assert client.get("/login").status_code == 200


def compare_with_stripe(sandbox: SandboxProcess) -> None:
    """Drift that is found and not repaired, drift that is repaired, one payment, and a run that breaks off."""
    sandbox.pay(opened("drift-1").payment_intent_id)
    past = now() - timedelta(days=1)
    run = services.reconciliation.run(since=past, actor="test")
    assert run.drift_total
    services.reconciliation.run(since=past, repair=True, actor="test")
    sandbox.fault(match={"method": "GET", "path": "^/v1/payment_intents"}, times=5, effect="answer_lost")
    with pytest.raises(PaydeskError):
        services.reconciliation.payment(opened("drift-2").payment_id, actor="test")


def work_as_a_worker_does() -> None:
    for _ in services.figures.build():
        pass
    opened("late-1")
    services.figures.catch_up()
    opened("late-2")
    leases = Leases()
    leases.renew()
    with leases.hold("payments") as held:
        assert held
    with pytest.raises(RuntimeError), leases.hold("figures"):
        raise RuntimeError("a job that fails")


def leave_work_open(sandbox: SandboxProcess) -> None:
    """A request, a call to Stripe, a job and a fault of the operator that have not ended."""
    words = {"message": "Received unknown parameter: hooks", "code": "parameter_unknown", "param": "hooks"}
    sandbox.fault(match={"method": "POST", "path": "^/v1/refunds$"}, times=1, effect="400", error=words)
    with pytest.raises(StripeConfigurationError):
        services.refunds.refund(
            RefundRequest(payment_id=paid(sandbox, "api-4"), requested_by="shop"), customer=None, key=None
        )
    idempotency.claim("0" * 64, "fingerprint", new_id(), now=now(), until=now() + timedelta(minutes=1))
    sandbox.fault(match={"method": "POST", "path": "^/v1/payment_intents$"}, times=2, effect="answer_lost")
    with pytest.raises(StripeUnavailable):
        opened("lost-1")
    assert lease_rows.acquire("sweep", "worker-1", LIFE)
