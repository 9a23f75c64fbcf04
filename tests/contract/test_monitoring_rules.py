"""Alert rules and dashboards: valid by Prometheus's own tool, tried both ways, and each alert with a runbook."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.prometheus_rules import (
    DASHBOARDS,
    MONITORING,
    ROOT,
    RULE_FILES,
    TEST_FILES,
    alerts,
    dashboard,
    dashboard_expressions,
    needs_promtool,
    promtool,
    read,
    rules,
)

ALERT_NAMES = [rule["alert"] for rule in alerts()]


@needs_promtool
def test_configuration_and_rules_are_valid() -> None:
    promtool("check", "config", MONITORING / "prometheus.yml")
    promtool("check", "rules", *RULE_FILES)


@needs_promtool
def test_the_token_for_metrics_needs_no_more_than_its_file_and_two_lines(tmp_path: Path) -> None:
    """As docs/deploy.md has it: take the # away, and write the token into the folder of the targets."""
    shutil.copytree(MONITORING, tmp_path, dirs_exist_ok=True)
    config = tmp_path / "prometheus.yml"
    text = config.read_text("utf-8")
    config.write_text(re.sub(r"# (authorization:|  credentials_file:)", r"\1", text), "utf-8")
    (job,) = yaml.safe_load(config.read_text("utf-8"))["scrape_configs"]
    token = tmp_path / job["authorization"]["credentials_file"]
    assert token.parent.is_dir()
    token.write_text("secret", "utf-8")
    promtool("check", "config", config)


def test_each_severity_has_a_receiver_of_its_own() -> None:
    told = read(MONITORING / "alertmanager.yml")
    receivers = {receiver["name"] for receiver in told["receivers"]}
    for rule in alerts():
        label = f'severity="{rule["labels"]["severity"]}"'
        routes = [route["receiver"] for route in told["route"]["routes"] if label in route["matchers"]]
        assert set(routes) < receivers, f"{rule['alert']} goes to no known receiver"
        assert bool(routes) == (rule["labels"]["severity"] == "critical")
    assert told["route"]["receiver"] in receivers


@needs_promtool
@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_alerts_fire_and_stay_quiet(path: Path) -> None:
    promtool("test", "rules", path)


@needs_promtool
def test_expressions_of_dashboards_are_promql(tmp_path: Path) -> None:
    found = [text for path in DASHBOARDS for text in dashboard_expressions(path)]
    assert len(found) > 40
    made = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(found)]
    wrapped = tmp_path / "panels.yml"
    wrapped.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": made}]}), "utf-8")
    promtool("check", "rules", wrapped)


def test_every_alert_is_distinct_explained_and_links_to_its_runbook() -> None:
    assert len(ALERT_NAMES) == len(set(ALERT_NAMES)) > 20
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/runbooks.md").read_text("utf-8"), re.MULTILINE)
    linked = set()
    for rule in alerts():
        told = rule["annotations"]
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule["alert"]
        assert told["summary"] and len(told["description"]) > len(told["summary"]), rule["alert"]
        page, _, anchor = told["runbook_url"].partition("#")
        assert page == "docs/runbooks.md"
        assert anchor in {heading.lower() for heading in headings}, rule["alert"]
        linked.add(anchor)
    assert {heading.lower() for heading in headings} == linked, "a section that no alert leads to"


def test_every_runbook_says_what_to_do() -> None:
    text = (ROOT / "docs/runbooks.md").read_text("utf-8")
    for section in text.split("\n## ")[1:]:
        parts = re.findall(r"^\*\*(Means|Look first|Do|Escalate)\*\*", section, re.MULTILINE)
        assert parts == ["Means", "Look first", "Do", "Escalate"], section.partition("\n")[0]


@pytest.mark.parametrize("name", ALERT_NAMES)
def test_every_alert_is_tried_both_ways(name: str) -> None:
    """There is a test in which it fires, and one in which nothing of it is there although Prometheus looked."""
    fired = quiet = False
    for case in (case for path in TEST_FILES for case in read(path)["tests"]):
        for asked in case.get("alert_rule_test", []):
            fired |= asked["alertname"] == name and bool(asked["exp_alerts"])
        for asked in case.get("promql_expr_test", []):
            if _asks_for(asked, name):
                fired |= bool(asked["exp_samples"])
                quiet |= not asked["exp_samples"]
    assert (fired, quiet) == (True, True)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboard_works_with_any_prometheus(path: Path) -> None:
    """Every panel asks the chosen data source, says what it shows, and overlaps no other."""
    board = dashboard(path)
    assert "datasource" in {v["name"] for v in board["templating"]["list"] if v["type"] == "datasource"}
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert all(panel["title"] and panel["description"] for panel in panels)
    sources = [panel["datasource"]["uid"] for panel in panels]
    sources += [target["datasource"]["uid"] for panel in panels for target in panel["targets"]]
    assert set(sources) == {"${datasource}"}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in board["panels"]):
        cells = {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken and max(x for x, _ in cells) < 24
        taken |= cells


def test_figures_of_the_business_are_not_summed_over_nodes() -> None:
    """Every node reads them from the same database, so the sum would be as many times too much as there are nodes."""
    same_everywhere = (
        "payments|disputes_open|reconciliation_drift|volume|failed_attempts|webhook_inbox_events|"
        "webhook_oldest_unapplied_seconds|figures_uncounted_payments|fraud_warnings_open"
    )
    found = [text for path in DASHBOARDS for text in dashboard_expressions(path)]
    found += [str(rule["expr"]) for rule in rules()]
    used = [text for text in found if re.search(rf"paydesk_({same_everywhere})\b(?!_)", text)]
    assert len(used) > 10
    for text in used:
        assert not re.search(rf"(sum|avg|count)( by \([a-z, ]*\))? ?\(\s*paydesk_({same_everywhere})\b", text)


def _asks_for(asked: dict[str, Any], name: str) -> bool:
    match = re.search(r'alertname(=~?)"([^"]+)"', asked["expr"])
    if match is None:
        return False
    return match[2] == name if match[1] == "=" else re.fullmatch(match[2], name) is not None
