"""Rules, their tests and dashboards ask only for what /metrics tells.

With a misspelt name, label or value an alert never fires, and a test of it that is misspelt alike does not notice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import pytest

from app.domain.payments.states import PaymentStatus
from app.errors import every_error
from app.factory import create_app
from app.gateway.webhooks import APPLIED_TYPES
from app.telemetry.counting import UNMATCHED
from app.telemetry.definitions import DEFINITIONS, OTHER, Definition
from config import Settings
from tests.contract.prometheus_rules import DASHBOARDS, TEST_FILES, alerts, dashboard, expressions, read, recorded

EXPRESSIONS = expressions()
# What Prometheus adds to the labels of a metric.
_ADDED = {"job", "instance"}
_RECORDED = r"\bjob:paydesk_\w+:\w+"
_SELECTOR = re.compile(r"\b(paydesk_[a-z0-9_]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_STATUSES = {status.value for status in PaymentStatus}
# Labels whose definition names a class of values; routes are those of an application.
_CLASSES: dict[str, Collection[str]] = {
    "type": APPLIED_TYPES | {OTHER},
    "error": every_error().keys(),
    "from_status": _STATUSES | {"none"},
    "to_status": _STATUSES,
}
# Labels of which a definition cannot name every value.
_OPEN = {"operation", "reason", "currency", "version", "python"}


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_names_labels_and_values_exist(place: str) -> None:
    text = EXPRESSIONS[place]
    for name, matchers in _selectors(text):
        _check(name, matchers)
    assert set(re.findall(_RECORDED, text)) <= recorded()


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_labels_in_group_by_exist(place: str) -> None:
    for labels, inner in _grouped(EXPRESSIONS[place]):
        for labels_of_metric in [_labels(name) for name, _ in _selectors(inner)] or [_ADDED]:
            assert labels <= labels_of_metric, inner
    for labels in re.findall(r"\b(?:on|ignoring) \(([^)]*)\)", EXPRESSIONS[place]):
        assert labels == "job"


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_series_in_rule_tests_exist_in_paydesk(path: Path) -> None:
    for case in read(path)["tests"]:
        for series in (given["series"] for given in case["input_series"]):
            if not series.startswith("up{"):
                (found,) = _selectors(series)
                _check(*found)


def test_texts_name_labels_that_remain() -> None:
    """Of an alert's words and of a panel's legends."""
    legends = {f"rule {rule['alert']}": re.findall(r"\$labels\.(\w+)", str(rule["annotations"])) for rule in alerts()}
    for path in DASHBOARDS:
        targets = [target for panel in dashboard(path)["panels"] for target in panel.get("targets", [])]
        for number, target in enumerate(targets):
            legends[f"{path.name} {number}"] = re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", ""))
    assert sum(map(len, legends.values())) > 20
    for place, labels in legends.items():
        text = EXPRESSIONS[place]
        left = {label for group, _ in _grouped(text) for label in group}
        # An alert on `up` keeps its labels, and label_replace makes one.
        left |= _ADDED if not left else set()
        left |= set(re.findall(r'"(\w+)", "\w+", "", ""', text))
        assert set(labels) <= left, place


def test_choices_of_dashboards_exist() -> None:
    queries = [
        choice["query"]["query"]
        for path in DASHBOARDS
        for choice in dashboard(path)["templating"]["list"]
        if isinstance(choice["query"], dict)
    ]
    assert len(queries) == len(DASHBOARDS)
    for query in queries:
        asked = re.fullmatch(r"label_values\((\w+), (\w+)\)", query)
        assert asked and asked[2] in _labels(asked[1])


def test_every_recorded_name_is_used() -> None:
    asked = {name for text in EXPRESSIONS.values() for name in re.findall(_RECORDED, text)}
    assert asked == recorded()


def _check(name: str, matchers: str) -> None:
    labels_of_metric = _labels(name)
    for label, pattern in _MATCHER.findall(matchers):
        assert label in labels_of_metric, f"{name} has no label {label}"
        # ".*" is what a dashboard's choice is filled with.
        if label in _ADDED | _OPEN or pattern == ".*":
            continue
        for value in pattern.split("|"):
            assert _exists(_definition(name), label, value), f"{name} {label}={value}"


def _exists(defined: Definition, label: str, value: str) -> bool:
    if label == "status":
        return re.fullmatch(r"[1-5](\d\d|\.\.)", value) is not None
    if label == "le":
        return value == "+Inf" or float(value) > 0
    if label == "route":
        return value in _routes()
    return value in (_CLASSES.get(label) or _named(defined.labels[label]))


@cache
def _routes() -> set[str]:
    app = create_app(Settings(secret_key="a secret key of the test", log_level="CRITICAL"))
    return {rule.rule for rule in app.url_map.iter_rules()} | {UNMATCHED}


def _named(values: str) -> set[str]:
    """The values in "open, or in_use of those": without what explains them."""
    plain = re.sub(r"\([^)]*\)", "", values)
    return {piece.split()[0] for piece in re.split(r",\s+or\s+|,\s+|\s+or\s+", plain)}


def _grouped(text: str) -> Iterator[tuple[set[str], str]]:
    """The labels of each `by (…)`, and what is in the parentheses after it."""
    for found in re.finditer(r"\bby \(([^)]*)\)\s*\(", text):
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield {label.strip() for label in found[1].split(",")}, text[found.end() : end]


def _selectors(text: str) -> Iterator[tuple[str, str]]:
    # Names of recorded series contain names of metrics, and absent() is told the name once more as a text.
    bare = re.sub(_RECORDED + r'|"metric", "\w+"', "", text)
    for found in _SELECTOR.finditer(bare):
        yield found[1], found[2] or ""


def _labels(name: str) -> set[str]:
    return set(_definition(name).labels) | _ADDED | ({"le"} if name.endswith("_bucket") else set())


def _definition(name: str) -> Definition:
    """Of a series: a histogram has some, and none of its own name."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    histogram = base in DEFINITIONS and DEFINITIONS[base].type == "histogram"
    defined = DEFINITIONS.get(base if histogram else name)
    assert defined and histogram == (base != name), f"{name} is no series of /metrics"
    return defined
