"""The read model of payments: one small row each, for lists, figures and exports.

Rows are written by ``figures.counter`` alone, together with the rollups that they were counted in, so a row says
exactly what the rollups hold of its payment. Lists read rows, so their indexes cost the webhook path nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, DictField, IntField, ListField, LongField, StringField

from app.domain.figures.contributions import NO_CARD, AttemptContribution, Contribution, RefundContribution
from app.domain.payments.methods import PaymentMethod, Waiting, counted_type
from app.domain.payments.states import AttemptStatus, DisputeStatus, FraudSignal, PaymentStatus, RefundState
from app.models.document import StoredDocument
from app.models.payments.mapping import Document as Fields

# What joins the parts of a facet comes before every character of a part, and PAST comes between the two.
_JOIN, PAST = ",", "-"
_NOT_IN_CODES = re.compile(r"[^A-Za-z0-9_-]")


def _fields(names: str) -> dict[str, int]:
    """A projection on the named fields."""
    return dict.fromkeys(names.split(), 1)


# The fields of a payment document that the figures count; a view waits for this read, so they are the fewest possible.
CONTRIBUTION_OF_PAYMENT = _fields(
    "created_at completed_at currency card.brand card.country payment_method.type status amount_captured disputed "
    "attempts.status attempts.failure.reason attempts.three_d_secure.outcome attempts.three_d_secure.flow "
    "refunds.status refunds.created_at refunds.amount refunds.currency refunds.moved refunds.failed_at "
    "disputes.status disputes.created_at"
)
# What of a payment document a list shows before its row is written, which is read while a person waits as well.
LISTED_OF_PAYMENT = CONTRIBUTION_OF_PAYMENT | _fields(
    "order_id customer_id payment_intent_id amount amount_refundable amount_released refund_status differs description "
    "updated_at version card.last4 payment_method.wallet attempts.action attempts.payment_method.type risk.level "
    "fraud_warnings.actionable reviews.is_open"
)
# What of a payment document makes its row; the rest (evidence, history) is never read for it.
PAYMENT_FIELDS = _fields(
    "order_id customer_id payment_intent_id amount currency status amount_captured amount_refundable amount_released "
    "refund_status disputed differs card payment_method attempts refunds disputes risk fraud_warnings reviews "
    "description created_at "
    "completed_at updated_at version uncounted"
)
# The fields of a row that ``contribution_of`` reads.
CONTRIBUTION_FIELDS = _fields(
    "created_at completed_at currency brand country method status captured disputed attempts refunds disputes"
)
# What says of a row in which lists it is, and where in them.
PLACED_FIELDS = _fields(
    "order_id customer_id payment_intent_id currency brand country kind attempts.reason created_at completed_at amount "
    "signals"
)
# All of a row but what only finds it in an index.
LISTED_FIELDS = {"facets": 0, "priced": 0}
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Rows without a time of completion are in no list by that time. Queries must repeat the condition to use the index.
_COMPLETED: Fields = {"partialFilterExpression": {"completed_at": {"$gte": BEGINNING}}}


class PaymentRow(StoredDocument):
    """One payment as lists show it and figures count it. ``_id`` is the payment's; amounts are minor units.

    ``kind`` joins everything about a row that has few values, so that any choice among them is a short list of kinds
    and every list can be read in order from an index. ``facets`` names each choice of failure reason, currency, brand,
    country and fraud signal that takes the row in, and ``priced`` those that lists by amount are offered for: of one
    currency.
    """

    version = IntField(required=True)
    kind = StringField(required=True)
    created_at = DateTimeField(required=True)
    completed_at = DateTimeField(null=True)
    updated_at = DateTimeField(required=True)
    order_id = StringField(required=True)
    customer_id = StringField(required=True)
    payment_intent_id = StringField(null=True)
    description = StringField(null=True)
    amount = LongField(required=True)
    captured = LongField(required=True)
    currency = StringField(required=True)
    status = StringField(required=True)
    refund_status = StringField(required=True)
    disputed = BooleanField(required=True)
    brand = StringField(required=True)
    country = StringField(required=True)
    facets = ListField(StringField())
    priced = ListField(StringField())
    last4 = StringField(null=True)
    # One of ``METHOD_TYPES``; the wallet that a card was in; what a payment that requires action waits for.
    method = StringField(required=True)
    wallet = StringField(null=True)
    waiting_for = StringField(null=True)
    signals = ListField(StringField())
    # Only where there is any.
    released = LongField()
    differs = DictField(default=None)
    attempts = ListField(DictField())
    refunds = ListField(DictField())
    disputes = ListField(DateTimeField())

    meta: ClassVar[dict[str, Any]] = {
        "collection": "payment_rows",
        "indexes": [
            # Each begins with what a list is narrowed to and goes on in the list's order, so that a page reads the keys
            # of the rows it shows and no others, whatever is chosen together and however rare that is.
            {"name": "kind_newest", "fields": ["kind", "-created_at", "-id"]},
            {"name": "kind_completed", "fields": ["kind", "-completed_at", "-id"], **_COMPLETED},
            {"name": "facet_newest", "fields": ["facets", "kind", "-created_at", "-id"]},
            {"name": "facet_completed", "fields": ["facets", "kind", "-completed_at", "-id"], **_COMPLETED},
            # The times come last for lists of a range of time that are in the order of amounts.
            {"name": "facet_largest", "fields": ["priced", "kind", "-amount", "-id", "created_at", "completed_at"]},
            {"name": "order_created", "fields": ["order_id", "-created_at", "-id"]},
            {"name": "customer_created", "fields": ["customer_id", "-created_at", "-id"]},
            {
                "name": "intent",
                "fields": ["payment_intent_id"],
                "partialFilterExpression": {"payment_intent_id": {"$gt": ""}},
            },
        ],
    }


def row_of(payment: Mapping[str, Any]) -> Fields:
    """The row of a payment document that was read with PAYMENT_FIELDS."""
    row, contribution = _row_and_contribution(payment)
    cards = [(brand, country) for brand in ("", row["brand"]) for country in ("", row["country"])]
    row["priced"] = [facet(row["currency"], *card) for card in cards]
    row["facets"] = [
        name
        for reason in ("", *sorted(set(contribution.failure_reasons)))
        for currency in ("", row["currency"])
        for card in cards
        for signal in ("", *row["signals"])
        if (name := facet(currency, *card, reason, signal)) != facet()
    ]
    return row


def listed_row_of(payment: Mapping[str, Any]) -> Fields:
    """The row without what only finds it in an index."""
    return _row_and_contribution(payment)[0]


def _row_and_contribution(payment: Mapping[str, Any]) -> tuple[Fields, Contribution]:
    row = bare_row_of(payment)
    contribution = contribution_of(row)
    row["kind"] = FilterKey.of(contribution, row["refund_status"], differs=bool(payment.get("differs"))).text
    return row, contribution


def facet(
    currency: str | None = None,
    brand: str | None = None,
    country: str | None = None,
    reason: str | None = None,
    signal: str | None = None,
) -> str:
    """The name of the rows that have all of these; what is None may be any."""
    return _JOIN.join((reason or "", currency or "", brand or "", country or "", signal or ""))


def bare_row_of(payment: Mapping[str, Any]) -> Fields:
    """The row without its kind, which counting does without."""
    card, method = payment.get("card") or {}, payment.get("payment_method") or {}
    captured = payment["amount_captured"]
    return {
        "_id": payment["_id"],
        **{name: payment.get(name) for name in _COPIED},
        "captured": captured,
        "brand": card.get("brand") or NO_CARD,
        "country": card.get("country") or NO_CARD,
        "last4": card.get("last4"),
        "method": counted_type(method.get("type") or ("card" if card else None)),
        "wallet": method.get("wallet"),
        "waiting_for": _waiting_for(payment),
        "signals": _signals(payment),
        **{name: value for name, value in _money_apart(payment).items() if value},
        "attempts": [_attempt(a) for a in payment["attempts"]],
        "refunds": [
            _refund(r)
            for r in payment["refunds"]
            if captured and moves_money(r) and r["currency"] == payment["currency"]
        ],
        "disputes": [d["created_at"] for d in payment["disputes"] if DisputeStatus(d["status"]).is_chargeback],
    }


def _money_apart(payment: Mapping[str, Any]) -> Fields:
    """What was released of a hold, and what the order asked where something else was taken."""
    return {"released": payment.get("amount_released"), "differs": payment.get("differs")}


def _waiting_for(payment: Mapping[str, Any]) -> str | None:
    """``Payment.waiting_for`` of a document."""
    if payment.get("status") != PaymentStatus.REQUIRES_ACTION:
        return None
    for attempt in payment["attempts"]:
        if attempt["status"] == AttemptStatus.OPEN:
            kind = (attempt.get("payment_method") or {}).get("type")
            return Waiting.of(attempt.get("action"), PaymentMethod(type=kind) if kind else None).value
    return None


def _signals(payment: Mapping[str, Any]) -> list[str]:
    """``Payment.fraud_signals`` of a document."""
    completed, disputed = payment.get("status") == PaymentStatus.COMPLETED, bool(payment.get("disputed"))
    signals = FraudSignal.of(
        risk_level=(payment.get("risk") or {}).get("level"),
        warnings=[bool(warning.get("actionable")) for warning in payment.get("fraud_warnings") or ()],
        review_open=any(review.get("is_open") for review in payment.get("reviews") or ()),
        can_be_refunded=completed and not disputed and bool(payment.get("amount_refundable")),
    )
    return [signal.value for signal in signals]


def contribution_of(row: Mapping[str, Any]) -> Contribution:
    """What a row contributes to the figures."""
    return Contribution(
        created_at=_seconds(row["created_at"]),
        completed_at=_seconds(row["completed_at"]) if row["completed_at"] else None,
        currency=row["currency"],
        brand=row["brand"],
        country=row["country"],
        method=row["method"],
        status=row["status"],
        captured=row["captured"],
        disputed=row["disputed"],
        attempts=tuple(AttemptContribution(**attempt) for attempt in row["attempts"]),
        refunds=tuple(_refund_contribution(refund) for refund in row["refunds"]),
        disputes=tuple(_seconds(at) for at in row["disputes"]),
    )


@dataclass(frozen=True, slots=True)
class FilterKey:
    """What ``PaymentRow.kind`` holds as text: everything about a payment that has few values."""

    status: str
    outcome: str
    first_attempt: str
    refund_status: str
    disputed: bool
    three_d_secure: bool
    differs: bool
    method: str

    @classmethod
    def of(cls, contribution: Contribution, refund_status: str, *, differs: bool = False) -> FilterKey:
        """The key of a payment; ``differs`` is true where something else was taken than the order asked."""
        return cls(
            status=contribution.status,
            outcome=contribution.outcome.value,
            first_attempt=contribution.first_attempt.value,
            refund_status=refund_status,
            disputed=contribution.disputed,
            three_d_secure=contribution.three_d_secure,
            differs=differs,
            method=contribution.method,
        )

    @classmethod
    @lru_cache(maxsize=1000)
    def parse(cls, text: str) -> FilterKey:
        status, outcome, first, refund_status, disputed, secure, differs, method = text.split("/")
        flags = (disputed == "disputed", secure == "3ds", differs == "differs")
        return cls(status, outcome, first, refund_status, *flags, method)

    @property
    def text(self) -> str:
        words = (self.status, self.outcome, self.first_attempt, self.refund_status)
        differs = "differs" if self.differs else ""
        flags = ("disputed" if self.disputed else "", "3ds" if self.three_d_secure else "", differs)
        return "/".join((*words, *flags, self.method))


_COPIED = (
    "order_id customer_id payment_intent_id description amount currency status refund_status disputed created_at "
    "completed_at updated_at version"
).split()


def moves_money(refund: Mapping[str, Any]) -> bool:
    """True where a refund's money left our balance, whatever became of it."""
    return bool(refund.get("moved")) or RefundState(refund["status"]).counts_as_refunded


