"""What the checklist makes of Prometheus: of a real one, and of one that says whatever can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from app.services.preflight import serving
from app.services.preflight.runner import State, Verdict
from tests.integration.services.preflight.conftest import Answers
from tests.support.child import ROOT
from tests.support.verdicts import assert_is

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL
NAMES = [
    rule.get("alert") or rule["record"]
    for file in sorted((ROOT / "monitoring/rules").glob("*.yml"))
    for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
    for rule in group["rules"]
]


def loaded(names: list[str], *broken: str) -> dict[str, Any]:
    rules = [{"name": name, "health": "err" if name in broken else "ok"} for name in names]
    return {"groups": [{"rules": rules}]}


def up(**instances: int) -> dict[str, Any]:
    rows = [{"metric": {"instance": name}, "value": [1.5, str(is_up)]} for name, is_up in instances.items()]
    return {"result": rows}


def verdict(answers: Answers, *, rules: Any = None, nodes: Any = None, managers: Any = None) -> Verdict:
    """The check of a Prometheus where all is well but what is named."""
    known = [{"url": f"http://{answers.address}/am/api/v2/alerts"}]
    for path, data in {
        "rules": rules or loaded(NAMES),
        "query": nodes or up(node1=1, node2=1),
        "alertmanagers": {"activeAlertmanagers": known if managers is None else managers},
    }.items():
        answers.by_path[f"/api/v1/{path}"] = {"status": "success", "data": data}
    answers.by_path.setdefault("/am/-/healthy", "OK")
    return serving.alerts(f"http://{answers.address}/")


def test_all_is_well(answers: Answers) -> None:
    assert_is(verdict(answers), OK, "work")


@pytest.mark.parametrize("name", ["PaydeskDisputeDueNow", "job:paydesk_payments_success:z"])
def test_one_missing_rule_is_reported(answers: Answers, name: str) -> None:
    others = [each for each in NAMES if each != name]
    assert_is(verdict(answers, rules=loaded([*others, "Another"])), FAIL, f"rules: {name}.")


def test_a_rule_that_cannot_be_evaluated(answers: Answers) -> None:
    found = verdict(answers, rules=loaded([*NAMES, "Another"], "PaydeskDown", "Another"))
    assert_is(found, FAIL, "errors: PaydeskDown.")


def test_no_node_is_scraped(answers: Answers) -> None:
    assert_is(verdict(answers, nodes=up()), FAIL, "no job paydesk")


def test_a_node_that_cannot_be_scraped(answers: Answers) -> None:
    assert_is(verdict(answers, nodes=up(node1=1, node2=0)), FAIL, "cannot scrape node2.")


def test_no_alertmanager(answers: Answers) -> None:
    assert_is(verdict(answers, managers=[]), WARN, "No Alertmanager")


@pytest.mark.parametrize(("address", "told"), [("http://127.0.0.1:1", "refused"), ("http://{}/elsewhere", "NOT FOUND")])
def test_an_alertmanager_that_is_named_and_does_not_answer(answers: Answers, address: str, told: str) -> None:
    url = address.format(answers.address) + "/api/v2/alerts"
    assert_is(verdict(answers, managers=[{"url": url}]), WARN, told)


def test_a_real_prometheus_that_lacks_a_file_or_scrapes_another_job(prometheus: Callable[..., str]) -> None:
    assert_is(serving.alerts(prometheus("service.yml")), FAIL, "PaydeskDisputeDueNow")
    assert_is(serving.alerts(prometheus(job="other")), FAIL, "no job paydesk")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "file:///etc/passwd", "nonsense"])
def test_an_address_that_is_no_prometheus(address: str) -> None:
    assert_is(serving.alerts(address), FAIL, "cannot be asked")
