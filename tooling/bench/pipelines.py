"""The yardstick of the overview: plain aggregation pipelines over all payments, for the same figures.

They give only the totals of a range. The service also gives every interval of the series, and the previous range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.collection import Collection

from app.domain.figures.periods import Span
from app.domain.figures.statistics import percentile, rounded_seconds

Document = dict[str, Any]
# Minor units in a major unit, for the currencies of ``history``.
_MINOR = {"usd": 100, "eur": 100, "gbp": 100, "jpy": 1}
_FAILED = {"$in": ["failed", {"$ifNull": ["$attempts.status", []]}]}
_COMPLETED = {"$eq": ["$status", "completed"]}
_REST = {"$and": [{"$not": _COMPLETED}, {"$not": _FAILED}]}
_OUTCOME = {"$or": [{"$in": ["succeeded", "$attempts.status"]}, _FAILED]}
_SUCCEEDED_REFUNDS: Document = {"$filter": {"input": "$refunds", "cond": {"$eq": ["$$this.status", "succeeded"]}}}
_REFUNDED_AMOUNT = {"$sum": {"$map": {"input": _SUCCEEDED_REFUNDS, "in": "$$this.amount"}}}
_SECONDS = {"$toInt": {"$divide": [{"$subtract": ["$completed_at", "$created_at"]}, 1000]}}


def figures(payments: Collection[Document], span: Span, filters: Mapping[str, str]) -> Document:
    """Every figure of the range; ``filters`` are the parameters of the address that filter payments."""
    where, between = _query(filters), {"$gte": span.start, "$lt": span.end}
    cohort = {"$match": {**where, "created_at": between}}
    counts = _one(payments, cohort, _counts())
    attempts: list[Document] = [cohort, {"$unwind": "$attempts"}]
    failed = {"$match": {"attempts.status": "failed"}}
    has_3ds = {"$match": {"attempts.three_d_secure.outcome": {"$type": "string"}}}
    disputed = {"$match": {**where, "disputes.created_at": between}}
    seconds = _totals(payments, cohort, {"$match": {"status": "completed"}}, _count_by(_SECONDS))
    return {
        **counts,
        "attempts": _one(payments, *attempts, {"$count": "n"}).get("n", 0),
        "reasons": _totals(payments, *attempts, failed, _count_by("$attempts.failure.reason")),
        "split": _totals(payments, *attempts, has_3ds, _count_by("$attempts.three_d_secure.outcome")),
        "flows": _totals(payments, *attempts, has_3ds, _count_by("$attempts.three_d_secure.flow")),
        "mean": _mean(seconds),
        **{f"p{n}": percentile(_rounded(seconds), n / 100) for n in (50, 95)},
        "captured": _money(payments, cohort, "$amount_captured"),
        "refunded": _money(payments, cohort, _REFUNDED_AMOUNT),
        "gross": _totals(
            payments,
            {"$match": {**where, "completed_at": between}},
            _sum_by("$currency", "$amount_captured"),
        ),
        "returned": _totals(
            payments,
            {"$match": {**where, "refunds.created_at": between}},
            {"$unwind": "$refunds"},
            {
                "$match": {
                    "refunds.created_at": between,
                    "$or": [{"refunds.status": "succeeded"}, {"refunds.moved": True}],
                }
            },
            _sum_by("$currency", "$refunds.amount"),
        ),
        "disputes_opened": _one(
            payments, disputed, {"$unwind": "$disputes"}, {"$match": {"disputes.created_at": between}},
            {"$count": "n"},
        ).get("n", 0),
    }  # fmt: skip


def from_response(body: Mapping[str, Any]) -> Document:
    """A response of ``GET /payments/metrics`` in the same form."""
    ratios = {name: body[name] for name in ("success_rate", "first_attempt_success", "dispute_rate")}
    refunds, three_d_secure, time = body["refund_rate"], body["three_d_secure"], body["processing_time"]
    return {
        **body["payments"],
        "first_succeeded": ratios["first_attempt_success"]["n"],
        "with_outcome": ratios["first_attempt_success"]["total"],
        "refunds": refunds["by_count"]["n"],
        "disputed": ratios["dispute_rate"]["n"],
        "attempts": three_d_secure["rate"]["total"],
        "reasons": {reason["code"]: reason["n"] for reason in body["failure_reasons"]},
        "split": _without_zeros(three_d_secure["split"]),
        "flows": _without_zeros(three_d_secure["flows"]),
        "mean": None if time["mean"] is None else float(time["mean"]),
        **{name: time[name] for name in ("p50", "p95")},
        **{name: _minor(refunds["by_amount"], name) for name in ("captured", "refunded")},
        "gross": _minor(body["volume"], "gross"),
        "returned": _minor(body["volume"], "refunded"),
        "disputes_opened": body["disputes_opened"],
    }


def _query(filters: Mapping[str, str]) -> Document:
    fields = {"currency": "currency", "brand": "card.brand", "country": "card.country"}
    where: Document = {fields[name]: value for name, value in filters.items() if name in fields}
    if (flag := filters.get("three_d_secure")) is not None:
        is_text = {"$type": "string"}
        where["attempts.three_d_secure.outcome"] = is_text if flag == "true" else {"$not": is_text}
    return where


def _counts() -> Document:
    """The number of payments by state."""
    canceled = {"$eq": ["$status", "canceled"]}
    attempted = {"$gt": [{"$size": "$attempts"}, 0]}
    first = {"$eq": [{"$first": "$attempts.status"}, "succeeded"]}
    unfinished = {"$and": [_REST, {"$not": canceled}]}
    conditions = {
        "completed": _COMPLETED,
        "failed": {"$and": [{"$not": _COMPLETED}, _FAILED]},
        "canceled": {"$and": [_REST, canceled]},
        "open": {"$and": [unfinished, attempted]},
        "abandoned": {"$and": [unfinished, {"$not": attempted}]},
        "with_outcome": _OUTCOME,
        "first_succeeded": {"$and": [_OUTCOME, first]},
        "refunds": {"$and": [_COMPLETED, {"$gt": [{"$size": _SUCCEEDED_REFUNDS}, 0]}]},
        "disputed": {"$and": [_COMPLETED, "$disputed"]},
    }
    sums = {name: {"$sum": {"$cond": [condition, 1, 0]}} for name, condition in conditions.items()}
    return {"$group": {"_id": None, "created": {"$sum": 1}, **sums}}


def _count_by(key: Any) -> Document:
    return {"$group": {"_id": key, "n": {"$sum": 1}}}


def _sum_by(key: Any, amount: Any) -> Document:
    return {"$group": {"_id": key, "n": {"$sum": amount}}}


def _one(payments: Collection[Document], *steps: Document) -> Document:
    row = next(payments.aggregate(list(steps)), {})
    return {name: n for name, n in row.items() if name != "_id"}


def _totals(payments: Collection[Document], *steps: Document) -> dict[Any, int]:
    return {row["_id"]: row["n"] for row in payments.aggregate(list(steps)) if row["n"]}


def _money(payments: Collection[Document], cohort: Document, amount: Any) -> dict[Any, int]:
    """Money of the cohort's completed payments by currency."""
    return _totals(payments, cohort, {"$match": {"status": "completed"}}, _sum_by("$currency", amount))


def _rounded(counts: Mapping[int, int]) -> dict[int, int]:
    rounded: dict[int, int] = {}
    for seconds, n in counts.items():
        rounded[rounded_seconds(seconds)] = rounded.get(rounded_seconds(seconds), 0) + n
    return rounded


def _mean(counts: Mapping[int, int]) -> float | None:
    total = sum(counts.values())
    return round(sum(seconds * n for seconds, n in counts.items()) / total, 6) if total else None


def _without_zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: n for name, n in counts.items() if n}


def _minor(amounts: list[Document], name: str) -> dict[str, int]:
    minor = {amount["currency"]: round(amount[name] * _MINOR[amount["currency"]]) for amount in amounts}
    return _without_zeros(minor)
