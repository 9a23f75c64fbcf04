"""Every metric is named as Prometheus wants it, explained, bounded and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.errors import every_error
from app.gateway.errors import TRANSLATIONS, outcome_of
from app.telemetry.counting import MONGODB_SECONDS
from app.telemetry.definitions import DEFINITIONS, PREFIX, SECONDS, Definition

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
EVERY = sorted(DEFINITIONS.values(), key=lambda defined: defined.name)
# What would make as many series as there are customers, payments or requests.
UNBOUNDED = {"id", "path", "url", "email", "user", "address", "ip", "order_id", "customer_id", "payment_id", "event_id"}
each = pytest.mark.parametrize("defined", EVERY, ids=lambda defined: defined.name)


def row(defined: Definition) -> str:
    """A metric as the document has it."""
    labels = "; ".join(f"`{name}`: {values}" for name, values in defined.labels.items())
    return f"| `{defined.name}` | {defined.type} | {labels} | {defined.meaning} |"


@each
def test_metric_names_state_their_unit_and_type(defined: Definition) -> None:
    assert re.fullmatch(PREFIX + "[a-z][a-z0-9]*(_[a-z0-9]+)*", defined.name)
    assert defined.name.endswith("_total") == (defined.type == "counter")
    if defined.type == "histogram" or "time" in defined.meaning.lower().split()[0]:
        assert defined.name.endswith("_seconds")


@each
def test_meanings_are_sentences(defined: Definition) -> None:
    assert defined.meaning[0].isupper() or defined.meaning[0].isdigit()
    assert defined.meaning.endswith(".")


@each
def test_labels_are_bounded_and_say_by_what(defined: Definition) -> None:
    assert not UNBOUNDED & set(defined.labels)
    for name, values in defined.labels.items():
        assert re.fullmatch("[a-z][a-z_]*", name)
        assert len(values) > 5, f"{defined.name} does not say which values {name} has"


def test_the_document_lists_exactly_the_metrics() -> None:
    listed = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith(f"| `{PREFIX}")]
    assert sorted(listed) == sorted(row(defined) for defined in EVERY)


def test_the_document_names_the_buckets() -> None:
    text = " ".join(DOCUMENT.read_text("utf-8").split())
    for buckets in (SECONDS, MONGODB_SECONDS):
        assert f" {', '.join(map(str, buckets))} seconds" in text


def test_every_failure_of_stripe_has_one_of_the_documented_outcomes() -> None:
    documented = DEFINITIONS[f"{PREFIX}stripe_requests_total"].labels["outcome"]
    outcomes = {outcome_of(kind("made up by the test")) for kind in _simple(TRANSLATIONS)}
    assert outcomes <= set(re.split(", | or ", documented))
    assert "unavailable" in outcomes


def test_words_of_errors_are_few() -> None:
    assert len(every_error()) < 50


def _simple(kinds: object) -> list[type]:
    """The classes of Stripe's errors that need no more than a message."""
    found = []
    for kind in kinds:  # type: ignore[attr-defined]
        try:
            kind("made up by the test")
        except TypeError:
            continue
        found.append(kind)
    return found
