"""A real Prometheus in front of two gunicorn workers: what it sees is what happened, whichever worker it asked."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families
from pymongo.database import Database

from app.gateway.webhooks import APPLIED_TYPES
from app.services.figures.scrape import WINDOWS
from app.telemetry.definitions import DEFINITIONS, PREFIX
from config import Settings
from tests.contract.prometheus_rules import watched
from tests.support.child import Child
from tests.support.prometheus import Samples, figures_of, named, recent_payments, samples
from tests.support.server import LiveServer
from tooling.process import free_port

METRICS = "/api/v1/payments/metrics"
NOTHING = "/api/v1/payments?order_id=no-such-order"
TOKEN = {"Authorization": "Bearer test-metrics-token"}
HEALTHY = "http_requests_total{method=GET,route=/healthz,status=200}"
LISTED = "http_requests_total{method=GET,route=/api/v1/payments,status=200}"
SHARED = "PROMETHEUS_MULTIPROC_DIR"
Mongo = Database[dict[str, Any]]
StartServer = Callable[..., LiveServer]
needs_prometheus = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="needs the program prometheus (apt-get install prometheus)"
)
needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="needs the program promtool (apt-get install prometheus)"
)


class Prometheus(Child):
    """Prometheus that asks one server every few seconds, with the token."""

    def __init__(self, folder: Path, server_port: int) -> None:
        self.port = free_port()
        target = {"targets": [f"127.0.0.1:{server_port}"]}
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 3s, scrape_timeout: 3s}\n"
            "scrape_configs:\n"
            "- job_name: paydesk\n"
            f"  authorization: {{credentials: test-metrics-token}}\n"
            f"  static_configs: [{target}]\n"
        )
        command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
        command += [f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]
        super().__init__("prometheus", command, folder / "prometheus.log", {})

    def query(self, expression: str) -> Samples:
        """What an instant query answers, by the samples' names."""
        address = f"http://127.0.0.1:{self.port}/api/v1/query"
        try:
            answer = requests.get(address, params={"query": expression}, timeout=10)
        except requests.ConnectionError:
            return {}
        if answer.status_code == 503:
            return {}  # it is starting
        answer.raise_for_status()
        found: Samples = {}
        for result in answer.json()["data"]["result"]:
            labels = {k: v for k, v in result["metric"].items() if k not in {"__name__", "instance", "job"}}
            found[named(result["metric"].get("__name__", ""), labels)] = float(result["value"][1])
        return found

    def seen(self, expression: str) -> Samples:
        """The same, as soon as there is an answer: on a busy machine a scrape may come too late to count."""
        found: Samples = {}

        def answered() -> bool:
            found.update(self.query(expression))
            return bool(found)

        self.wait_until(answered, 60)
        return found


@pytest.fixture
def prometheus(tmp_path: Path, server_port: int) -> Iterator[Prometheus]:
    process = Prometheus(tmp_path, server_port)
    yield process
    process.stop()


def page(server: LiveServer) -> Samples:
    """The page as whichever worker is free answers it: each time on a connection of its own."""
    answer = requests.get(f"{server.base_url}/metrics", headers=TOKEN, timeout=30)
    assert answer.status_code == 200, answer.text
    return samples(answer.text)


def ask(server: LiveServer, path: str, times: int, **headers: str) -> None:
    """Requests at once, on connections of their own, so that both workers get some."""

    def get(_: int) -> int:
        return requests.get(server.base_url + path, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(get, range(times))) == {200}


