"""The overview: each number equals the API's and links to its list; invalid parameters and empty ranges have a page."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.figures.figures import DEFINITIONS
from app.domain.permissions import Role
from app.models.figures.counter import SHAPE
from config import Settings
from tests.integration.dashboards.pages import enter
from tests.support import stored
from tests.support.spreadsheets import rows_of

PATH, METRICS = "/dashboard", "/api/v1/payments/metrics"
DAYS = {"from": "2026-03-01", "to": "2026-03-03"}
MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return enter(app, Role.VIEWER)


@pytest.fixture
def payments(database: Database[dict[str, Any]]) -> list[dict[str, Any]]:
    made = stored.mixed(600)
    database.payments.insert_many(made)
    return made


def show(client: FlaskClient, **query: str) -> str:
    answer = client.get(PATH, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def part(page: str, id_: str) -> str:
    """The content of the element with an id, up to the next one of its kind."""
    end = "</figure>" if id_.startswith("chart-") else "</section>|</tr>|</li>"
    found = re.search(rf'id="{id_}".*?(?={end})', page, re.DOTALL)
    assert found, id_
    return found[0]


def linked(text: str) -> list[tuple[int, str]]:
    """Numbers that are links, with their addresses."""
    found = re.findall(r'<a href="([^"]+)"[^>]*>([\d,]+)</a>', text)
    return [(int(number.replace(",", "")), html.unescape(address)) for address, number in found]


def listed(client: FlaskClient, address: str) -> int:
    """The total that a list states."""
    page = client.get(address)
    assert page.status_code == 200 and 'role="alert"' not in page.text, address
    found = re.search(r'id="rows">([\d,]+) ', page.text)
    assert found, address
    return int(found[1].replace(",", ""))


def value_of(card: str) -> str:
    found = re.search(r'class="value[^"]*">([^<]*)<', card)
    assert found
    return found[1]


def percent(ratio: dict[str, Any]) -> str:
    return "no data" if ratio["value"] is None else f"{100 * ratio['n'] / ratio['total']:.1f}%"


VIEWS = (
    DAYS,
    {**DAYS, "currency": "eur"},
    {**DAYS, "brand": "visa", "three_d_secure": "true"},
    {**DAYS, "country": "DE", "compare": "year", "granularity": "hour"},
    {"from": "2026-03-01T13:07:00Z", "to": "2026-03-01T20:11:11Z", "compare": "none"},
)


@pytest.mark.parametrize("query", VIEWS, ids=urlencode)
def test_every_card_equals_the_api_and_links_to_its_payments(
    viewer: FlaskClient, payments: list[dict[str, Any]], bearer: dict[str, str], query: dict[str, str]
) -> None:
    page = show(viewer, **query)
    asked = {name: value for name, value in query.items() if value != "none"}
    told = viewer.get(METRICS, query_string=asked, headers=bearer).json
    ratios = {
        "success-rate": told["success_rate"],
        "first-attempt-success": told["first_attempt_success"],
        "refund-rate": told["refund_rate"]["by_count"],
        "dispute-rate": told["dispute_rate"],
    }
    for name, ratio in ratios.items():
        card = part(page, f"card-{name}")
        assert value_of(card) == percent(ratio), name
        assert [number for number, _ in linked(card)][:2] == [ratio["n"], ratio["total"]], name
    asked_for = part(page, "card-three-d-secure")
    rate = told["three_d_secure"]["rate"]
    assert value_of(asked_for) == percent(rate)
    assert f"{rate['n']:,} of {rate['total']:,} attempts" in asked_for
    times = part(page, "card-processing-time")
    assert linked(times)[0][0] == told["processing_time"]["n"]
    assert linked(part(page, "card-dispute-rate"))[2][0] == told["disputes_opened"]
    standing = linked(part(page, "card-payments").split("<ul>")[0])
    assert standing[0][0] == told["payments"]["created"]
    for outcome in ("completed", "failed", "canceled", "open", "abandoned"):
        assert linked(part(page, f"status-{outcome}"))[0][0] == told["payments"][outcome], outcome
    assert re.findall(r'id="volume-(\w+)"', page) == [v["currency"] for v in told["volume"]]
    for volume in told["volume"]:
        row = part(page, f"volume-{volume['currency']}")
        cells = re.findall(r'<td class="money[^"]*"[^>]*>(?:<span>)?([^<]*)<', row)
        assert [Decimal(c.replace(",", "").replace("−", "-")) for c in cells] == [
            volume[name] for name in ("gross", "refunded", "net")
        ]
        returned = re.search(r">([^<]*)</a> came back", row)
        assert Decimal(returned[1].replace(",", "") if returned else 0) == volume["refund_failures"]
    numbers = linked(page)
    assert len(numbers) > 15
    for number, address in dict.fromkeys(numbers):
        assert listed(viewer, address) == number, address


def test_every_card_has_its_definition_and_its_trend(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    page = show(viewer, **DAYS)
    keys = re.findall(r'class="panel card-figure" id="card-([a-z-]+)"', page)
    assert len(keys) == 6
    for key in keys:
        card = part(page, f"card-{key}")
        name = key.replace("-", "_")
        assert html.escape(DEFINITIONS[name]) in part(page, f"def-{name}"), key
        course = card.split('class="spark"')[1].split("</div>")[0]
        assert "<svg" in course and re.search(r" by interval: latest .+, highest .+ of 3 periods", course), key


def test_the_amounts_of_the_refund_rate_link_to_their_payments(
    app: Flask, payments: list[dict[str, Any]], bearer: dict[str, str]
) -> None:
    finance = enter(app, Role.FINANCE)
    page = show(finance, **DAYS)
    shares = finance.get(METRICS, query_string=DAYS, headers=bearer).json["refund_rate"]["by_amount"]
    assert len(shares) == 4
    for share in shares:
        row = part(page, f"volume-{share['currency']}")
        links = re.findall(r'class="sum" href="([^"]+)"[^>]*>([^<]*)<', row)
        for (address, text), name in zip(links, ("refunded", "captured"), strict=True):
            path, _, query = html.unescape(address).partition("?")
            listed = rows_of(finance.get(f"{path}.csv?{query}").text)
            assert sum(Decimal(one[name]) for one in listed) == share[name]
            assert Decimal(text.replace(",", "")) == share[name]
            assert all(Decimal(one[name]) > 0 for one in listed)


def test_charts_have_tables_and_link_to_their_payments(
    viewer: FlaskClient, payments: list[dict[str, Any]], bearer: dict[str, str]
) -> None:
    page = show(viewer, **DAYS)
    for name in ("success", "volume", "reasons", "three-d-secure", "times", "heat"):
        figure = part(page, f"chart-{name}")
        assert "<svg" in figure and "<table" in figure, name
    told = viewer.get(METRICS, query_string=DAYS, headers=bearer).json
    rows = re.findall(r"<tr>.*?</tr>", part(page, "chart-success").split("<tbody>")[1], re.DOTALL)
    assert len(rows) == len(told["series"]) == 3
    for row, step in zip(rows, told["series"], strict=True):
        address = html.unescape(re.search(r'href="([^"]+)"', row)[1])
        assert f">{step['success_rate']['total']}<" in row
        assert listed(viewer, address) == step["success_rate"]["total"]
    for reason in told["failure_reasons"]:
        assert html.escape(reason["code"]) in part(page, "chart-reasons")


def test_processing_times_are_charted_in_their_exact_class(
    viewer: FlaskClient, database: Database[dict[str, Any]]
) -> None:
    """A percentile has two digits, so that 595 to 599 seconds count as 600 there."""
    taken = (299, 300, 595, 599, 600)
    database.payments.insert_many(
        stored.payment(n, completed_at=stored.EPOCH + timedelta(minutes=n, seconds=seconds))
        for n, seconds in enumerate(taken)
    )
    rows = re.findall(r'<th scope="row">([^<]*)</th><td[^>]*>(\d+)</td>', part(show(viewer, **DAYS), "chart-times"))
    assert rows[-3:] == [("2 min to 5 min", "1"), ("5 min to 10 min", "3"), ("10 min to 30 min", "1")]


def test_the_volume_chart_has_one_currency_and_links_to_the_others(
    viewer: FlaskClient, payments: list[dict[str, Any]]
) -> None:
    page = show(viewer, **DAYS)
    choices = re.findall(r'href="([^"]+)#chart-volume"[^>]*>(\w+)</a>', page)
    assert [words for _, words in choices] == ["EUR", "JPY", "KWD", "USD"]
    for address, words in choices:
        chosen = viewer.get(html.unescape(address)).text
        assert f"Volume in {words}" in chosen
        assert "2026-03-01" in html.unescape(address)
    assert "Volume in JPY" in show(viewer, **DAYS, currency="jpy", volume="usd")
    assert "No data in this range" in part(show(viewer, **DAYS, volume="xyz"), "chart-volume")


def test_the_heat_map_shows_payments_or_success_rates(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    for granularity in ("hour", "day", "week", "month"):
        page = show(viewer, **DAYS, granularity=granularity)
        sunday = re.search(r'<th scope="row">Sunday</th>(.*?)</tr>', page, re.DOTALL)[1]
        hours = [int(n) for n in re.findall(r"<td[^>]*>(\d+)</td>", sunday)]
        # One payment a minute from noon on; the first of March was a Sunday.
        assert hours == [0] * 12 + [60] * 10 + [0] * 2
    shown = show(viewer, **DAYS, heat="success")
    assert "Success rate by weekday and hour" in shown and "(n = " in part(shown, "chart-heat")


def test_a_change_states_the_value_before_and_its_significance(
    viewer: FlaskClient, database: Database[dict[str, Any]]
) -> None:
    old, new = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)
    failed = {"status": "failed", "attempts": [stored.attempt("failed", "do_not_honor")]}
    made = [stored.payment(n, created_at=old, **(failed if n < 100 else {})) for n in range(200)]
    made += [stored.payment(n, created_at=new, **(failed if n < 220 else {})) for n in range(200, 400)]
    database.payments.insert_many(made)
    day = {"from": "2026-03-02", "to": "2026-03-02"}
    card = part(show(viewer, **day), "card-success-rate")
    for words in ("delta good", "▲ 40.0 points", "significant", "before: 50.0% (100 of 200)"):
        assert words in card
    assert "unchanged" in part(show(viewer, **day), "card-refund-rate")
    assert "nothing to compare with" in part(show(viewer, **day, compare="year"), "card-success-rate")
    alone = show(viewer, **day, compare="none")
    assert 'class="change"' not in alone and "compared with" not in alone


NONSENSE = {
    "an unknown range": ({"range": "ever"}, "is not a range such as today"),
    "reversed dates": ({"from": "2026-03-03", "to": "2026-03-01"}, "The last day is before the first."),
    "ten years": ({"from": "2016-03-03", "to": "2026-03-03"}, "at most 732 days"),
    "no time": (
        {"from": "2026-03-03T10:00:00Z", "to": "2026-03-03T10:00:00Z"},
        "This range is empty. Showing the last 30 days.",
    ),
    "a start in the future": ({"from": "2199-01-01"}, "This range is empty. Showing the last 30 days."),
    "a day that does not exist": ({"from": "2026-02-30"}, "The date range is invalid."),
    "a day in another notation": ({"from": "2026-03-01", "to": "20260331"}, "Use a date (2025-01-31)"),
    "a day of a week": ({"from": "2026-W10-1", "to": "2026-03-31"}, "Use a date (2025-01-31)"),
    "far years": ({"from": "0001-01-01", "to": "9999-12-31"}, "Showing the last 30 days."),
    "half a year by hour": (
        {"from": "2026-01-01", "to": "2026-06-30", "granularity": "hour"},
        "Hours can be shown for at most",
    ),
    "an unknown step": ({"granularity": "second"}, "Showing the usual interval."),
    "an unknown comparison": ({"compare": "$ne"}, "Comparing with the previous period."),
    "no currency": ({"currency": "dollars"}, "is not a currency like usd"),
    "a currency of nobody": ({"currency": "xyz"}, "no payment in XYZ"),
    "zero bytes": (dict.fromkeys(("currency", "brand", "country", "volume"), "u\0d"), "is not a text"),
    "operators": ({"brand": "$where", "country": "{$gt:1}", "three_d_secure": "$ne"}, "is neither yes nor no"),
    "markup": ({"currency": MARKUP, "range": MARKUP}, "is not a currency like usd"),
    "much": ({"brand": "x" * 5000}, "is not a text of at most 255 characters"),
}


@pytest.mark.parametrize(("query", "said"), NONSENSE.values(), ids=NONSENSE)
def test_invalid_parameters_show_the_nearest_view_with_a_notice(
    viewer: FlaskClient, payments: list[dict[str, Any]], query: dict[str, str], said: str
) -> None:
    page = show(viewer, **query)
    assert said in page and 'role="alert"' in page
    assert "card-success-rate" in page
    assert "<script>alert" not in page


def test_a_range_of_ten_years_shows_the_last_two(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    page = show(viewer, **{"from": "2016-03-03", "to": "2026-03-03"})
    assert "2 Mar 2024 – 3 Mar 2026" in page and "by month" in page
    assert linked(part(page, "card-payments"))[0][0] == len(payments)


def test_the_page_before_the_first_payment_explains_itself(viewer: FlaskClient) -> None:
    page = show(viewer)
    assert "No payments yet" in page and "card-success-rate" not in page
    assert "data-refresh" in page


def test_an_empty_range_has_no_data_and_no_rates(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    page = show(viewer, **{"from": "2025-01-01", "to": "2025-01-31"})
    for name in ("success-rate", "first-attempt-success", "refund-rate", "dispute-rate", "processing-time"):
        assert value_of(part(page, f"card-{name}")) == "no data"
    assert "0.0%" not in page and "100.0%" not in page
    assert "No money moved in this range." in page


def test_thirty_currencies_have_a_row_each_and_no_sum(viewer: FlaskClient, database: Database[dict[str, Any]]) -> None:
    currencies = (
        "aed aud bdt bgn brl cad chf clp cny czk dkk eur gbp hkd huf idr ils inr jpy krw kwd mxn myr nok nzd php pln "
        "ron sek usd"
    ).split()
    database.payments.insert_many([stored.payment(n, currency=c) for n, c in enumerate(currencies)])
    page = show(viewer, **DAYS)
    assert re.findall(r'id="volume-(\w+)"', page) == currencies
    for currency in currencies:
        assert linked(part(page, f"volume-{currency}"))[0][0] == 1
    assert "30 " not in re.sub(r"<svg.*?</svg>", "", part(page, "card-volume"), flags=re.DOTALL)


def test_names_with_markup_stay_text(viewer: FlaskClient, database: Database[dict[str, Any]]) -> None:
    failed = [stored.attempt("failed", MARKUP)]
    card = {"brand": MARKUP, "last4": "4242", "country": MARKUP}
    database.payments.insert_many([stored.payment(n, status="failed", attempts=failed, card=card) for n in (1, 2)])
    page = show(viewer, **DAYS)
    assert "&lt;script&gt;" in page and "<script>alert" not in page


def test_only_roles_that_may_export_see_the_files(app: Flask, payments: list[dict[str, Any]]) -> None:
    assert ".csv" not in show(enter(app, Role.VIEWER), **DAYS)
    finance = enter(app, Role.FINANCE)
    page = show(finance, **DAYS, currency="eur", granularity="week")
    files = [html.unescape(a) for a in re.findall(r'href="(/dashboard/\w+\.(?:csv|xlsx)[^"]*)"', page)]
    assert len(files) == 7
    for address in files:
        assert "currency=eur" in address and "granularity=week" in address
        assert finance.get(address, buffered=True).status_code == 200


def test_the_page_needs_no_script_and_carries_no_style(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    page = show(viewer, **DAYS)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\sstyle=|\son\w+=|<style", page)
    assert len(re.findall(r'\bid="([^"]+)"', page)) == len(set(re.findall(r'\bid="([^"]+)"', page)))
    for described in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', page):
        for one in described.split():
            assert f'id="{one}"' in page, one


def test_only_an_unfinished_range_refreshes_itself(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    assert 'data-refresh="60"' not in show(viewer, **DAYS)
    for preset in ("today", "7d", "30d", "90d", "month"):
        assert 'data-refresh="60"' in show(viewer, range=preset), preset
    assert 'data-refresh="60"' not in show(viewer, range="last_month")


def test_the_page_during_a_build_of_the_figures_says_so(
    viewer: FlaskClient, payments: list[dict[str, Any]], database: Database[dict[str, Any]], settings: Settings
) -> None:
    state = {"zone": settings.dashboard_timezone, "shape": SHAPE, "built_at": None, "done": 100, "total": 600}
    database.figures_state.replace_one({"_id": "figures"}, state, upsert=True)
    answer = viewer.get(PATH)
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "30"
    assert "100 of about 600 payments are counted" in answer.text
    assert "Try again" in answer.text and 'data-refresh="60"' in answer.text


def test_the_number_of_queries_is_small_and_independent_of_payments(
    viewer: FlaskClient, database: Database[dict[str, Any]]
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    asked = []
    for days, number in ((10, 50), (60, 400)):
        made = [
            stored.payment(n, created_at=now - timedelta(days=n % days, minutes=n), payment_intent_id=None)
            for n in range(number)
        ]
        database.payments.insert_many(made)
        # Lists are read after everything is counted.
        assert viewer.get("/dashboard/payments").status_code == 200
        show(viewer)
        database.command("profile", 2)
        show(viewer)
        database.command("profile", 0)
        ours = {"ns": {"$regex": rf"^{database.name}\\.(?!system)"}, "op": {"$in": ["query", "command", "getmore"]}}
        asked.append(database["system.profile"].count_documents(ours))
        database.drop_collection("system.profile")
    assert asked[1] <= asked[0] <= 20, asked
