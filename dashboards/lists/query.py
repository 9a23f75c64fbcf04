"""Filters as an address has them: read with a message for what makes no sense, written back as chips and links."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.clock import now
from app.domain.figures import periods
from app.domain.figures.periods import Span
from app.errors import ValidationFailed
from app.models.listing.payments import RowFilter
from app.models.listing.refunds import ChildFilter
from app.services.figures.ranges import day_range, is_day
from app.services.listing import Choices
from dashboards.lists.labels import words

PRESETS: Mapping[str, str] = {
    "today": "Today",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
    "month": "This month",
    "last_month": "Last month",
}
_DAYS = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
CURRENCY = re.compile(r"[a-z]{3}")
_BRAND = re.compile(r"[a-z0-9_ -]{1,32}")
_COUNTRY = re.compile(r"[A-Z]{2}|unknown")
_LONGEST = 255
_SHOWN_OF_BAD = 40


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter in words; ``names`` are the parameters to leave out to remove it."""

    label: str
    value: str
    names: tuple[str, ...]


class Reader:
    """Reads parameters one by one. What was understood is in ``parameters`` and ``chips``, the rest in ``problems``."""

    def __init__(self, arguments: Mapping[str, str], zone: ZoneInfo) -> None:
        self._arguments = arguments
        self._zone = zone
        self.parameters: dict[str, str] = {}
        self.chips: list[Chip] = []
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        """A value without the spaces around it; None where it is absent, empty or absurdly long."""
        value = self._arguments.get(name, "").strip()
        if len(value) > _LONGEST:
            self.problems.append(f"“{_short(value)}” is too long to be searched for.")
            return None
        return value or None

    def identifier(self, name: str, label: str) -> str | None:
        """A value that is looked for as it is."""
        value = self.text(name)
        if value is not None:
            self._take(name, value, label, value)
        return value

    def pattern(
        self,
        name: str,
        label: str,
        shape: re.Pattern[str],
        like: str,
        *,
        fold: Callable[[str], str] = str,
        in_words: Callable[[str], str] = str,
    ) -> str | None:
        """A value of a certain shape; ``like`` is an example of it."""
        value = self.text(name)
        if value is None:
            return None
        folded = fold(value)
        if not shape.fullmatch(folded):
            self._refuse(label, value, f"a value such as {like}")
            return None
        self._take(name, folded, label, in_words(folded))
        return folded

    def currency(self) -> str | None:
        """A currency, known to us or not."""
        return self.pattern("currency", "Currency", CURRENCY, "usd", fold=str.lower, in_words=str.upper)

    def brand(self) -> str | None:
        """A card brand as Stripe writes it."""
        return self.pattern("brand", "Card brand", _BRAND, "visa", fold=str.lower, in_words=words)

    def country(self) -> str | None:
        """The country of a card, or that it is unknown."""
        return self.pattern("country", "Card country", _COUNTRY, "US", fold=_country_code)

    def option(self, name: str, label: str, options: Mapping[str, str]) -> str | None:
        """One of some words; their texts are shown."""
        value = self.text(name)
        if value is None:
            return None
        if value not in options:
            self._refuse(label, value, "one of the list")
            return None
        self._take(name, value, label, options[value])
        return value

    def flag(self, name: str, label: str) -> bool | None:
        """Yes, no or either."""
        value = self.text(name)
        if value is None:
            return None
        found = _FLAGS.get(value.lower())
        if found is None:
            self._refuse(label, value, "yes or no")
            return None
        self._take(name, str(found).lower(), label, "Yes" if found else "No")
        return found

    def range(self, label: str = "Date") -> tuple[datetime | None, datetime | None]:
        """A preset, or days or exact times; dates that are the wrong way round are turned."""
        first, last, preset = self.text("from"), self.text("to"), self.text("range")
        if first is None and last is None:
            return self._preset(label, preset) if preset else (None, None)
        if first and last and is_day(first) and is_day(last) and first > last:
            self.problems.append("The dates were the wrong way round and have been exchanged.")
            first, last = last, first
        try:
            start, end = day_range(first, last, self._zone.key)
        except ValidationFailed as error:
            told = "; ".join(f"{name}: {' '.join(found)}" for name, found in error.errors.items())
            self.problems.append(f"The date range was not understood and is left out. {told}")
            return None, None
        self.parameters.update({n: v for n, v in (("from", first), ("to", last)) if v})
        self.chips.append(Chip(label, _range_words(first, last, start, end, self._zone), ("from", "to")))
        return start, end

    def leave_out(self, *names: str) -> None:
        """Forget parameters that were understood but cannot be used."""
        for name in names:
            self.parameters.pop(name, None)
        self.chips = [chip for chip in self.chips if not set(chip.names) & set(names)]

    def _preset(self, label: str, preset: str) -> tuple[datetime | None, datetime | None]:
        if preset not in PRESETS:
            self._refuse(label, preset, ", ".join(PRESETS))
            return None, None
        span = preset_span(preset, now(), self._zone)
        self._take("range", preset, label, PRESETS[preset])
        return span.start, span.end

    def _take(self, name: str, value: str, label: str, words: str) -> None:
        self.parameters[name] = value
        self.chips.append(Chip(label, words, (name,)))

    def _refuse(self, label: str, value: str, wanted: str) -> None:
        self.problems.append(f"{label} “{_short(value)}” was not understood and is left out; use {wanted}.")


