"""The yardstick of the overview: plain aggregation pipelines over all payments, for the same figures.

They give the totals of a range only. The service answers every step of its series, and the earlier range, as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.collection import Collection

from app.domain.figures.periods import Span
from app.domain.figures.statistics import percentile, rounded_seconds

Document = dict[str, Any]
# Minor units of a major one, for the currencies of ``history``.
_MINOR = {"usd": 100, "eur": 100, "gbp": 100, "jpy": 1}
_FAILED = {"$in": ["failed", {"$ifNull": ["$attempts.status", []]}]}
_COMPLETED = {"$eq": ["$status", "completed"]}
_REST = {"$and": [{"$not": _COMPLETED}, {"$not": _FAILED}]}
_OUTCOME = {"$or": [{"$in": ["succeeded", "$attempts.status"]}, _FAILED]}
_RETURNED: Document = {
    "$filter": {"input": "$refunds", "cond": {"$eq": ["$$this.status", "succeeded"]}},
}
_GIVEN_BACK = {"$sum": {"$map": {"input": _RETURNED, "in": "$$this.amount"}}}
_SECONDS = {"$toInt": {"$divide": [{"$subtract": ["$completed_at", "$created_at"]}, 1000]}}


def figures(payments: Collection[Document], span: Span, chosen: Mapping[str, str]) -> Document:
    """Every figure of the range; ``chosen`` are the parameters of the address that choose payments."""
    where, between = _query(chosen), {"$gte": span.start, "$lt": span.end}
    cohort = {"$match": {**where, "created_at": between}}
    counts = _only(payments, cohort, _counts())
    attempts: list[Document] = [cohort, {"$unwind": "$attempts"}]
    of_failed = {"$match": {"attempts.status": "failed"}}
    asked = {"$match": {"attempts.three_d_secure.outcome": {"$type": "string"}}}
    disputed = {"$match": {**where, "disputes.created_at": between}}
    took = _tally(payments, cohort, {"$match": {"status": "completed"}}, _counted(_SECONDS))
    return {
        **counts,
        "attempts": _only(payments, *attempts, {"$count": "n"}).get("n", 0),
        "reasons": _tally(payments, *attempts, of_failed, _counted("$attempts.failure.reason")),
        "split": _tally(payments, *attempts, asked, _counted("$attempts.three_d_secure.outcome")),
        "flows": _tally(payments, *attempts, asked, _counted("$attempts.three_d_secure.flow")),
        "mean": _mean(took),
        **{f"p{n}": percentile(_rounded(took), n / 100) for n in (50, 95)},
        "captured": _money(payments, cohort, "$amount_captured"),
        "refunded": _money(payments, cohort, _GIVEN_BACK),
        "gross": _tally(
            payments,
            {"$match": {**where, "completed_at": between}},
            _summed("$currency", "$amount_captured"),
        ),
        "returned": _tally(
            payments,
            {"$match": {**where, "refunds.created_at": between}},
            {"$unwind": "$refunds"},
            {"$match": {"refunds.created_at": between, "refunds.status": "succeeded"}},
            _summed("$currency", "$refunds.amount"),
        ),
        "disputes_opened": _only(
            payments, disputed, {"$unwind": "$disputes"}, {"$match": {"disputes.created_at": between}},
            {"$count": "n"},
        ).get("n", 0),
    }  # fmt: skip


def told(answer: Mapping[str, Any]) -> Document:
    """An answer of ``GET /payments/metrics`` in the same shape."""
    ratios = {name: answer[name] for name in ("success_rate", "first_attempt_success", "dispute_rate")}
    refunds, asked, took = answer["refund_rate"], answer["three_d_secure"], answer["processing_time"]
    return {
        **answer["payments"],
        "first_succeeded": ratios["first_attempt_success"]["n"],
        "with_outcome": ratios["first_attempt_success"]["total"],
        "refunds": refunds["by_count"]["n"],
        "disputed": ratios["dispute_rate"]["n"],
        "attempts": asked["rate"]["total"],
        "reasons": {reason["code"]: reason["n"] for reason in answer["failure_reasons"]},
        "split": _without_zeros(asked["split"]),
        "flows": _without_zeros(asked["flows"]),
        "mean": None if took["mean"] is None else float(took["mean"]),
        **{name: took[name] for name in ("p50", "p95")},
        **{name: _minor(refunds["by_amount"], name) for name in ("captured", "refunded")},
        "gross": _minor(answer["volume"], "gross"),
        "returned": _minor(answer["volume"], "refunded"),
        "disputes_opened": answer["disputes_opened"],
    }


def _query(chosen: Mapping[str, str]) -> Document:
    fields = {"currency": "currency", "brand": "card.brand", "country": "card.country"}
    where: Document = {fields[name]: value for name, value in chosen.items() if name in fields}
    if (flag := chosen.get("three_d_secure")) is not None:
        is_text = {"$type": "string"}
        where["attempts.three_d_secure.outcome"] = is_text if flag == "true" else {"$not": is_text}
    return where


def _counts() -> Document:
    """How many payments stand how."""
    canceled = {"$eq": ["$status", "canceled"]}
    tried = {"$gt": [{"$size": "$attempts"}, 0]}
    first = {"$eq": [{"$first": "$attempts.status"}, "succeeded"]}
    waiting = {"$and": [_REST, {"$not": canceled}]}
    conditions = {
        "completed": _COMPLETED,
        "failed": {"$and": [{"$not": _COMPLETED}, _FAILED]},
        "canceled": {"$and": [_REST, canceled]},
        "open": {"$and": [waiting, tried]},
        "abandoned": {"$and": [waiting, {"$not": tried}]},
        "with_outcome": _OUTCOME,
        "first_succeeded": {"$and": [_OUTCOME, first]},
        "refunds": {"$and": [_COMPLETED, {"$gt": [{"$size": _RETURNED}, 0]}]},
        "disputed": {"$and": [_COMPLETED, "$disputed"]},
    }
    sums = {name: {"$sum": {"$cond": [condition, 1, 0]}} for name, condition in conditions.items()}
    return {"$group": {"_id": None, "created": {"$sum": 1}, **sums}}


def _counted(key: Any) -> Document:
    return {"$group": {"_id": key, "n": {"$sum": 1}}}


def _summed(key: Any, amount: Any) -> Document:
    return {"$group": {"_id": key, "n": {"$sum": amount}}}


def _only(payments: Collection[Document], *steps: Document) -> Document:
    found = next(payments.aggregate(list(steps)), {})
    return {name: n for name, n in found.items() if name != "_id"}


def _tally(payments: Collection[Document], *steps: Document) -> dict[Any, int]:
    return {row["_id"]: row["n"] for row in payments.aggregate(list(steps)) if row["n"]}


def _money(payments: Collection[Document], cohort: Document, amount: Any) -> dict[Any, int]:
    """Money of the cohort's completed payments by currency."""
    return _tally(payments, cohort, {"$match": {"status": "completed"}}, _summed("$currency", amount))


def _rounded(took: Mapping[int, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for seconds, n in took.items():
        found[rounded_seconds(seconds)] = found.get(rounded_seconds(seconds), 0) + n
    return found


def _mean(took: Mapping[int, int]) -> float | None:
    total = sum(took.values())
    return round(sum(seconds * n for seconds, n in took.items()) / total, 6) if total else None


def _without_zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: n for name, n in counts.items() if n}


def _minor(amounts: list[Document], name: str) -> dict[str, int]:
    found = {amount["currency"]: round(amount[name] * _MINOR[amount["currency"]]) for amount in amounts}
    return _without_zeros(found)
