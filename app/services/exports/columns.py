"""The columns of exports. Spreadsheets depend on their names and order, which are stable; new ones go to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.figures.figures import Figures
from app.domain.figures.statistics import Ratio
from app.domain.money import Money
from app.models.listing.payment_summary import refunded_of
from app.services.exports.files import Cell, Table
from app.services.figures.report import Report

Row = Mapping[str, Any]
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Columns = Mapping[str, Callable[[Row], Cell]]


def payments(rows: Iterable[Row], zone: ZoneInfo) -> Table:
    """One row for each payment."""
    columns: Columns = {
        "payment_id": lambda r: str(r["_id"]),
        **_times("created", "created_at", zone),
        **_times("completed", "completed_at", zone),
        **_same("status", "refund_status"),
        "disputed": lambda r: _yes(r["disputed"]),
        **_same("order_id", "customer_id", "payment_intent_id", "description", "currency"),
        **_amounts("amount", lambda r: r["amount"]),
        **_amounts("captured", lambda r: r["captured"]),
        **_amounts("refunded", refunded_of),
        **_card(),
        "card_last4": lambda r: r["last4"],
        "three_d_secure": lambda r: _yes(any(a.get("outcome") for a in r["attempts"])),
        "attempts": lambda r: len(r["attempts"]),
        "failure_codes": lambda r: " ".join(a["reason"] for a in r["attempts"] if a.get("reason")),
        "fraud_signals": lambda r: " ".join(r["signals"]),
        **_amounts("released", lambda r: r.get("released") or 0),
        "asked_amount_minor": lambda r: _asked(r, "amount"),
        "asked_currency": lambda r: _asked(r, "currency"),
        "payment_method": lambda r: r["method"],
        **_same("wallet", "waiting_for"),
    }
    return _table("payments", columns, rows)


def refunds(rows: Iterable[Row], zone: ZoneInfo) -> Table:
    """One row for each refund."""
    columns: Columns = {
        **_same("refund_id", "stripe_refund_id"),
        "payment_id": lambda r: str(r["payment_id"]),
        **_times("refunded", "at", zone),
        **_same("status"),
        "counted_in_volume": lambda r: _yes(r["counted"]),
        **_same("currency"),
        **_amounts("amount", lambda r: r["amount"]),
        **_same("reason", "failure_reason", "requested_by", "order_id", "customer_id"),
        **_card(),
        "three_d_secure": lambda r: _yes(r["three_d_secure"]),
        **_times("failed", "failed_at", zone),
    }
    return _table("refunds", columns, rows)


def disputes(rows: Iterable[Row], zone: ZoneInfo) -> Table:
    """One row for each dispute; amounts are of the dispute's own currency."""
    columns: Columns = {
        **_same("dispute_id"),
        "payment_id": lambda r: str(r["payment_id"]),
        **_times("opened", "at", zone),
        **_times("evidence_due", "evidence_due_by", zone),
        **_same("status"),
        "kind": lambda r: "chargeback" if r["chargeback"] else "inquiry",
        **_same("reason"),
        "currency": lambda r: r["dispute_currency"],
        **_amounts("amount", lambda r: r["amount"], "dispute_currency"),
        **_same("order_id", "customer_id"),
        "payment_currency": lambda r: r["currency"],
        **_card(),
        "three_d_secure": lambda r: _yes(r["three_d_secure"]),
    }
    return _table("disputes", columns, rows)


def figures(report: Report) -> Table:
    """The figures of each interval of a range, without money."""
    columns = (
        *("start_utc", "start_local", "created", "completed", "failed", "canceled", "open", "abandoned"),
        *_ratio_names("success_rate", "first_attempt_success", "refund_rate", "three_d_secure"),
        *("processing_n", "processing_mean_seconds", "processing_p50_seconds", "processing_p95_seconds"),
        *_ratio_names("dispute_rate"),
        "disputes_opened",
    )
    rows = ([*_start(start), *_figures(found)] for start, found in report.series)
    return Table("figures", columns, rows)


def volume(report: Report) -> Table:
    """The money of each interval of a range: one row per interval and currency in which money moved."""
    kinds = ("gross", "refunded", "net", "refund_failures")
    names = [f"{kind}{form}" for kind in kinds for form in ("_minor", "")]
    return Table("volume", ("start_utc", "start_local", "currency", *names), _volume(report))


