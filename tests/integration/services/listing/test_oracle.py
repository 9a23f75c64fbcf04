"""A figure, its list, its file and a recount by hand have the same payments, in every zone, to the unit."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pymongo.database import Database

from app.domain.figures.periods import days
from app.domain.permissions import Role
from app.factory import create_app
from app.models.figures.rollups import Choice
from app.models.listing.payments import FigureFilter
from config import Settings
from dashboards.lists import formats, links
from tests.integration.dashboards.pages import enter
from tests.integration.dashboards.test_overview import linked, part, percent, value_of
from tests.integration.services.figures.test_oracle import METRICS, ZONES, around, chooses, ledger_in, local_day
from tests.support import ledger, stored
from tests.support.profiles import examples, thorough_beside
from tests.support.recount import DIGITS, comparable, funnel, given_back, is_failed, recount, with_3ds
from tests.support.spreadsheets import sheet

Document = dict[str, Any]
ZONED = ("Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")
SLOW = hypothesis_settings(
    max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def is_completed(p: Document) -> bool:
    return bool(p["status"] == "completed")


def has_outcome(p: Document) -> bool:
    return any(a["status"] in ("succeeded", "failed") for a in p["attempts"])


def is_rest(p: Document) -> bool:
    return not is_completed(p) and not is_failed(p) and p["status"] != "canceled"


# One sentence of the design each, by hand.
MATCHES: dict[FigureFilter, Callable[[Document], bool]] = {
    FigureFilter.COMPLETED: is_completed,
    FigureFilter.FAILED: is_failed,
    FigureFilter.CANCELED: lambda p: p["status"] == "canceled" and not is_failed(p),
    FigureFilter.OPEN: lambda p: is_rest(p) and bool(p["attempts"]),
    FigureFilter.ABANDONED: lambda p: is_rest(p) and not p["attempts"],
    FigureFilter.DECIDED: lambda p: is_completed(p) or is_failed(p),
    FigureFilter.FIRST_SUCCEEDED: lambda p: has_outcome(p) and p["attempts"][0]["status"] == "succeeded",
    FigureFilter.WITH_OUTCOME: has_outcome,
    FigureFilter.REFUNDED: lambda p: is_completed(p) and bool(given_back(p)),
    FigureFilter.DISPUTED: lambda p: is_completed(p) and p["disputed"],
    FigureFilter.THREE_D_SECURE: with_3ds,
    FigureFilter.CAPTURED: is_completed,
}
# Where the API has the same number.
FIGURES: dict[FigureFilter, Callable[[Document], int]] = {
    FigureFilter.COMPLETED: lambda m: m["success_rate"]["n"],
    FigureFilter.DECIDED: lambda m: m["success_rate"]["total"],
    FigureFilter.FAILED: lambda m: m["payments"]["failed"],
    FigureFilter.CANCELED: lambda m: m["payments"]["canceled"],
    FigureFilter.OPEN: lambda m: m["payments"]["open"],
    FigureFilter.ABANDONED: lambda m: m["payments"]["abandoned"],
    FigureFilter.FIRST_SUCCEEDED: lambda m: m["first_attempt_success"]["n"],
    FigureFilter.WITH_OUTCOME: lambda m: m["first_attempt_success"]["total"],
    FigureFilter.REFUNDED: lambda m: m["refund_rate"]["by_count"]["n"],
    FigureFilter.DISPUTED: lambda m: m["dispute_rate"]["n"],
}


@dataclass
class Visitor:
    """A time zone, a browser signed in to its dashboard, and a token for its API."""

    zone: ZoneInfo
    browser: FlaskClient
    bearer: dict[str, str]

    def listed(self, address: str) -> list[str]:
        """What all pages of a list show, by following Next."""
        found: list[str] = []
        while address:
            page = self.browser.get(address)
            assert page.status_code == 200 and 'role="alert"' not in page.text, page.text
            found += re.findall(r'row-link" href="/dashboard/payments/([0-9a-f]{24})"', page.text.split('id="rows"')[1])
            following = re.search(r'rel="next" href="([^"]+)"', page.text)
            address = html.unescape(following[1]) if following else ""
        return found

    def filed(self, address: str) -> list[dict[str, str]]:
        """The rows of the list's CSV file."""
        path, _, query = address.partition("?")
        answer = self.browser.get(f"{path}.csv?{query}", buffered=True)
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))

    def same(self, address: str, expected: list[str]) -> None:
        """List, file and recount have the same payments."""
        listed, filed = self.listed(address), [row["payment_id"] for row in self.filed(address)]
        assert sorted(listed) == sorted(expected), address
        assert listed == filed


