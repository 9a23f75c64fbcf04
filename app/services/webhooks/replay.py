"""Stored events again: look at them, apply them once more, or say what that would change.

A replay goes the same way as a delivery (``WebhookInbox.apply``), so it may be repeated: what is known changes
nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from app.cursors import Cursor
from app.domain.payments.derivation import derive, doubts
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import ChargeFact, IntentFact
from app.domain.payments.merge import ContradictoryFact, adopt, apply
from app.domain.payments.snapshot import Record, changes, record
from app.domain.payments.states import RefundState
from app.errors import DatabaseUnavailable, NotFound, PaydeskError
from app.gateway import webhooks
from app.ids import is_id
from app.models.pagination import Page, Position
from app.models.payments import repository
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventFilter, IgnoredReason, WebhookEvent
from app.services import audit
from app.services.webhooks.inbox import WebhookInbox

# States that a dry run keeps in mind, so that several events of one payment add up. Events of a payment are near each
# other, so the oldest may be forgotten, and memory stays small.
_MOST_REMEMBERED = 5000
UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """What a replay of one event did, or would do.

    ``state`` is the event's afterwards, or UNDECIDED where only Stripe could say. ``changes`` is what a history entry
    would say (``{field: [old, new]}``, of lists the new items); ``note`` is a sentence for people; ``failed`` means
    that the event could not be applied.
    """

    event_id: str
    type: str
    state: str
    payment_id: str | None = None
    changes: Record = field(default_factory=dict)
    note: str | None = None
    failed: bool = False


class WebhookReplay:
    """Use cases of ``flask webhooks``."""

    def __init__(self, inbox: WebhookInbox) -> None:
        self._inbox = inbox

    def page(self, where: EventFilter, *, limit: int, cursor: Cursor | None = None) -> Page:
        """The page of ``limit`` events that match at ``cursor``, newest first, without their payload."""
        return webhook_events.page(where, limit=limit, cursor=cursor)

    def get(self, event_id: str) -> WebhookEvent:
        """One event as stored. Raises NotFound."""
        event = webhook_events.find(event_id)
        if event is None:
            raise NotFound(f"There is no event {event_id}.")
        return event

    def count(self, where: EventFilter) -> int:
        """How many events ``select`` will give."""
        return webhook_events.count(where)

    def select(self, where: EventFilter, *, after: Position | None = None) -> Iterator[WebhookEvent]:
        """Every event that matches, oldest first; ``after`` is the last one that was seen."""
        return webhook_events.walk(where, after=after)

    def log(self, actor: str, selection: Mapping[str, Any], count: int) -> None:
        """Note in the audit log that ``actor`` replays ``count`` events, before the first of them is applied."""
        audit.append(audit.Action.EVENTS_REPLAYED, actor=actor, details={**selection, "count": count})

    def replay(self, events: Iterable[WebhookEvent]) -> Iterator[ReplayOutcome]:
        """Apply each event again. Raises DatabaseUnavailable, after which a repetition goes on where it matters."""
        for event in events:
            yield self._replay(event)

    def preview(self, events: Iterable[WebhookEvent]) -> Iterator[ReplayOutcome]:
        """What ``replay`` would do, without writing anything and without asking Stripe."""
        remembered: OrderedDict[str, PaymentState] = OrderedDict()
        for event in events:
            try:
                outcome = _preview(event, remembered)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - a payload that cannot be read fails a replay just so
                outcome = _outcome(event, "failed", note=f"{type(error).__name__}: {error}", failed=True)
            yield outcome

    def effects(self, event: WebhookEvent) -> ReplayOutcome:
        """What the event has changed up to now, by the payment's history."""
        made = _entries_of(event)
        payment_id = made[0][0] if made else _payment_id(event)
        return _outcome(event, event.state.value, payment_id=payment_id, changes=_merged(made))

    def _replay(self, event: WebhookEvent) -> ReplayOutcome:
        seen = _entries_of(event)
        try:
            state = self._inbox.apply(event.payload).value
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the inbox noted it on the event; the others go on
            reason = error.message if isinstance(error, PaydeskError) else str(error)
            return _outcome(event, "failed", note=f"{type(error).__name__}: {reason}", failed=True)
        made = _entries_of(event)[len(seen) :]
        payment_id = made[0][0] if made else _payment_id(event)
        return _outcome(event, state, payment_id=payment_id, changes=_merged(made))


