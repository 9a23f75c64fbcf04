"""Stripe's lists as facts, a page of 100 at a time and newest first, for reconciliation.

Which lists, and why: within 30 days Stripe's events have everything, but a payment has three to six of them, while the
objects themselves give their present state once. So the objects are listed (intents, charges, refunds, disputes), and
events only of the types that report what no list by creation time can: a 3-D Secure request that left no charge, and a
change of something that was made before the range (a refund that failed, a dispute that closed, an intent canceled).
That is about two and a half objects for a payment instead of five. Beyond 30 days Stripe has no events; there a failed
3-D Secure request without a charge is known only from ``last_payment_error`` of its intent.

Sources: docs.stripe.com/api/pagination, /api/expanding_objects, /api/events/list (30 days, at most 20 types),
/rate-limits.

Uses client, metadata, snapshots, webhooks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import stripe
import structlog

from app.domain.payments.facts import Fact, IntentFact
from app.errors import StripeUnavailable
from app.gateway import metadata
from app.gateway.client import StripeGateway, answered_at, object_of
from app.gateway.snapshots import charge_fact, dispute_fact, intent_fact, refund_fact
from app.gateway.webhooks import facts_of

T = TypeVar("T")
Object = Mapping[str, Any]
logger = structlog.get_logger(__name__)

EVENT_DAYS = 30
_PAGE = 100
# A long run meets more hiccups than a request does, and no request waits for its answer.
_PATIENT: dict[str, Any] = {"max_network_retries": 3}
# After "too many requests", which the SDK does not try again by itself.
_PAUSES_SECONDS = (1, 2, 4, 8, 15, 30)
_EVENT_TYPES = (
    "payment_intent.requires_action payment_intent.payment_failed payment_intent.canceled "
    "charge.captured charge.expired refund.updated refund.failed charge.refund.updated "
    "charge.dispute.updated charge.dispute.closed charge.dispute.funds_withdrawn charge.dispute.funds_reinstated "
    "radar.early_fraud_warning.created radar.early_fraud_warning.updated review.opened review.closed"
).split()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentPage:
    """Payment intents with their latest charge. ``last_id`` is where the next page begins; None after the last."""

    intents: list[IntentFact]
    last_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedFact:
    """A fact about an intent, from a list that does not have the whole intent.

    ``intent_created`` is known where the list had the intent as well.
    """

    intent_id: str
    fact: Fact
    intent_created: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedPage:
    """The facts of one page about intents that may be ours; ``lowest`` is the oldest creation time on it."""

    facts: list[RelatedFact]
    listed: int
    lowest: int | None
    last_id: str | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """A page as Stripe sent it, in the place where the SDK's objects have it."""

    last_response: Any


ReadPage = Callable[[str | None], RelatedPage]