@pytest.fixture(params=thorough_beside(ZONED, "Australia/Lord_Howe"))
def visitor(request: pytest.FixtureRequest, settings: Settings, token: Any) -> Visitor:
    app = create_app(changed(settings, dashboard_timezone=request.param))
    bearer = {"Authorization": f"Bearer {token(scope='metrics:read')}"}
    return Visitor(ZoneInfo(request.param), enter(app, Role.FINANCE), bearer)


@SLOW
@given(data=st.data())
def test_every_figure_links_to_exactly_the_payments_it_counts(
    visitor: Visitor, database: Database[dict[str, Any]], data: st.DataObject
) -> None:
    payments = data.draw(st.lists(ledger.payment(around(visitor.zone)), max_size=10))
    first = ZONES[visitor.zone.key] + timedelta(days=data.draw(st.integers(-3, 1)))
    last = first + timedelta(days=data.draw(st.integers(0, 4)))
    choice = data.draw(choices)
    span, query = (days(first, last, visitor.zone), {k: v for k, v in links.choice_parameters(choice).items() if v})
    mine = [p for p in payments if chooses({**query, **_flag(choice)}, p)]
    cohort = [p for p in mine if first <= local_day(visitor.zone, p["created_at"]) <= last]
    with ledger_in(database, payments), visitor.browser.application.test_request_context():
        parameters = {"from": first.isoformat(), "to": last.isoformat(), **query}
        figures = visitor.browser.get(METRICS, query_string=parameters, headers=visitor.bearer).json
        for counts, takes in MATCHES.items():
            of_range = captured_in(mine, visitor.zone, first, last) if counts == FigureFilter.CAPTURED else cohort
            expected = [str(p["_id"]) for p in of_range if takes(p)]
            visitor.same(links.payments_link(span, choice, figure=counts), expected)
            if counts in FIGURES:
                assert FIGURES[counts](figures) == len(expected), counts
        for reason in ledger.REASONS:
            having = [p for p in cohort if any((a["failure"] or {}).get("reason") == reason for a in p["attempts"])]
            visitor.same(links.payments_link(span, choice, reason=reason), [str(p["_id"]) for p in having])
        visitor.same(links.payments_link(span, choice), [str(p["_id"]) for p in cohort])
        assert figures["payments"]["created"] == len(cohort)
        assert comparable(figures) == recount(mine, span.start, span.end)
        check_overview(visitor, figures, parameters)
        check_files_of_the_range(visitor, parameters, cohort)
        check_money(visitor, figures, span, choice, mine)


def check_overview(visitor: Visitor, figures: Document, parameters: dict[str, str]) -> None:
    """The overview and the file of figures have the API's numbers."""
    page = visitor.browser.get("/dashboard", query_string=parameters)
    assert page.status_code == 200, page.text
    if "No payments yet" in page.text:
        assert visitor.listed("/dashboard/payments") == []
        return
    for name, ratio in {
        "success-rate": figures["success_rate"],
        "first-attempt-success": figures["first_attempt_success"],
        "refund-rate": figures["refund_rate"]["by_count"],
        "dispute-rate": figures["dispute_rate"],
    }.items():
        card = part(page.text, f"card-{name}")
        assert value_of(card) == percent(ratio), name
        assert [number for number, _ in linked(card)][:2] == [ratio["n"], ratio["total"]], name
    for outcome, number in figures["payments"].items():
        if outcome != "created":
            assert linked(part(page.text, f"status-{outcome}"))[0][0] == number, outcome
    check_cards(page.text, figures)
    shown = {}
    for volume in figures["volume"]:
        row = part(page.text, f"volume-{volume['currency']}")
        cells = re.findall(r'<td class="money[^"]*"[^>]*>(?:<span>)?([^<]*)<', row)
        shown[volume["currency"]] = [Decimal(c.replace(",", "").replace("−", "-")) for c in cells]
        assert shown[volume["currency"]] == [volume[name] for name in ("gross", "refunded", "net")]
    check_files(visitor, figures, parameters)


