"""What the worker decides without any I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest
import time_machine

from app.cli.webhooks import Moment
from app.models.webhooks.events import EventFilter, EventState
from app.services.worker.scheduler import FARTHEST_BACK, OVERLAP, reconcile_since
from config import Settings, SettingsError

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("covered_until", "since"),
    [
        (None, NOW - FARTHEST_BACK),
        (NOW - timedelta(hours=2), NOW - timedelta(hours=2) - OVERLAP),
        (NOW - timedelta(days=40), NOW - FARTHEST_BACK),
        (NOW - FARTHEST_BACK + timedelta(minutes=1), NOW - FARTHEST_BACK),
    ],
    ids=["never compared", "compared lately", "long ago", "just within reach"],
)
def test_a_comparison_goes_on_a_little_before_the_last_one(covered_until: datetime | None, since: datetime) -> None:
    assert reconcile_since(NOW, covered_until) == since


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("3d", NOW - timedelta(days=3)),
        ("90m", NOW - timedelta(minutes=90)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T12:30", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("2026-03-01T12:30+02:00", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
    ],
)
def test_moments_as_people_type_them(text: str, moment: datetime) -> None:
    with time_machine.travel(NOW, tick=False):
        assert Moment().convert(text, None, None) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "3", "2026-13-01", "-3d"])
def test_other_moments_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="neither a span"):
        Moment().convert(text, None, None)


def test_a_filter_without_a_state_names_them_all_for_the_index() -> None:
    every = [state.value for state in EventState]
    assert EventFilter().query() == {"state": {"$in": every}}
    assert EventFilter(state=EventState.FAILED, type="a.b", since=NOW, until=NOW).query() == {
        "state": {"$in": ["failed"]},
        "type": "a.b",
        "created": {"$gte": NOW.timestamp(), "$lt": NOW.timestamp()},
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_RETENTION_DAYS", "3"),
        ("WEBHOOK_RETENTION_DAYS", "100000"),
        ("WEBHOOK_RETENTION_DAYS", "many"),
        ("RECONCILE_INTERVAL_MINUTES", "-1"),
        ("RECONCILE_INTERVAL_MINUTES", "2000"),
    ],
)
def test_settings_that_cannot_work_are_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: value})
