"""Charts of parts: failure reasons, funnel, processing times, hours of the week."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.figures.figures import ThreeDSecureFunnel
from dashboards.charts import (
    Bucket,
    FunnelPart,
    FunnelStep,
    HeatCell,
    Reason,
    funnel,
    grouped_bars,
    heat_map,
    histogram,
)
from dashboards.lists.formats import percent
from dashboards.overview.charts import three_d_secure_steps
from tests.unit.dashboards.charts.drawn import NASTY, Drawn, drawn, number

REASONS = [
    Reason("insufficient_funds", "funds", "Not enough money.", 30, "/f?code=insufficient_funds"),
    Reason("do_not_honor", "issuer", "The bank declined.", 20, "/f?code=do_not_honor"),
    Reason("generic_decline", "issuer", "The bank declined.", 40, "/f?code=generic_decline"),
    Reason("odd", "something_new", "Unknown.", 10, "/f?code=odd"),
]
NAMES = ("requested", "challenged", "frictionless", "unknown", "authenticated", "paid")
COUNTS = dict(zip(NAMES, (1000, 600, 300, 0, 850, 800), strict=True))
counts = st.integers(0, 10**15)


def steps(found: dict[str, int]) -> list[FunnelStep]:
    return three_d_secure_steps(ThreeDSecureFunnel(**found))


def bars(chart: Drawn) -> list[float]:
    return [number(rect, "width") for rect in chart.of_class("bar")]


def test_reasons_are_sorted_by_group_and_size_with_shares() -> None:
    chart = drawn(grouped_bars(REASONS, "Failure reasons"))
    assert [row[0] for row in chart.rows()] == ["generic_decline", "do_not_honor", "insufficient_funds", "odd"]
    assert chart.rows()[0] == ["generic_decline", "Issuer", "The bank declined.", "40", "40.0%"]
    assert bars(chart) == [40, 20, 30, 10]
    assert chart.links() == chart.table_links()
    assert chart.links()[0] == "/f?code=generic_decline"
    assert [node.text for node in chart.of_class("bar-heading")][:2] == ["Issuer", "60 · 60.0%"]


def test_shares_are_of_the_given_total() -> None:
    chart = drawn(grouped_bars(REASONS[:1], "Failure reasons", total=120))
    assert chart.rows()[0][-1] == "25.0%" and bars(chart) == [25]


@pytest.mark.parametrize("reasons", [[], [Reason("odd", "issuer", "", 0)]])
def test_a_range_without_failures_says_so(reasons: list[Reason]) -> None:
    assert "No failed attempts" in grouped_bars(reasons, "Failure reasons")


def test_the_funnel_shows_frictionless_next_to_challenged() -> None:
    chart = drawn(funnel(steps(COUNTS), "3-D Secure"))
    assert bars(chart) == [100, 60, 30, 85, 80]
    challenged, frictionless = chart.of_class("bar")[1:3]
    assert challenged.get("y") == frictionless.get("y")
    assert number(frictionless, "x") == number(challenged, "width")
    assert chart.rows() == [
        ["3DS requested", "1,000", "100.0%", "–"],
        ["Challenged or frictionless", "900", "90.0%", "90.0%"],
        ["of these challenged", "600", "60.0%", "60.0%"],
        ["of these frictionless", "300", "30.0%", "30.0%"],
        ["Authenticated", "850", "85.0%", "94.4%"],
        ["Paid", "800", "80.0%", "94.1%"],
    ]


@given(st.lists(counts, min_size=6, max_size=6))
def test_any_funnel_can_be_drawn(found: list[int]) -> None:
    chart = drawn(funnel(steps(dict(zip(COUNTS, found, strict=True))), "3-D Secure"))
    assert bool(chart.of_class("chart-nothing")) == (max(found) == 0)
    assert all(0 <= width <= 100 for width in bars(chart))


def test_the_unknown_branch_is_shown_when_not_empty() -> None:
    chart = drawn(funnel(steps(COUNTS | {"unknown": 50}), "3-D Secure"))
    assert chart.rows()[4] == ["of these unknown flow", "50", "5.0%", "5.0%"]


def test_a_funnel_that_stops_has_no_share_of_an_empty_step() -> None:
    none = dict.fromkeys(COUNTS, 0) | {"requested": 5}
    chart = drawn(funnel(steps(none), "3-D Secure"))
    assert chart.rows()[-1] == ["Paid", "0", "0.0%", "no data"]
    assert drawn(funnel([], "3-D Secure")).of_class("chart-nothing")


BUCKETS = [Bucket(0, 2, 5, "/t?0"), Bucket(2, 10, 40, "/t?1"), Bucket(10, 60, 20, "/t?2"), Bucket(60, None, 1, "/t?3")]


def test_processing_times_are_in_order_with_their_markers() -> None:
    chart = drawn(histogram(BUCKETS, "Processing time", p50=6, p95=58, mean=12.5))
    rects = chart.of_class("bar")
    assert len(rects) == len(chart.rows()) == len(BUCKETS)
    edges = [(number(rect, "x"), number(rect, "x") + number(rect, "width")) for rect in rects]
    assert all(left[1] == pytest.approx(right[0], abs=0.01) for left, right in pairwise(edges))
    tall = [number(rect, "height") for rect in rects]
    assert tall[1] > tall[2] > tall[0] > tall[3] > 0
    lines = chart.of_class("marker")
    assert [line.get("class").split("-")[-1] for line in lines] == ["median", "mean", "p95"]
    assert [number(line, "x1") for line in lines] == sorted(number(line, "x1") for line in lines)
    assert [node.text for node in chart.of_class("chart-direct")] == ["p50 6 s", "mean 12 s", "p95 58 s"]
    assert chart.rows()[-1] == ["1 min and longer", "1", "1.5%", "100.0%"]
    assert chart.links() == chart.table_links() == ["/t?0", "/t?1", "/t?2", "/t?3"]


@given(st.lists(counts, max_size=8), st.none() | st.floats(0, 1e12))
def test_any_times_can_be_drawn(found: list[int], mark: float | None) -> None:
    buckets = [Bucket(3**i - 1, 3 ** (i + 1) - 1, count) for i, count in enumerate(found)]
    chart = drawn(histogram(buckets, "Processing time", p50=mark, p95=mark, mean=mark))
    assert bool(chart.of_class("chart-nothing")) == (sum(found) == 0)


def heat(value: float | None = 3.0) -> list[HeatCell]:
    return [HeatCell(day, hour, value, 3, f"/h?{day}-{hour}") for day in range(7) for hour in range(24)]


def test_the_heat_map_has_a_cell_per_hour_and_hatches_empty_ones() -> None:
    cells = [HeatCell(0, 9, 70, 70, "/h?9"), HeatCell(0, 10, 35, 35), HeatCell(6, 23, 0, 0), HeatCell(1, 1, None, 0)]
    chart = drawn(heat_map(cells, "When payments are made"))
    assert len(chart.marks()) == 7 * 24
    shapes = {
        title.split("\n")[0]: mark[1].get("class") for title, mark in zip(chart.titles(), chart.marks(), strict=True)
    }
    assert shapes["Monday, 09:00 to 09:59"] == "heat heat-6"
    assert shapes["Monday, 10:00 to 10:59"] == "heat heat-3"
    assert shapes["Sunday, 23:00 to 23:59"] == "heat heat-0"
    assert list(shapes.values()).count("heat heat-none") == 7 * 24 - 3
    rows = chart.rows()
    assert [len(row) for row in rows] == [25] * 7
    assert rows[0][10:12] == ["70", "35"] and rows[1][2] == "–" and rows[6][24] == "0"
    assert chart.links() == chart.table_links() == ["/h?9"]


def test_a_heat_map_of_rates_states_the_totals() -> None:
    chart = drawn(heat_map([HeatCell(0, 0, 0.5, 8)], "Rate", text=percent, from_zero=False))
    assert chart.rows()[0][1] == "50.0% (n = 8)"
    assert "n = 8" in chart.titles()[0]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 23), st.none() | st.floats()), max_size=20))
@example([(0, 0, 5e-324)])  # half of the smallest number is nothing
def test_any_week_can_be_drawn(found: list[tuple[int, int, float | None]]) -> None:
    chart = drawn(heat_map([HeatCell(day, hour, value, 1) for day, hour, value in found], "Week"))
    assert chart.of_class("chart-nothing") or len(chart.marks()) == 7 * 24


@pytest.mark.parametrize("cells", [[], heat(None)])
def test_a_week_without_data_says_so(cells: list[HeatCell]) -> None:
    assert drawn(heat_map(cells, "Week")).of_class("chart-nothing")
    assert drawn(histogram([Bucket(0, 1, 0)], "Times")).of_class("chart-nothing")


def test_markup_in_labels_is_text() -> None:
    bad = "javascript:alert(1)"
    step = FunnelStep(NASTY, (FunnelPart(NASTY, 3, "challenged", NASTY), FunnelPart(NASTY, 3)))
    for chart in (
        grouped_bars([Reason(NASTY, NASTY, NASTY, 3, bad)], NASTY, subtitle=NASTY),
        funnel([step, step], NASTY, subtitle=NASTY, unit=NASTY),
        histogram([Bucket(0, 1, 3, bad)], NASTY, subtitle=NASTY),
        heat_map([HeatCell(0, 0, 1, 1, bad)], NASTY, what=NASTY, text=lambda _: NASTY),
    ):
        assert "<script" not in chart
        assert drawn(chart).links() == drawn(chart).table_links() == []


@pytest.mark.parametrize(
    "href", ["//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "data:x", ""]
)
def test_marks_link_only_within_the_application(href: str) -> None:
    assert drawn(grouped_bars([Reason("code", "issuer", "", 1, href)], "Reasons")).links() == []