def refuse(problems: Sequence[str]) -> None:
    """Refuse what was not understood, for exports: leaving a filter out would hand out too much."""
    if problems:
        raise ValidationFailed(" ".join(problems))


def preset_span(preset: str, moment: datetime, zone: ZoneInfo) -> Span:
    """The days that a preset means at ``moment``."""
    today = moment.astimezone(zone).date()
    if preset in _DAYS:
        return periods.days(today - timedelta(days=_DAYS[preset] - 1), today, zone)
    first = today.replace(day=1)
    if preset == "month":
        return periods.days(first, today, zone)
    return periods.days(periods.months_earlier(first, 1), first - timedelta(days=1), zone)


def changed(parameters: Mapping[str, str], *without: str, **more: str | None) -> dict[str, str]:
    """The parameters of an address with some left out and others set."""
    kept = {name: value for name, value in parameters.items() if name not in without and name not in more}
    return kept | {name: value for name, value in more.items() if value}


def options_of(
    values: Sequence[str], in_words: Callable[[str], str], chosen: str | None
) -> list[tuple[str, str]]:
    """Values with their words for a select; what is chosen is among them, known or not."""
    known = [*values, chosen] if chosen and chosen not in values else values
    return [(value, in_words(value)) for value in known]


def card_options(found: Choices, where: RowFilter | ChildFilter) -> dict[str, list[tuple[str, str]]]:
    """What the selects offer that every list has."""
    return {
        "currency": options_of(found.currency, str.upper, where.currency),
        "brand": options_of(found.brand, words, where.brand),
        "country": options_of(found.country, str, where.country),
        "flag": [("true", "Yes"), ("false", "No")],
    }


def _range_words(first: str | None, last: str | None, start: Any, end: Any, zone: ZoneInfo) -> str:
    def in_words(text: str | None, moment: datetime | None) -> str:
        if text is None or moment is None:
            return ""
        return text if is_day(text) else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")

    begin, finish = in_words(first, start), in_words(last, end)
    if begin == finish:
        return begin
    if begin and finish:
        return f"{begin} – {finish}"
    return f"since {begin}" if begin else f"until {finish}"


def _country_code(text: str) -> str:
    return text.lower() if text.lower() == "unknown" else text.upper()


def _short(text: str) -> str:
    shown = "".join(c if c.isprintable() else "�" for c in text)
    return shown if len(shown) <= _SHOWN_OF_BAD else f"{shown[:_SHOWN_OF_BAD]}…"