def _preview(event: WebhookEvent, remembered: OrderedDict[str, PaymentState]) -> ReplayOutcome:
    if event.ignored_reason in {IgnoredReason.WRONG_MODE, IgnoredReason.OTHER_ACCOUNT}:
        return _outcome(event, "ignored", note="Events of the other mode or of another account are not read.")
    facts = webhooks.facts_of(event.payload)
    # The row has the intent of the charge where the object names the charge alone.
    intent_id = (facts[0].intent_id or event.payment_intent_id) if facts else None
    if not facts or not intent_id:
        return _outcome(event, "ignored", note="Events of this type, or about no payment intent, are not read.")
    fact = replace(facts[0], intent_id=intent_id)
    before = remembered.get(intent_id) or _known(fact)
    if before is None and not isinstance(fact, IntentFact):
        return _outcome(
            event,
            UNDECIDED,
            note="No payment has this intent; Stripe would be asked first which payment it belongs to.",
        )
    if isinstance(fact, IntentFact) and before is None and not fact.is_ours:
        return _outcome(event, "ignored", note="The payment intent was not made by this service.")
    try:
        after = apply(before, fact) if before else adopt(cast(IntentFact, fact), fact.intent_id or "")
    except ContradictoryFact as error:
        return _outcome(event, "failed", note=str(error), failed=True)
    remembered[intent_id] = after
    remembered.move_to_end(intent_id)
    if len(remembered) > _MOST_REMEMBERED:
        remembered.popitem(last=False)
    old, new = (record(derive(before)) if before else None), record(derive(after))
    changed = changes(old, new) if old != new else {}
    # One that an earlier event of this run would make has no id yet.
    payment_id = before.payment_id if before and is_id(before.payment_id) else None
    return _outcome(event, "applied", payment_id=payment_id, changes=changed, note=_would_ask(after, new, fact, old))


def _known(fact: Any) -> PaymentState | None:
    """The payment that the fact would go to: the one of its intent, or the row that waits for it."""
    stored = repository.find_by_intent(fact.intent_id)
    if stored is None and isinstance(fact, IntentFact):
        waiting = repository.find(fact.payment_id or "")
        if waiting and waiting.state.intent_id is None and waiting.state.order_id == fact.order_id:
            stored = waiting
    return stored.state if stored else None


def _would_ask(after: PaymentState, new: Record, fact: Any, old: Record | None) -> str | None:
    """What would be fetched from Stripe, so that more may change than this preview says."""
    notes = [] if old else ["A payment would be made for this intent, as Stripe has it then."]
    if reasons := doubts(after, derive(after)):
        notes.append(f"The intent would be fetched from Stripe as well ({', '.join(sorted(reasons))}).")
    known_amount = sum(
        refund["amount"]
        for refund in new["refunds"]
        if refund["stripe_refund_id"] and not RefundState(refund["status"]).returned
    )
    if isinstance(fact, ChargeFact) and fact.amount_refunded > known_amount:
        notes.append("The refunds of the intent would be fetched from Stripe as well.")
    return " ".join(notes) or None


def _entries_of(event: WebhookEvent) -> list[tuple[str, dict[str, Any]]]:
    """(payment id, history entry) of everything that the event has changed so far, in order."""
    intent_id = event.payment_intent_id
    payment_id, history = (intent_id and repository.history_of_intent(intent_id)) or ("", [])
    return [(payment_id, entry) for entry in history if entry.get("reference") == event.id]


def _merged(entries: Iterable[tuple[str, dict[str, Any]]]) -> Record:
    """The changes of several history entries as those of one."""
    merged: Record = {}
    for _, entry in entries:
        for name, change in entry["changes"].items():
            # An item of a list is given as it is now, a plain field from the first value to the last.
            is_pair = name in merged and not _is_item_list(change) and not _is_item_list(merged[name])
            merged[name] = [merged[name][0], change[1]] if is_pair else change
    return merged


def _payment_id(event: WebhookEvent) -> str | None:
    stored = repository.find_by_intent(event.payment_intent_id) if event.payment_intent_id else None
    return stored.id if stored else None


def _is_item_list(change: Any) -> bool:
    return bool(change) and isinstance(change[0], Mapping) and "created_at" in change[0]


def _outcome(event: WebhookEvent, state: str, **more: Any) -> ReplayOutcome:
    return ReplayOutcome(event_id=event.id, type=event.type, state=state, **more)