def workers(server: LiveServer) -> list[int]:
    """The process ids of gunicorn's workers."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def workers_that_counted(folder: Path, route: str) -> int:
    """How many workers have counted requests of ``route``: each counts into a file of its own."""
    counts = [
        sum(row[1] for row in MmapedDict.read_all_values_from_file(str(file)) if f'"{route}"' in row[0])
        for file in folder.glob("counter_*.db")
    ]
    return sum(count > 0 for count in counts)


def ask_both(server: LiveServer, folder: Path, **headers: str) -> int:
    """Ask until both workers have answered, or else nothing would be added up; the number of requests."""
    made = 0
    while workers_that_counted(folder, "/api/v1/payments") < 2:
        assert made < 2_000, "one worker answers everything"
        ask(server, NOTHING, 20, **headers)
        made += 20
    return made


def another_than(server: LiveServer, known: set[int]) -> bool:
    """Whether a worker has taken the place of one of ``known``."""
    now = set(workers(server))
    return len(now) == len(known) and len(now - known) == 1


def counters(found: Samples) -> Samples:
    return {name: value for name, value in found.items() if "_total" in name or "_count" in name or "_bucket" in name}


@needs_prometheus
def test_prometheus_sees_both_workers_and_the_figures_of_the_api(
    start_server: StartServer, prometheus: Prometheus, database: Mongo, bearer: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "counts"
    server = start_server(workers=2, more={SHARED: str(folder)})
    database.payments.insert_many(recent_payments(900))
    requests_made = ask_both(server, folder, **bearer)

    # One query, so that all of it is of one scrape; with payments in it, so not of one before they were there.
    found = prometheus.seen(
        '{__name__=~"paydesk_.+", window!=""} and on() paydesk_payments{window="1h",outcome="completed"} > 0'
    )
    asked = datetime.now(UTC)
    for window, length in WINDOWS.items():
        query = {"from": (asked - length).isoformat(), "to": asked.isoformat(), "granularity": "hour"}
        answer = server.request("GET", METRICS, params=query, headers=bearer).json()
        expected = figures_of(answer, window)
        assert answer["payments"]["completed"] > 20
        assert {name: found.get(name) for name in expected} == pytest.approx(expected)
    requests_seen = prometheus.seen(f'paydesk_http_requests_total{{route="/api/v1/payments"}} >= {requests_made}')
    assert requests_seen == {LISTED: requests_made}
    assert prometheus.seen("sum(paydesk_scrape_error)") == {"": 0}


def test_what_alerts_watch_is_exported_before_it_happens(start_server: StartServer, bearer: dict[str, str]) -> None:
    """A counter that appears with its first events has not grown for Prometheus."""
    server = start_server(workers=1)
    ask(server, NOTHING, 1, **bearer)  # routes are known from their first request on
    text = requests.get(f"{server.base_url}/metrics", headers=TOKEN, timeout=30).text
    readings = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    counters = {defined.name for defined in DEFINITIONS.values() if defined.type == "counter"}
    missing = [
        (name, labels)
        for name, labels in watched(counters)
        if not any(
            name == sample.name and all(value.fullmatch(sample.labels[label]) for label, value in labels.items())
            for sample in readings
        )
    ]
    assert missing == []
    failures = {
        (sample.name.removeprefix(PREFIX), sample.labels.get("operation") or sample.labels.get("type"))
        for sample in readings
        if sample.labels.get("outcome") in {"authentication", "failed"} and sample.value == 0
    }
    assert {("webhook_deliveries_total", kind) for kind in APPLIED_TYPES} <= failures
    asked = ("create_intent", "retrieve_intent", "find_intent", "create_refund", "list_refunds")
    assert {("stripe_requests_total", operation) for operation in asked} <= failures


@needs_promtool
def test_promtool_finds_nothing_to_correct(start_server: StartServer, database: Mongo, bearer: dict[str, str]) -> None:
    server = start_server(workers=2)
    database.payments.insert_many(recent_payments(200))
    ask(server, NOTHING, 5, **bearer)
    text = requests.get(f"{server.base_url}/metrics", headers=TOKEN, timeout=30).text
    assert "paydesk_processing_seconds" in text
    check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (check.returncode, check.stdout + check.stderr) == (0, "")


def test_the_counts_of_a_killed_worker_remain(start_server: StartServer, bearer: dict[str, str]) -> None:
    server = start_server(workers=2)
    began = page(server)[HEALTHY]
    ask(server, NOTHING, 80, **bearer)
    seen = [page(server)]
    for victim in workers(server):
        living = set(workers(server))
        os.kill(victim, signal.SIGKILL)
        server.wait_until(partial(another_than, server, living))
        server.wait()
        ask(server, NOTHING, 10, **bearer)
        seen.append(page(server))
    old = set(workers(server))
    server.process.send_signal(signal.SIGHUP)
    server.wait_until(lambda: len(workers(server)) == 2 and not old & set(workers(server)))
    server.wait()
    ask(server, NOTHING, 10, **bearer)
    seen.append(page(server))
    assert [found[LISTED] for found in seen] == [80, 90, 100, 110]
    assert seen[-1][HEALTHY] > began
    for earlier, later in itertools.pairwise(seen):
        lower = {n: (v, later.get(n)) for n, v in counters(earlier).items() if later.get(n, 0) < v}
        assert lower == {}
    # The connections of workers that are gone are gone.
    opened = [found["mongodb_pool_connections{state=open}"] for found in seen]
    assert opened[-1] < opened[0]


def test_leftovers_in_a_given_folder_are_removed(
    start_server: StartServer, tmp_path: Path, bearer: dict[str, str]
) -> None:
    """The name of the folder stays when an operator gives it, and so would the counts of the last server."""
    folder = tmp_path / "counts"
    variables = {SHARED: str(folder)}
    first = start_server(workers=1, more=variables)
    ask(first, NOTHING, 7, **bearer)
    assert page(first)[LISTED] == 7
    first.crash()
    assert list(folder.glob("counter_*.db")), "the files of a server that was killed stay"
    second = start_server(workers=1, more=variables)
    assert LISTED not in page(second)
    ask(second, NOTHING, 2, **bearer)
    assert page(second)[LISTED] == 2


def test_every_worker_answers_the_same(start_server: StartServer, bearer: dict[str, str]) -> None:
    server = start_server(workers=3)
    ask(server, NOTHING, 50, **bearer)
    assert {page(server)[LISTED] for _ in range(20)} == {50}


def test_two_servers_of_a_machine_do_not_add_up(
    start_server: StartServer, settings: Settings, bearer: dict[str, str]
) -> None:
    first = start_server(workers=2)
    second = start_server(workers=1, settings=replace(settings, port=free_port()))
    ask(first, NOTHING, 12, **bearer)
    assert page(first)[LISTED] == 12
    assert LISTED not in page(second)
    second.stop()
    homes = [Path(tempfile.gettempdir()), Path("/dev/shm")]
    assert [left for home in homes for left in home.glob(f"paydesk-metrics-{second.pid}-*")] == []
    assert page(first)[LISTED] == 12


def test_the_page_answers_while_mongodb_is_away(start_server: StartServer, settings: Settings) -> None:
    nowhere = f"mongodb://127.0.0.1:{free_port()}/paydesk"
    server = start_server(workers=2, settings=replace(settings, mongodb_uri=nowhere))
    ask(server, "/healthz", 9)
    found = page(server)
    assert found[HEALTHY] >= 9
    errors = {name: value for name, value in found.items() if name.startswith("scrape_error")}
    assert len(errors) == 6 and set(errors.values()) == {1}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert any(name.startswith("build_info") and f"python={version}" in name for name in found)