def reasons(report: Report) -> Table:
    """Why attempts failed, over the whole range, most frequent first."""
    columns = (*("code", "group", "meaning", "failed_attempts", "of_failed_attempts", "share"), "payments")
    rows = (
        [*(r.reason.code, r.reason.group.value, r.reason.meaning), *(*_ratio(r.ratio), r.payments)]
        for r in report.figures.failure_reasons
    )
    return Table("reasons", columns, rows)


def three_d_secure(report: Report) -> Table:
    """Attempts that requested 3-D Secure over the whole range: the funnel, then the outcomes with their successes.

    Each step is a subset of the previous one, except the branches of the second.
    """
    figures_ = report.figures
    paid = figures_.three_d_secure_paid
    rows: list[tuple[Cell, ...]] = [
        *(("step", name, number, None) for name, number in asdict(figures_.three_d_secure_funnel).items()),
        *(("outcome", name, number, paid[name]) for name, number in figures_.three_d_secure_split.items()),
    ]
    return Table("three_d_secure", ("kind", "name", "attempts", "succeeded"), rows)


def times(report: Report) -> Table:
    """Payments by processing time over the whole range; the last class has no upper bound."""
    columns = ("from_seconds", "to_before_seconds", "payments")
    return Table("times", columns, report.figures.time_classes)


def hours(report: Report) -> Table:
    """The values of the heat map: each local hour of the week, over the whole range."""
    columns = ("weekday", "hour", "created", *_ratio_names("success_rate"))
    hours_ = report.hours or Figures({})
    places = ((day, hour) for day in range(len(_DAYS)) for hour in range(24))
    rows = (
        [_DAYS[day], hour, hours_.hour(day, hour, "created"), *_ratio(hours_.success_rate_of(day, hour))]
        for day, hour in places
    )
    return Table("hours", columns, rows)


def _volume(report: Report) -> Iterator[list[Cell]]:
    for start, found in report.series:
        for money in found.volumes:
            yield [
                *(*_start(start), money.currency),
                *(money.gross_minor, money.gross),
                *(money.refunded_minor, money.refunded),
                *(money.net_minor, money.net),
                *(money.refund_failures_minor, money.refund_failures),
            ]


def _figures(found: Figures) -> list[Cell]:
    rates = (*(found.success_rate, found.first_attempt_success, found.refund_rate, found.three_d_secure_rate),)
    mean = found.mean_seconds
    return [
        *found.payments.values(),
        *(cell for rate in rates for cell in _ratio(rate)),
        *(found.timed, None if mean is None else round(mean, 3)),
        *(found.percentile_seconds(0.5), found.percentile_seconds(0.95)),
        *_ratio(found.dispute_rate),
        found.disputes_opened,
    ]


def _table(name: str, columns: Columns, rows: Iterable[Row]) -> Table:
    return Table(name, tuple(columns), ([cell(row) for cell in columns.values()] for row in rows))


def _same(*names: str) -> Columns:
    return {name: lambda r, name=name: r[name] for name in names}  # type: ignore[misc]


def _card() -> Columns:
    return {"card_brand": lambda r: r["brand"], "card_country": lambda r: r["country"]}


def _times(prefix: str, field: str, zone: ZoneInfo) -> Columns:
    return {f"{prefix}_utc": lambda r: r.get(field), f"{prefix}_local": lambda r: _local(r.get(field), zone)}


def _amounts(name: str, minor: Callable[[Row], int], currency: str = "currency") -> Columns:
    return {f"{name}_minor": minor, name: lambda r: Money(minor(r), r[currency]).to_major_if_known()}


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone).replace(tzinfo=None) if moment else None


def _start(start: datetime) -> list[Cell]:
    return [start, start.replace(tzinfo=None)]


def _ratio_names(*names: str) -> list[str]:
    return [f"{name}{part}" for name in names for part in ("_n", "_total", "")]


def _ratio(ratio: Ratio) -> list[Cell]:
    return [ratio.n, ratio.total, None if ratio.value is None else round(ratio.value, 6)]


def _asked(row: Row, field: str) -> Cell:
    """What the order asked, where something else was taken."""
    differs = row.get("differs")
    if not differs:
        return None
    asked: Cell = differs[field][0] if field in differs else row[field]
    return asked


def _yes(value: bool) -> str:
    return "yes" if value else "no"


# The files of the figures, in the order of the sheets in their workbook.
FIGURES: Mapping[str, Callable[[Report], Table]] = {
    "figures": figures,
    "volume": volume,
    "reasons": reasons,
    "three_d_secure": three_d_secure,
    "times": times,
    "hours": hours,
}
