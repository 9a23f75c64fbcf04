"""Filters of an address: read, with a sentence for each one that is invalid, and written back as chips and links."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from app.clock import now
from app.domain.figures import periods
from app.domain.figures.periods import Span
from app.errors import ValidationFailed
from app.models.listing.children import ChildFilter
from app.models.listing.payments import PaymentFilter
from app.services.figures.ranges import day_range, is_day
from app.services.listing import FilterOptions
from dashboards.lists.formats import range_words
from dashboards.lists.labels import humanize

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
_DIGITS = 9
_QUOTED = 40
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter in words; ``names`` are the parameters to leave out to remove it."""

    label: str
    value: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an address, and what the page shows nevertheless."""

    fault: str
    fallback: str

    def __str__(self) -> str:
        return f"{self.fault} {self.fallback}"


@dataclass(frozen=True, slots=True)
class ListQuery(Generic[F]):
    """A list as an address describes it: its filter, and what of the address is valid and what is not."""

    where: F
    parameters: dict[str, str]
    chips: list[Chip]
    problems: list[Problem]


class Reader:
    """Reads parameters one by one. Valid ones are in ``parameters`` and ``chips``, the others in ``problems``."""

    def __init__(self, arguments: Mapping[str, str], zone: ZoneInfo) -> None:
        self._arguments = arguments
        self._zone = zone
        self.parameters: dict[str, str] = {}
        self.chips: list[Chip] = []
        self.problems: list[Problem] = []

    def text(self, name: str) -> str | None:
        """A value without the spaces around it; None where it is absent, empty or absurdly long."""
        value = self._arguments.get(name, "").strip()
        if len(value) > _LONGEST or "\0" in value:
            self.refuse(f"“{quoted(value)}” is not a text of at most {_LONGEST} characters.", "It is ignored.")
            return None
        return value or None

    def identifier(self, name: str, label: str) -> str | None:
        """A value that is matched exactly."""
        value = self.text(name)
        if value is not None:
            self._accept(name, value, label, value)
        return value

    def pattern(
        self,
        name: str,
        label: str,
        shape: re.Pattern[str],
        example: str,
        *,
        fold: Callable[[str], str] = str,
        in_words: Callable[[str], str] = str,
        noun: str | None = None,
    ) -> str | None:
        """A value of a certain shape."""
        value = self.text(name)
        if value is None:
            return None
        folded = fold(value)
        if not shape.fullmatch(folded):
            noun = noun or label.lower()
            self.refuse(f"“{quoted(value)}” is not {_a(noun)} like {example}.", f"Showing every {noun}.")
            return None
        self._accept(name, folded, label, in_words(folded))
        return folded

    def currency(self) -> str | None:
        """A currency, whether payments have it or not."""
        return self.pattern("currency", "Currency", CURRENCY, "usd", fold=str.lower, in_words=str.upper)

    def brand(self) -> str | None:
        """A card brand as Stripe writes it."""
        return self.pattern("brand", "Card brand", _BRAND, "visa", fold=str.lower, in_words=humanize)

    def country(self) -> str | None:
        """The country of a card, or that it is unknown."""
        return self.pattern("country", "Card country", _COUNTRY, "US", fold=_country_code)

    def shared_filters(self) -> dict[str, Any]:
        """The filters that every list and the figures have: currency, card brand and country, 3-D Secure."""
        return {
            "currency": self.currency(),
            "brand": self.brand(),
            "country": self.country(),
            "three_d_secure": self.flag("three_d_secure", "3-D Secure"),
        }

    def option(
        self, name: str, label: str, options: Mapping[str, str], *, noun: str | None = None, fallback: str | None = None
    ) -> str | None:
        """One of the ``options``, which map values to their labels."""
        value = self.text(name)
        if value is None:
            return None
        if value not in options:
            noun = noun or label.lower()
            self.refuse(f"“{quoted(value)}” is not {_a(noun)}.", fallback or f"Showing every {noun}.")
            return None
        self._accept(name, value, label, options[value])
        return value

    def flag(self, name: str, label: str) -> bool | None:
        """Yes, no or either."""
        value = self.text(name)
        if value is None:
            return None
        flag = _FLAGS.get(value.lower())
        if flag is None:
            fallback = f"The filter “{label}” is not applied."
            self.refuse(f"“{quoted(value)}” is neither yes nor no.", fallback)
            return None
        self._accept(name, str(flag).lower(), label, "Yes" if flag else "No")
        return flag

    def number(self, name: str, first: int, most: int, *, fallback: str) -> int:
        """A number of a page; ``most`` for a larger one."""
        value = self.text(name) or str(first)
        if not (value.isascii() and value.isdigit() and len(value) < _DIGITS):
            self.refuse(f"“{quoted(value)}” is not a number of a page.", fallback)
            return first
        return min(int(value), most)

    def range(
        self, label: str = "Date", *, fallback: str = "Showing every date."
    ) -> tuple[datetime | None, datetime | None]:
        """A preset, or days or exact times; days in the wrong order are exchanged."""
        first, last, preset = self.text("from"), self.text("to"), self.text("range")
        if first is None and last is None:
            return self._preset(label, preset, fallback) if preset else (None, None)
        if first and last and is_day(first) and is_day(last) and first > last:
            first, last = last, first
            self.refuse("The last day is before the first.", f"Showing {first} to {last}.")
        try:
            start, end = day_range(first, last, self._zone.key)
        except ValidationFailed as error:
            reasons = " ".join(f"“{name}”: {' '.join(texts)}" for name, texts in error.errors.items())
            self.refuse(f"The date range is invalid. {reasons}", fallback)
            return None, None
        self.parameters.update({n: v for n, v in (("from", first), ("to", last)) if v})
        self.chips.append(Chip(label, range_words(start, end, self._zone), ("from", "to")))
        return start, end

    def refuse(self, fault: str, fallback: str) -> None:
        """Note what is wrong, and what is shown nevertheless."""
        self.problems.append(Problem(fault, fallback))

    def query(self, where: F) -> ListQuery[F]:
        """The list that was read, narrowed to ``where``."""
        return ListQuery(where, self.parameters, self.chips, self.problems)

    def leave_out(self, *names: str) -> None:
        """Forget valid parameters that cannot be used together with others."""
        for name in names:
            self.parameters.pop(name, None)
        self.chips = [chip for chip in self.chips if not set(chip.names) & set(names)]

    def _preset(self, label: str, preset: str, fallback: str) -> tuple[datetime | None, datetime | None]:
        if preset not in PRESETS:
            self.refuse(f"“{quoted(preset)}” is not a range such as {', '.join(PRESETS)}.", fallback)
            return None, None
        span = preset_span(preset, now(), self._zone)
        self._accept("range", preset, label, PRESETS[preset])
        return span.start, span.end

    def _accept(self, name: str, value: str, label: str, words: str) -> None:
        self.parameters[name] = value
        self.chips.append(Chip(label, words, (name,)))


def require_valid(problems: Sequence[Problem]) -> None:
    """Refuse an address with an invalid filter, for exports: without the filter they would contain too much."""
    if problems:
        raise ValidationFailed(" ".join(problem.fault for problem in problems))


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


def options_of(values: Sequence[str], in_words: Callable[[str], str], selected: str | None) -> list[tuple[str, str]]:
    """Values with their words for a select; ``selected`` is among them, stored or not."""
    values = [*values, selected] if selected and selected not in values else values
    return [(value, in_words(value)) for value in values]


def card_options(options: FilterOptions, where: PaymentFilter | ChildFilter) -> dict[str, list[tuple[str, str]]]:
    """The options of the selects that every list of payments, refunds or disputes has."""
    return {
        "currency": options_of(options.currency, str.upper, where.currency),
        "brand": options_of(options.brand, humanize, where.brand),
        "country": options_of(options.country, str, where.country),
        "flag": [("true", "Yes"), ("false", "No")],
    }


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _country_code(text: str) -> str:
    return text.lower() if text.lower() == "unknown" else text.upper()


def quoted(text: str) -> str:
    """Text of an address in a sentence: short, and without what cannot be printed."""
    printable = "".join(c if c.isprintable() else "�" for c in text)
    return printable if len(printable) <= _QUOTED else f"{printable[:_QUOTED]}…"
