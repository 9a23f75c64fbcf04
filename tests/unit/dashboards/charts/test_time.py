"""Charts over time: sparkline, rate with band, volume."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.charts import BandPoint, VolumePoint, columns, line_with_band, sparkline
from tests.unit.dashboards.charts.drawn import NASTY, drawn, number

rates = st.lists(st.none() | st.floats(0, 1), max_size=40)
values = st.lists(st.none() | st.floats(), max_size=20)
amounts = st.none() | st.decimals(-(10**15), 10**15, places=2)


def rate_points(found: list[float | None]) -> list[BandPoint]:
    return [
        BandPoint(f"d{i}", v, v and v * 0.9, v and min(1, v * 1.1), 9, 10, f"/p?d={i}") for i, v in enumerate(found)
    ]


def volume(*nets: int | None) -> list[VolumePoint]:
    return [
        VolumePoint(f"d{i}", None, None, None)
        if net is None
        else VolumePoint(f"d{i}", Decimal(net + 5), Decimal(5), Decimal(net), f"/v?d={i}")
        for i, net in enumerate(nets)
    ]


@given(values)
def test_a_sparkline_can_draw_any_values(found: list[float | None]) -> None:
    chart = drawn(sparkline(found, label=NASTY))
    assert chart.root.get("aria-label") and chart.root.get("role") == "img"


def test_a_sparkline_has_gaps_and_marks_the_last_value() -> None:
    chart = drawn(sparkline([1, 2, None, 4, None, 3, 5]))
    assert len(chart.of_class("spark-line")) == 2
    assert len(chart.of_class("spark-alone")) == 1
    assert len(chart.of_class("spark-last")) == 1
    assert chart.of_class("spark-last")[0].get("cy") == "0"
    assert "latest 5, lowest 1, highest 5, 5 of 7 periods" in chart.root.get("aria-label")


def test_a_sparkline_without_data_says_so() -> None:
    assert "no data" in drawn(sparkline([None, None])).root.get("aria-label")
    assert not drawn(sparkline([1, None])).of_class("spark-last")


@pytest.mark.parametrize("found", [[], [None, None]])
def test_missing_data_is_stated_without_a_rate(found: list[float | None]) -> None:
    chart = line_with_band(rate_points(found), "Success rate")
    assert drawn(chart).of_class("chart-nothing")
    assert "%" not in chart
    assert drawn(columns(volume(*[None for _ in found]), "Volume", unit="USD")).of_class("chart-nothing")


@given(rates, rates)
def test_every_point_has_its_mark_and_its_row(found: list[float | None], before: list[float | None]) -> None:
    chart = drawn(line_with_band(rate_points(found), "Success rate", previous=before))
    if chart.of_class("chart-nothing"):
        assert not any(value is not None for value in [*found, *before[: len(found)]])
        return
    assert len(chart.marks()) == len(chart.rows()) == len(found)
    assert chart.links() == chart.table_links() == [f"/p?d={i}" for i in range(len(found))]
    assert len(chart.of_class("dot")) == sum(value is not None for value in found)
    known = [value for value in found if value is not None]
    placed = [(value, number(dot, "cy")) for value, dot in zip(known, chart.of_class("dot"), strict=True)]
    heights = [cy for _, cy in sorted(placed, key=lambda item: item[0])]
    assert heights == sorted(heights, reverse=True)
    across = [number(dot, "cx") for dot in chart.of_class("dot")]
    assert across == sorted(across)


def test_lines_and_bands_break_where_data_is_missing() -> None:
    chart = drawn(line_with_band(rate_points([0.9, 0.91, None, 0.93, None, 0.9, 0.95]), "Rate"))
    assert len(chart.of_class("line-value")) == 3  # Two stretches and the legend.
    assert len(chart.of_class("line-whisker")) == 1
    assert chart.rows()[2][1] == "no data"


def test_an_axis_that_does_not_start_at_zero_says_so() -> None:
    high = line_with_band(rate_points([0.95, 0.96]), "Rate")
    assert "The axis starts at 85%, not at 0." in high
    assert "starts at" not in line_with_band(rate_points([0.2, 0.96]), "Rate")


def test_the_previous_period_is_dashed_and_in_the_table() -> None:
    chart = drawn(line_with_band(rate_points([0.9, 0.92]), "Rate", previous=[0.8, None], previous_label="Last year"))
    assert [row[-1] for row in chart.rows()] == ["80.0%", "no data"]
    assert chart.root.findall(".//thead/tr/th")[-1].text == "Last year"


def test_columns_rise_for_gross_and_fall_for_refunds() -> None:
    chart = drawn(columns(volume(10, 20, 40), "Volume", unit="USD"))
    gross = [rect for rect in chart.of_class("column-gross") if rect.get("x", "").endswith("%")]
    back = [rect for rect in chart.of_class("column-refunded") if rect.get("x", "").endswith("%")]
    assert len(gross) == len(back) == 3
    tall = [number(rect, "height") for rect in gross]
    assert tall == sorted(tall) and tall[2] / tall[0] == pytest.approx(3, rel=0.01)
    zero = number(gross[0], "y") + number(gross[0], "height")
    assert [number(rect, "y") for rect in back] == [pytest.approx(zero, abs=0.02)] * 3
    assert chart.rows()[1] == ["d1", "25", "5", "20"]
    assert chart.links() == chart.table_links() == ["/v?d=0", "/v?d=1", "/v?d=2"]


@given(st.lists(st.tuples(amounts, amounts, amounts), max_size=12))
def test_any_money_can_be_drawn(found: list[tuple[Decimal | None, Decimal | None, Decimal | None]]) -> None:
    points = [VolumePoint(f"d{i}", *three) for i, three in enumerate(found)]
    chart = drawn(columns(points, "Volume", unit="USD"))
    if not chart.of_class("chart-nothing"):
        assert len(chart.marks()) == len(chart.rows()) == len(found)


def test_a_year_of_days_has_all_columns_few_labels_and_no_366_tab_stops() -> None:
    chart = drawn(columns(volume(*range(366)), "Volume", unit="USD"))
    assert len(chart.marks()) == len(chart.rows()) == 366
    below = [node for node in chart.of_class("chart-tick") if node.get("text-anchor") == "middle"]
    assert 4 <= len(below) <= 8
    assert {mark.get("tabindex") for mark in chart.marks()} == {"-1"}
    assert len(chart.table_links()) == 366


def test_markup_in_labels_is_text() -> None:
    point = BandPoint(NASTY, 0.5, 0.4, 0.6, 1, 2, "javascript:alert(1)", NASTY)
    money = VolumePoint(NASTY, Decimal(1), Decimal(0), Decimal(1), "//evil.example/")
    for chart in (
        line_with_band([point, point], NASTY, subtitle=NASTY, what=NASTY, previous_label=NASTY, previous=[0.1]),
        columns([money], NASTY, unit=NASTY, subtitle=NASTY),
    ):
        assert "<script" not in chart
        assert drawn(chart).links() == drawn(chart).table_links() == []
