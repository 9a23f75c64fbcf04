"""DESIGN section 5 by hand: every figure recounted from payment documents, one sentence of the design at a time.

Nothing here is shared with the code under test, and nothing is quick.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

Document = dict[str, Any]
DIGITS = {"usd": 2, "eur": 2, "jpy": 0, "kwd": 3}


def is_failed(payment: Document) -> bool:
    tried = [a["status"] for a in payment["attempts"]]
    return payment["status"] != "completed" and "failed" in tried


def given_back(payment: Document) -> list[Document]:
    return [r for r in payment["refunds"] if r["status"] == "succeeded"]


def moved(payment: Document) -> list[Document]:
    """Refunds whose money left: what succeeded, and what Stripe booked although it is open or has failed."""
    return [r for r in payment["refunds"] if r["status"] == "succeeded" or r.get("moved")]


def with_3ds(payment: Document) -> bool:
    return any(a["three_d_secure"]["attempted"] for a in payment["attempts"])


def recount(payments: Sequence[Document], start: datetime, end: datetime) -> dict[str, Any]:
    """The figures as the API answers them, for a range whose end is excluded."""

    def lies_in(moment: datetime | None) -> bool:
        return moment is not None and start <= moment < end

    cohort = [p for p in payments if lies_in(p["created_at"])]
    completed = [p for p in cohort if p["status"] == "completed"]
    failed = [p for p in cohort if is_failed(p)]
    attempts = [a for p in cohort for a in p["attempts"]]
    asked = [a for a in attempts if a["three_d_secure"]["attempted"]]
    rest = [p for p in cohort if p not in completed and p not in failed]
    outcome = [p for p in cohort if any(a["status"] in ("succeeded", "failed") for a in p["attempts"])]
    reasons = Counter(a["failure"]["decline_code"] or a["failure"]["code"] for a in attempts if a["status"] == "failed")
    seconds = sorted(int((p["completed_at"] - p["created_at"]).total_seconds()) for p in completed)
    canceled = [p for p in rest if p["status"] == "canceled"]
    waiting = [p for p in rest if p["status"] != "canceled"]
    return {
        "payments": {
            "created": len(cohort),
            "completed": len(completed),
            "failed": len(failed),
            "canceled": len(canceled),
            "open": sum(bool(p["attempts"]) for p in waiting),
            "abandoned": sum(not p["attempts"] for p in waiting),
        },
        "success_rate": ratio(len(completed), len(completed) + len(failed)),
        "success_by_method": {
            name: ratio(sum(p["status"] == "completed" for p in mine), len(mine))
            for name, mine in by_method([*completed, *failed]).items()
        },
        "first_attempt_success": ratio(sum(p["attempts"][0]["status"] == "succeeded" for p in outcome), len(outcome)),
        "failure_reasons": {code: ratio(n, sum(reasons.values())) for code, n in reasons.items()},
        "refund_rate": {
            "by_count": ratio(sum(bool(given_back(p)) for p in completed), len(completed)),
            "by_amount": {
                c: (major(sum(r["amount"] for p in mine for r in given_back(p)), c), major(captured(mine), c))
                for c, mine in by_currency(completed).items()
            },
        },
        "three_d_secure": {
            "rate": ratio(len(asked), len(attempts)),
            "split": Counter(a["three_d_secure"]["outcome"] for a in asked),
            "flows": Counter(f for a in asked if (f := a["three_d_secure"]["flow"])),
        },
        "processing_time": {
            "n": len(seconds),
            "mean": six_digits(sum(seconds), len(seconds)),
            "p50": two_digits(nearest_rank(seconds, 50)),
            "p95": two_digits(nearest_rank(seconds, 95)),
        },
        "dispute_rate": ratio(sum(p["disputed"] for p in completed), len(completed)),
        "disputes_opened": sum(
            lies_in(d["created_at"]) and not d["status"].startswith("warning_") and d["status"] != "prevented"
            for p in payments
            for d in p["disputes"]
        ),
        "volume": volume(payments, lies_in),
    }


def volume(payments: Sequence[Document], lies_in: Callable[[datetime | None], bool]) -> dict[str, Any]:
    gross: dict[str, int] = defaultdict(int)
    back: dict[str, int] = defaultdict(int)
    again: dict[str, int] = defaultdict(int)
    for p in payments:
        if lies_in(p["completed_at"]):
            gross[p["currency"]] += p["amount_captured"]
        for refund in moved(p):
            if lies_in(refund["created_at"]):
                back[p["currency"]] += refund["amount"]
            if lies_in(refund.get("failed_at")):
                again[p["currency"]] += refund["amount"]
    return {
        c: (major(gross[c], c), major(back[c], c), major(again[c], c), major(gross[c] - back[c] + again[c], c))
        for c in {*gross, *back, *again}
    }


def funnel(payments: Sequence[Document]) -> tuple[dict[str, int], Counter[str]]:
    """The way of the payments' attempts through 3-D Secure, and how many of each outcome succeeded."""
    asked = [a for p in payments for a in p["attempts"] if a["three_d_secure"]["attempted"]]
    authenticated = [a for a in asked if a["three_d_secure"]["outcome"] == "authenticated"]
    ways = Counter(a["three_d_secure"]["flow"] for a in asked)
    paid = Counter(a["three_d_secure"]["outcome"] for a in asked if a["status"] == "succeeded")
    steps = {
        "requested": len(asked),
        "challenged": ways["challenge"],
        "frictionless": ways["frictionless"],
        "unknown": sum(a["three_d_secure"]["flow"] is None for a in authenticated),
        "authenticated": len(authenticated),
        "paid": paid["authenticated"],
    }
    return steps, paid


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of the API in the shape of ``recount``: lists by their keys, counters without zeros."""
    found = {name: answer[name] for name in answer if name not in {"range", "series", "previous", "start"}}
    found["failure_reasons"] = {
        r["code"]: {name: r[name] for name in ("value", "n", "total")} for r in answer["failure_reasons"]
    }
    found["success_by_method"] = {
        m["method"]: {name: m[name] for name in ("value", "n", "total")} for m in answer["success_by_method"]
    }
    by_amount = {
        s["currency"]: (Decimal(str(s["refunded"])), Decimal(str(s["captured"])))
        for s in answer["refund_rate"]["by_amount"]
    }
    found["refund_rate"] = {"by_count": answer["refund_rate"]["by_count"], "by_amount": by_amount}
    found["three_d_secure"] = {
        "rate": answer["three_d_secure"]["rate"],
        **{n: +Counter(answer["three_d_secure"][n]) for n in ("split", "flows")},
    }
    found["volume"] = {
        v["currency"]: tuple(Decimal(str(v[name])) for name in ("gross", "refunded", "refund_failures", "net"))
        for v in answer["volume"]
    }
    return found


def by_currency(payments: Sequence[Document]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = defaultdict(list)
    for p in payments:
        found[p["currency"]].append(p)
    return found


def by_method(payments: Sequence[Document]) -> dict[str, list[Document]]:
    """Payments by what was paid with. Cards and Link are one; earlier records tell of a card only."""
    found: dict[str, list[Document]] = defaultdict(list)
    for p in payments:
        named = (p.get("payment_method") or {}).get("type")
        found["card" if named in ("card", "link") or (named is None and p["card"]) else named or "unknown"].append(p)
    return found


def captured(payments: Sequence[Document]) -> int:
    return sum(p["amount_captured"] for p in payments)


def major(minor: int, currency: str) -> Decimal:
    return Decimal(minor) / 10 ** DIGITS[currency]


def ratio(n: int, total: int) -> dict[str, Any]:
    return {"value": six_digits(n, total), "n": n, "total": total}


def six_digits(n: int, total: int) -> Decimal | None:
    return Decimal(str(round(n / total, 6))) if total else None


def nearest_rank(values: Sequence[int], percent: int) -> int | None:
    return values[math.ceil(len(values) * percent / 100) - 1] if values else None


def two_digits(seconds: int | None) -> int | None:
    """Exact below 100 seconds, two significant digits above; halves go up."""
    if seconds is None or seconds < 100:
        return seconds
    scale = 10 ** (len(str(seconds)) - 2)
    return int((Decimal(seconds) / scale).quantize(Decimal(1), rounding="ROUND_HALF_UP")) * scale
