"""The one place where numbers, amounts, durations, times and ranges become text."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask

from app.domain.figures import periods
from app.domain.figures.periods import Span
from app.domain.money import Money, UnknownCurrency

_COMPACT = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
NO_DATA = "no data"


def init_app(app: Flask, *, timezone: str) -> None:
    """Make the formats available to templates; times are in ``timezone``."""
    zone = ZoneInfo(timezone)
    app.jinja_env.globals["amount"] = amount
    app.jinja_env.filters.update(
        number=count,
        local_time=lambda moment: local_time(moment, zone),
        utc_time=lambda moment: local_time(moment, UTC),
        utc_iso=utc_iso,
        unix_time=unix_time,
        span_words=span_words,
    )


def one_decimal(number: float) -> str:
    """A number with one decimal and thousands separated: ``1,234.5``."""
    return f"{number:,.1f}"


def amount(minor: Any, currency: Any) -> str:
    """An amount with its currency; in minor units where the currency is one that we cannot place a point in."""
    code = str(currency).upper()
    if not isinstance(minor, int):
        return f"{minor} {code}"
    try:
        return money(Money(minor, str(currency)).to_major(), code)
    except UnknownCurrency:
        return f"{count(minor)} minor units {code}"


def local_time(moment: datetime, zone: tzinfo) -> str:
    """A time as the wall clock in ``zone`` showed it, with the zone's short name."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def utc_iso(moment: datetime) -> str:
    """A time for programs, to the second: ``2026-03-01T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_time(seconds: Any) -> datetime | None:
    """The moment of a Unix time, as Stripe writes times; None for anything else."""
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None


def span_words(span: Span) -> str:
    """A range as people write it: ``28 Oct – 26 Nov 2026``, with the time of day where it does not end with a day."""
    first, last = span.first_day, span.last_day
    begin, finish = f"{first.day} {first:%b}", f"{last.day} {last:%b %Y}"
    if first.year != last.year:
        begin += f" {first.year}"
    if span.is_whole_days:
        return finish if first == last else f"{begin} – {finish}"
    opened, closed = (f"{moment.astimezone(span.zone):%H:%M}" for moment in (span.start, span.end))
    if first == last:
        return f"{finish}, {opened} – {'24:00' if closed == '00:00' else closed}"
    begin += "" if opened == "00:00" else f", {opened}"
    return f"{begin} – {finish}" + ("" if closed == "00:00" else f", {closed}")


def range_words(start: datetime | None, end: datetime | None, zone: ZoneInfo) -> str:
    """A range as ``span_words`` writes it, or one that is open at an end: ``since 28 Oct 2026``."""
    if start and end:
        return span_words(Span(start, end, zone))
    if start:
        return f"since {_bound_words(start, zone)}"
    return f"until {_bound_words(end, zone, is_end=True)}" if end else ""


def _bound_words(moment: datetime, zone: ZoneInfo, *, is_end: bool = False) -> str:
    day = moment.astimezone(zone).date()
    if moment != periods.day_start(day, zone):
        return f"{day.day} {day:%b %Y}, {moment.astimezone(zone):%H:%M}"
    # A range that ends at a midnight ends with the day before it.
    day -= timedelta(days=is_end)
    return f"{day.day} {day:%b %Y}"


def period_names(start: date | datetime, granularity: str) -> tuple[str, str]:
    """The name of a period by its local start: short for an axis, and in full."""
    day = f"{start.day} {start:%b}"
    if granularity == "month":
        return f"{start:%b %Y}", f"{start:%B %Y}"
    if granularity == "week":
        return day, f"Week of {day} {start:%Y}"
    if granularity == "hour" and isinstance(start, datetime):
        clock = f"{start:%H:%M}"
        # The zone tells apart the hour that a change of clocks repeats.
        zone = f" {start:%Z}" if start.tzinfo else ""
        return day if clock == "00:00" else clock, f"{start:%a} {day} {start:%Y}, {clock}{zone}"
    return day, f"{start:%a} {day} {start:%Y}"


def time_left(deadline: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """How long there is until a deadline, in days of the dashboard's zone: that is how people plan."""
    if deadline is None:
        return "no deadline"
    days = (deadline.astimezone(zone).date() - now.astimezone(zone).date()).days
    if deadline < now:
        return "overdue since earlier today" if days == 0 else f"overdue by {_days(-days)}"
    if days == 0:
        hours = int((deadline - now).total_seconds() // 3600)
        return f"due today, {hours} hours left" if hours > 1 else "due within two hours"
    return "due tomorrow" if days == 1 else f"{_days(days)} left"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{count(number)} days"


def count(number: int) -> str:
    """A count with thousands separated: ``12,345``."""
    return _minus(f"{number:,}")


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as a percentage. Only 1 is ``100.0%`` and only 0 is ``0.0%``; what is nearly so says ``>99.9%``."""
    if fraction is None or not math.isfinite(fraction):
        return NO_DATA
    step = 10.0**-digits
    if 0 < fraction * 100 < step / 2:
        return f"<{step:.{digits}f}%"
    if 100 - step / 2 < fraction * 100 < 100:
        return f">{100 - step:.{digits}f}%"
    return _minus(f"{fraction * 100:.{digits}f}%")


def share(part: int, whole: int) -> str:
    """What ``part`` is of ``whole``, as a percentage; an empty whole has no share."""
    return percent(part / whole) if whole else NO_DATA


def compact(value: float) -> str:
    """A number for an axis: ``950``, ``1.2k``, ``3.4M``."""
    size = abs(value)
    if size >= 1e15:
        return _minus(f"{value:.1e}")
    for unit, letter in _COMPACT:
        # What rounds up to a thousand of the smaller unit is written as one of the larger.
        if size >= unit * 0.9995 and size >= 1000:
            scaled = value / unit
            return _minus(_short(f"{scaled:.1f}" if abs(scaled) < 99.95 else f"{scaled:.0f}") + letter)
    return _minus(_short(f"{value:.3g}" if size < 1 else f"{value:.2f}"))


def money(amount: Decimal | None, currency: str) -> str:
    """An amount in major units with its currency: ``1,234.50 USD``."""
    return amount_in(amount, currency.upper())


def amount_in(amount: Decimal | None, unit: str) -> str:
    """An amount with the unit that it counts, as it is: ``1,234.50 USD``; alone without one."""
    return NO_DATA if amount is None else _minus(f"{amount:,f} {unit}".rstrip())


def duration(seconds: float) -> str:
    """A duration with its two largest units: ``850 ms``, ``5 s``, ``1 min 30 s``, ``2 h``, ``3 d``."""
    if seconds < 0:
        return "−" + duration(-seconds)
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    left = round(seconds)
    for index, (size, name) in enumerate(_UNITS):
        if left >= size:
            rest, small = (0, "") if index + 1 == len(_UNITS) else _UNITS[index + 1]
            minor = (left % size) // rest if rest else 0
            return f"{left // size:,} {name}" + (f" {minor} {small}" if minor else "")
    return "0 s"


def _short(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits and "e" not in digits else digits


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
