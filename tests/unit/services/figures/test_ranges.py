from datetime import UTC, datetime

import pytest

from app.errors import ValidationFailed
from app.services.figures.ranges import day_range


def test_days_are_days_of_the_dashboard_and_the_last_one_is_included() -> None:
    # New York changed to summer time on 9 March 2025, so this day has 23 hours.
    start, end = day_range("2025-03-09", "2025-03-09", "America/New_York")
    assert (start, end) == (datetime(2025, 3, 9, 5, tzinfo=UTC), datetime(2025, 3, 10, 4, tzinfo=UTC))


def test_timestamps_are_exact() -> None:
    start, end = day_range("2025-01-01T10:00:00+02:00", "2025-01-01T10:00:00Z", "UTC")
    assert (start, end) == (datetime(2025, 1, 1, 8, tzinfo=UTC), datetime(2025, 1, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-01T10:00:00Z",
        "2025-01-01T10:00:00.000Z",
        "2025-01-01 15:30:00+05:30",
        "2025-01-01T10:00Z",
        "2025-01-01T05:00:00.000000000-05:00",
    ],
)
def test_a_timestamp_may_be_written_as_in_rfc_3339(text: str) -> None:
    assert day_range(text, None, "Asia/Kathmandu")[0] == datetime(2025, 1, 1, 10, tzinfo=UTC)


def test_a_time_without_an_offset_is_local() -> None:
    start, _ = day_range("2025-01-01T10:00:00", None, "Asia/Kathmandu")
    assert start == datetime(2025, 1, 1, 4, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "yesterday",
        "2025-13-01",
        "2025-02-30",
        "0001-01-01",
        "9999-12-31",
        "1700000000",
        # Days to ISO 8601, of which the end would be their first instant and the day itself left out.
        "20260331",
        "2026-W10-1",
        "2026W101",
        "2026-03",
        # Times that are not RFC 3339's.
        "20260331T100000Z",
        "2026-W10-1T10:00:00Z",
        "2026-03-31T10",
        "2026-03-31T10:00:00+01",
        "2026-03-31T10:00:00 01:00",
        "2026-03-31x10:00:00Z",
        "2026-03-31T",
        "٢٠٢٥-01-01",
        "\x00",
    ],
)
def test_other_times_are_refused(bad: str) -> None:
    for first, last, name in ((bad, None, "from"), (None, bad, "to")):
        with pytest.raises(ValidationFailed) as caught:
            day_range(first, last, "UTC")
        assert list(caught.value.errors) == [name]


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        day_range("2025-02-01", "2025-01-01", "UTC")