class StripeListing:
    """Reads lists. Every method raises the errors of the gateway, once patience with Stripe is over."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    def intents(self, *, since: int, after: str | None) -> IntentPage:
        """A page of the intents created since a Unix time, as they are now."""
        params = {**_range(since, after), "expand": ["data.latest_charge"]}
        rows, more, as_of = self._page("payment_intents", params)
        facts = [intent_fact(row, as_of=as_of) for row in rows]
        return IntentPage(intents=facts, last_id=facts[-1].intent_id if more and facts else None)

    def related(self, *, since: int, with_intents: bool) -> dict[str, ReadPage]:
        """Readers of everything else that was created since a Unix time, by name.

        Objects of other applications are left out where the list shows whose they are. ``with_intents`` makes charges
        say when their intent was created, which doubles their size.
        """
        # A charge carries a copy of its intent's metadata; refunds and disputes do not, but they are few.
        intent = {"expand": ["data.payment_intent"]}
        since_events = max(since, int(time.time()) - EVENT_DAYS * 86400)
        return {
            "charges": self._reader("charges", since, intent if with_intents else {}),
            "refunds": self._reader("refunds", since, intent),
            "disputes": self._reader("disputes", since, intent),
            "events": self._reader("events", since_events, {"types": _EVENT_TYPES}),
        }

    def everything_of(self, intent_id: str) -> tuple[IntentFact, list[Fact]]:
        """An intent and all its charges, refunds and disputes. Raises NotFound when Stripe has none of that id."""
        facts: list[Fact] = []
        for name in ("charges", "refunds", "disputes"):
            after, more = None, True
            while more:
                params = {"payment_intent": intent_id, "limit": _PAGE, **_after(after)}
                rows, more, as_of = self._page(name, params)
                facts += [_CONVERT[name](row, as_of) for row in rows]
                more = more and bool(rows)
                after = rows[-1]["id"] if rows else None
        # Last, so that it shows the latest charge if one was made meanwhile.
        intent = self.retrieve(intent_id)
        return intent, facts

    def retrieve(self, intent_id: str) -> IntentFact:
        """An intent as it is now. Raises NotFound when Stripe has none of that id."""
        expand = {"expand": ["latest_charge"]}
        ask = self._patiently(lambda v1: v1.payment_intents.retrieve(intent_id, expand, _PATIENT))
        answer = self._gateway.call("retrieve_intent", ask)
        return intent_fact(object_of(answer, "payment_intent"), as_of=answered_at(answer))

    def _reader(self, name: str, since: int, more_params: Mapping[str, Any]) -> ReadPage:
        def read(after: str | None) -> RelatedPage:
            params = {**_range(since, after), **more_params}
            rows, more, as_of = self._page(name, params)
            return RelatedPage(
                facts=list(_related(rows, lambda row: _CONVERT[name](row, as_of))),
                listed=len(rows),
                lowest=rows[-1]["created"] if rows else None,
                last_id=rows[-1]["id"] if more and rows else None,
            )

        return read

    def _page(self, name: str, params: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool, int]:
        """The objects of a page, whether there are more, and when Stripe answered."""

        def ask(_: Any) -> _Answer:
            # Not by the SDK's list(), which spends more time on making objects of a page than all else takes.
            return _Answer(self._gateway._client.raw_request("get", f"/v1/{name}", **params, **_PATIENT))  # type: ignore[union-attr]

        answer = self._gateway.call(f"list_{name}", self._patiently(ask))
        page = answer.last_response.data
        if not isinstance(page, dict) or page.get("object") != "list":
            raise StripeUnavailable(retry_after=2)
        return page["data"], bool(page["has_more"]), answered_at(answer)

    def _patiently(self, ask: Callable[[Any], T]) -> Callable[[Any], T]:
        """``ask``, which waits and asks again when Stripe wants us to slow down."""

        def asking(v1: Any) -> T:
            for pause in _PAUSES_SECONDS:
                try:
                    return ask(v1)
                except stripe.RateLimitError as error:
                    retry_after = str((error.headers or {}).get("Retry-After", ""))
                    logger.warning("stripe_asked_to_slow_down", type=type(error).__name__)
                    time.sleep(min(int(retry_after), 60) if retry_after.isdigit() else pause)
            return ask(v1)

        return asking


def _range(since: int, after: str | None) -> dict[str, Any]:
    return {"created": {"gte": since}, "limit": _PAGE, **_after(after)}


def _after(last_id: str | None) -> dict[str, Any]:
    return {"starting_after": last_id} if last_id else {}


def _event_fact(event: Object, as_of: int) -> Fact | None:
    # An event says itself when it was true.
    del as_of
    facts = facts_of(event)
    return facts[0] if facts else None


def _dispute_fact(dispute: Object, as_of: int) -> Fact:
    del as_of
    return dispute_fact(dispute)


_CONVERT: dict[str, Callable[[Any, int], Any]] = {
    "charges": charge_fact,
    "refunds": refund_fact,
    "disputes": _dispute_fact,
    "events": _event_fact,
}


def _related(rows: Iterable[Object], convert: Callable[[Any], Any]) -> Iterable[RelatedFact]:
    for row in rows:
        fact = convert(row)
        target = row["data"]["object"] if row["object"] == "event" else row
        if fact is None or not fact.intent_id or _is_foreign(target):
            continue
        yield RelatedFact(intent_id=fact.intent_id, fact=fact, intent_created=_intent_created(target))


def _is_foreign(target: Object) -> bool:
    """True when the metadata of its intent or charge show that another application made it."""
    intent = target.get("payment_intent")
    if isinstance(intent, Mapping):
        return metadata.is_foreign(metadata.metadata_of(intent))
    if target["object"] in {"payment_intent", "charge"}:
        return metadata.is_foreign(metadata.metadata_of(target))
    return False


def _intent_created(target: Object) -> int | None:
    if target["object"] == "payment_intent":
        return int(target["created"])
    intent = target.get("payment_intent")
    return int(intent["created"]) if isinstance(intent, Mapping) else None
