"""What monitoring/ holds: rules, their tests, dashboards, and every PromQL expression in them."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "monitoring"
RULE_FILES = sorted(MONITORING.glob("rules/*.yml"))
TEST_FILES = sorted(MONITORING.glob("tests/*.yml"))
DASHBOARDS = sorted(MONITORING.glob("grafana/dashboards/*.json"))

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus"
)


def promtool(*arguments: str | Path) -> None:
    """Run promtool; what it finds wrong is the test's failure."""
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@cache
def read(path: Path) -> Any:
    """The content of a YAML file."""
    return yaml.safe_load(path.read_text("utf-8"))


def rules() -> Iterator[dict[str, Any]]:
    """Every rule, of alerts and recorded ones."""
    for path in RULE_FILES:
        for group in read(path)["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> set[str]:
    """The names that recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def dashboard(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


def dashboard_expressions(path: Path) -> list[str]:
    """The expressions of panels and annotations, with what Grafana would put into them."""
    board = dashboard(path)
    panels = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    return [_filled(text) for text in panels + [note["expr"] for note in board["annotations"]["list"]]]


def expressions() -> dict[str, str]:
    """Every PromQL expression by the place where it stands."""
    found = {f"rule {rule.get('alert') or rule['record']}": str(rule["expr"]) for rule in rules()}
    for path in DASHBOARDS:
        for number, text in enumerate(dashboard_expressions(path)):
            found[f"{path.name} {number}"] = text
    return found


def watched(metrics: Collection[str]) -> Iterator[tuple[str, dict[str, re.Pattern[str]]]]:
    """What alerts and recorded rules ask of ``metrics``: each name with what its labels must match in full.

    Of values that a matcher lists, each is asked for by itself; what it excludes is left out.
    """
    for rule in rules():
        for name, matchers in re.findall(r"\b(paydesk_[a-z0-9_]+)(?:\{([^}]*)\})?", str(rule["expr"])):
            if name not in metrics:
                continue
            labels = dict(re.findall(r'([a-z_]+)\s*=~?\s*"([^"]*)"', matchers))
            labels.pop("job", None)  # Prometheus adds it
            for values in itertools.product(*(values.split("|") for values in labels.values())):
                yield name, {label: re.compile(value) for label, value in zip(labels, values, strict=True)}


def _filled(expression: str) -> str:
    text = expression.replace("$__rate_interval", "2m").replace("$window", "1h")
    return re.sub(r"\$(instance|currency)", ".*", text)