def _refund(refund: Mapping[str, Any]) -> Fields:
    fields: Fields = {"at": refund["created_at"], "amount": refund["amount"]}
    if refund.get("failed_at"):
        return fields | {"failed_at": refund["failed_at"]}
    return fields if RefundState(refund["status"]).counts_as_refunded else fields | {"open": True}


def _refund_contribution(refund: Mapping[str, Any]) -> RefundContribution:
    failed_at = refund.get("failed_at")
    return RefundContribution(
        at=_seconds(refund["at"]),
        amount=refund["amount"],
        succeeded=not failed_at and not refund.get("open"),
        failed_at=_seconds(failed_at) if failed_at else None,
    )


def refunded_of(row: Mapping[str, Any]) -> int:
    """Minor units that the customer of a row has back."""
    return sum(refund.amount for refund in map(_refund_contribution, row["refunds"]) if refund.succeeded)


def _attempt(attempt: Mapping[str, Any]) -> Fields:
    failure, authentication = attempt.get("failure") or {}, attempt.get("three_d_secure") or {}
    fields = {
        "status": attempt["status"],
        "reason": _safe(failure.get("reason")) if attempt["status"] == AttemptStatus.FAILED else None,
        "outcome": authentication.get("outcome"),
        "flow": authentication.get("flow"),
    }
    return {name: value for name, value in fields.items() if value}


def _safe(reason: str | None) -> str:
    """A code as a counter's name: Stripe's are lower-case words, and nothing else may reach a field path."""
    return _NOT_IN_CODES.sub("_", reason) if reason else "unknown"


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