def check_cards(page: str, figures: Document) -> None:
    """The times of the card and the refund rate by amount."""
    times = figures["processing_time"]
    card = part(page, "card-processing-time")
    assert value_of(card) == in_words(times["mean"])
    assert re.findall(r"<dd>([^<]*)</dd>", card) == [in_words(times["p50"]), in_words(times["p95"])]
    for share in figures["refund_rate"]["by_amount"]:
        row = part(page, f"volume-{share['currency']}")
        amounts = re.findall(r'class="sum"[^>]*>([^<]*)<', row)
        assert [Decimal(text.replace(",", "")) for text in amounts] == [share["refunded"], share["captured"]]
        rate = re.search(r'by amount"><span>([^ <]*)', row)
        assert rate and rate[1] == formats.percent(float(share["refunded"] / share["captured"]))


def in_words(seconds: Decimal | int | None) -> str:
    return "no data" if seconds is None else formats.duration(float(seconds))


def check_files(visitor: Visitor, figures: Document, parameters: dict[str, str]) -> None:
    """Each step of the files, and the reasons, are those of the API; the workbook has what the files have."""
    address = urlencode(parameters)
    steps = visitor.filed(f"/dashboard/figures?{address}")
    moved = visitor.filed(f"/dashboard/volume?{address}")
    assert len(steps) == len(figures["series"])
    for row, step in zip(steps, figures["series"], strict=True):
        check_step(row, step)
        money = {r["currency"]: r for r in moved if r["start_utc"] == row["start_utc"]}
        assert list(money) == [volume["currency"] for volume in step["volume"]]
        for volume in step["volume"]:
            for name in ("gross", "refunded", "net"):
                amount = Decimal(money[volume["currency"]][name])
                assert amount == volume[name]
                minor = int(amount * 10 ** DIGITS[volume["currency"]])
                assert int(money[volume["currency"]][f"{name}_minor"]) == minor
    reasons = visitor.filed(f"/dashboard/reasons?{address}")
    assert [
        (r["code"], r["group"], r["meaning"], int(r["failed_attempts"]), int(r["of_failed_attempts"])) for r in reasons
    ] == [(r["code"], r["group"], r["meaning"], r["n"], r["total"]) for r in figures["failure_reasons"]]
    book = visitor.browser.get(f"/dashboard/figures.xlsx?{address}", buffered=True)
    for number, rows in enumerate((steps, moved, reasons), start=1):
        assert in_workbook(book.data, number) == [
            {name: in_cell(text) for name, text in row.items() if text and "start" not in name} for row in rows
        ]


def check_files_of_the_range(visitor: Visitor, parameters: dict[str, str], cohort: list[Document]) -> None:
    """The files of 3-D Secure, of processing times and of the hours of the week have the numbers of a recount."""
    address = urlencode(parameters)
    rows = visitor.filed(f"/dashboard/three_d_secure?{address}")
    steps, paid = funnel(cohort)
    assert {r["name"]: int(r["attempts"]) for r in rows if r["kind"] == "step"} == steps
    outcomes = [r for r in rows if r["kind"] == "outcome"]
    assert +Counter({r["name"]: int(r["succeeded"]) for r in outcomes}) == paid
    assert sum(int(r["attempts"]) for r in outcomes) == steps["requested"]
    taken = [int((p["completed_at"] - p["created_at"]).total_seconds()) for p in cohort if is_completed(p)]
    for row in visitor.filed(f"/dashboard/times?{address}"):
        first, after = int(row["from_seconds"]), float(row["to_before_seconds"] or "inf")
        assert int(row["payments"]) == sum(first <= seconds < after for seconds in taken)
    hours = visitor.filed(f"/dashboard/hours?{address}")
    assert len(hours) == 7 * 24
    locals_ = [(p["created_at"].astimezone(visitor.zone), p) for p in cohort]
    for row in hours:
        mine = [p for at, p in locals_ if (f"{at:%A}", at.hour) == (row["weekday"], int(row["hour"]))]
        completed, failed = sum(map(is_completed, mine)), sum(map(is_failed, mine))
        numbers = [int(row[name]) for name in ("created", "success_rate_n", "success_rate_total")]
        assert numbers == [len(mine), completed, completed + failed]


