"""Rules and dashboards ask only for what /metrics tells: with a misspelt name or label value an alert never fires."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.metrics.definitions import DEFINITIONS, Definition
from tests.contract.prometheus_rules import expressions, recorded

EXPRESSIONS = expressions()
# What Prometheus and rules add to the labels of a metric.
_ADDED = {"job", "instance", "le"}
_SELECTOR = re.compile(r"\b(paydesk_[a-z0-9_]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_names_labels_and_values_exist(place: str) -> None:
    text = EXPRESSIONS[place]
    known = set(_ADDED)
    for name, matchers in _selectors(text):
        defined = _definition(name)
        assert defined is not None, f"{name} is no metric"
        known |= set(defined.labels)
        for label, pattern in _MATCHER.findall(matchers):
            assert label in defined.labels or label in _ADDED, f"{name} has no label {label}"
            for value in _values(label, pattern):
                assert re.search(rf"\b{re.escape(value)}\b", defined.labels[label]), f"{name} {label}={value}"
    grouped = {label.strip() for part in re.findall(r"\bby \(([^)]*)\)", text) for label in part.split(",")}
    assert grouped <= known
    assert set(re.findall(r"\bjob:paydesk_\w+:\w+", text)) <= recorded()


def test_every_recorded_name_is_used() -> None:
    asked = {name for text in EXPRESSIONS.values() for name in re.findall(r"\bjob:paydesk_\w+:\w+", text)}
    assert asked == recorded()


def _selectors(text: str) -> Iterator[tuple[str, str]]:
    # Names of recorded series contain names of metrics, and absent() is told the name once more as a text.
    bare = re.sub(r'\bjob:paydesk_\w+:\w+|"metric", "\w+"', "", text)
    for found in _SELECTOR.finditer(bare):
        yield found[1], found[2] or ""


def _definition(name: str) -> Definition | None:
    if name in DEFINITIONS:
        return DEFINITIONS[name]
    base = DEFINITIONS.get(re.sub(r"_(bucket|sum|count)$", "", name))
    return base if base and base.type in {"histogram", "summary"} else None


def _values(label: str, pattern: str) -> list[str]:
    """The values that a matcher names, of labels whose values are a closed set."""
    if label in _ADDED | {"route", "status"} or pattern == ".*":
        return []
    return pattern.split("|")