def check_step(row: dict[str, str], step: Document) -> None:
    for name, number in step["payments"].items():
        assert int(row[name]) == number, name
    ratios = {
        "success_rate": step["success_rate"],
        "first_attempt_success": step["first_attempt_success"],
        "refund_rate": step["refund_rate"]["by_count"],
        "three_d_secure": step["three_d_secure"]["rate"],
        "dispute_rate": step["dispute_rate"],
    }
    for name, ratio in ratios.items():
        assert (int(row[f"{name}_n"]), int(row[f"{name}_total"])) == (ratio["n"], ratio["total"]), name
        assert number_in(row[name]) == ratio["value"], name
    times = step["processing_time"]
    assert int(row["processing_n"]) == times["n"]
    for name in ("p50", "p95"):
        assert number_in(row[f"processing_{name}_seconds"]) == times[name]
    mean = number_in(row["processing_mean_seconds"])
    assert mean is times["mean"] is None or abs(mean - times["mean"]) <= Decimal("0.0006")
    assert int(row["disputes_opened"]) == step["disputes_opened"]


def number_in(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def in_workbook(content: bytes, number: int) -> list[dict[str, str | float]]:
    """The rows of a sheet by the names of their columns, without times."""
    head, *rows = sheet(content, number)
    return [
        {
            head[letter][1]: float(text) if kind == "n" else text
            for letter, (kind, text) in row.items()
            if "start" not in head[letter][1]
        }
        for row in rows
    ]


def in_cell(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def check_money(visitor: Visitor, figures: Document, span: Any, choice: Choice, mine: list[Document]) -> None:
    """Refunds and disputes of the figures are those of their lists."""
    first, last, zone = span.first_day, span.last_day, visitor.zone
    returned = [(p, r) for p in mine for r in given_back(p) if first <= local_day(zone, r["created_at"]) <= last]
    refunds = visitor.filed(links.refunds_link(span, choice))
    assert len(visitor.listed(links.refunds_link(span, choice))) == len(refunds) == len(returned)
    for volume in figures["volume"]:
        of_currency = [int(r["amount_minor"]) for r in refunds if r["currency"] == volume["currency"]]
        assert sum(of_currency) == sum(r["amount"] for p, r in returned if p["currency"] == volume["currency"])
    disputes = links.disputes_link(span, choice)
    assert len(visitor.listed(disputes)) == len(visitor.filed(disputes)) == figures["disputes_opened"]


def captured_in(payments: list[Document], zone: ZoneInfo, first: date, last: date) -> list[Document]:
    return [p for p in payments if p["completed_at"] and first <= local_day(zone, p["completed_at"]) <= last]


def _flag(choice: Choice) -> dict[str, Any]:
    return {} if choice.three_d_secure is None else {"three_d_secure": choice.three_d_secure}


choices = st.builds(
    Choice,
    currency=st.sampled_from([None, None, *ledger.CURRENCIES]),
    brand=st.sampled_from([None, None, "visa", "unknown"]),
    country=st.sampled_from([None, None, "DE", "unknown"]),
    three_d_secure=st.sampled_from([None, None, True, False]),
)


def test_the_payments_of_several_pages_are_those_of_the_figure(
    visitor: Visitor, database: Database[dict[str, Any]]
) -> None:
    """Drawn ledgers are small; this one has three pages of one second."""
    payments = [stored.payment(0, payment_intent_id=f"pi_{n}") for n in range(120)]
    span = days(date(2026, 3, 1), date(2026, 3, 2), visitor.zone)
    with ledger_in(database, payments), visitor.browser.application.test_request_context():
        for counts in (FigureFilter.COMPLETED, FigureFilter.CAPTURED):
            visitor.same(links.payments_link(span, figure=counts), [str(p["_id"]) for p in payments])
