"""Procfile, Dockerfile and compose.yaml agree, bring what the service needs, and hold no secret.

No image is built here: that needs a Docker engine. What an image would hold is laid out in a folder and started.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Settings

ROOT = Path(__file__).parents[2]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "release")
_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSWORD")


def _instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), without comments and with continued lines joined."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


DOCKERFILE = _instructions()


def _arguments(name: str) -> list[str]:
    return [rest for instruction, rest in DOCKERFILE if instruction == name]


def test_image_and_compose_run_what_the_procfile_says() -> None:
    assert json.loads(_arguments("CMD")[-1]) == shlex.split(PROCFILE["web"])
    assert "command" not in SERVICES["web"]
    assert SERVICES["worker"]["command"] == shlex.split(PROCFILE["worker"])
    assert SERVICES["release"]["command"] == shlex.split(PROCFILE["release"])


def test_what_is_in_the_image_is_enough_to_start(tmp_path: Path) -> None:
    """Of the files that .dockerignore lets through, those that the Dockerfile copies."""
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = [source for rest in _arguments("COPY") if not rest.startswith("--from") for source in rest.split()[:-1]]
    assert set(copied) == admitted
    for name in set(copied) - {"requirements.txt", "constraints.txt"}:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    assert list((tmp_path / "monitoring/rules").glob("*.yml")), "flask preflight compares Prometheus with them"
    for command in (["gunicorn", "--check-config", "wsgi:app"], ["flask", "--app", "wsgi", "worker", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "MONGODB_URI": SERVICES["web"]["environment"]["MONGODB_URI"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_image_runs_unprivileged_and_holds_no_secret() -> None:
    user = _arguments("USER")[-1]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    last = [name for name, _ in DOCKERFILE]
    assert last.index("USER") > max(i for i, name in enumerate(last) if name in {"COPY", "RUN"})
    assert not [rest for rest in _arguments("ENV") + _arguments("ARG") if _SECRET.search(rest)]
    assert not _arguments("ADD")
    for image in _arguments("FROM"):
        assert re.match(r"python:\d+\.\d+-slim-\w+( AS \w+)?$", image)
    assert f"python:{sys.version_info.major}." in _arguments("FROM")[0]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_health_check_of_the_image_reads_the_answer(status: int, code: int) -> None:
    check = _arguments("HEALTHCHECK")[0].partition("CMD ")[2]
    python, *arguments = json.loads(check)
    assert python == "python"
    with _answering(status) as (port, asked):
        done = subprocess.run(
            [sys.executable, *arguments],
            # A proxy that is not there: the check must not ask it.
            env={"PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
            capture_output=True,
            check=False,
        )
    assert (done.returncode, asked) == (code, ["/healthz"])


def test_compose_names_only_what_exists() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"], volume
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        dependencies = service.get("depends_on", {})
        assert set(dependencies) <= set(SERVICES)
        if isinstance(dependencies, dict):
            for other, condition in dependencies.items():
                if condition["condition"] == "service_healthy":
                    assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for a check of {other}"


def test_compose_opens_nothing_to_the_network_and_pins_its_images() -> None:
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        if name not in OURS:
            assert re.search(r":v?\d+\.\d", service["image"]), f"{name} has no version"
    assert COMPOSE["networks"]["data"]["internal"] is True
    assert SERVICES["mongodb"]["networks"] == SERVICES["redis"]["networks"] == ["data"]


def test_compose_takes_secrets_from_the_env_file_only() -> None:
    for name, service in SERVICES.items():
        assert not [key for key in service.get("environment", {}) if _SECRET.search(key)], name
    for name in OURS:
        assert SERVICES[name]["env_file"] == ".env"
        assert SERVICES[name]["read_only"] is True and SERVICES[name]["cap_drop"] == ["ALL"]
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_compose_sets_what_settings_know() -> None:
    environment = SERVICES["web"]["environment"]
    assert set(environment) <= {name.upper() for name in Settings.__slots__}
    read = Settings.from_env(environment)
    assert read.mongodb_uri.startswith("mongodb://mongodb:27017/") and read.redis_url.startswith("redis://redis:")
    assert SERVICES["web"]["ports"] == [f"127.0.0.1:{read.port}:{read.port}"]


def test_compose_monitors_its_own_web_node_and_has_an_alertmanager() -> None:
    """Prometheus sees the folder of targets itself, so that a changed file is read again."""
    mounts = dict(volume.split(":")[1::-1] for volume in SERVICES["prometheus"]["volumes"])
    folder = ROOT / mounts["/etc/prometheus/targets"]
    assert folder.is_dir()
    port = SERVICES["web"]["environment"]["PORT"]
    for name, target in (("paydesk", f"web:{port}"), ("alertmanager", "alertmanager:9093")):
        assert yaml.safe_load((folder / f"{name}.yml").read_text("utf-8")) == [{"targets": [target]}]
    assert "127.0.0.1:9093:9093" in SERVICES["alertmanager"]["ports"]
    for name in ("web", "alertmanager", "prometheus"):
        assert "outside" in SERVICES[name]["networks"]


def test_whoever_stops_the_service_waits_longer_than_it_takes_to_finish() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--print-config", "wsgi:app"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "STRIPE_TIMEOUT": str(Settings().stripe_timeout)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    taken = int(re.findall(r"^graceful_timeout += (\d+)$", printed, re.MULTILINE)[0])
    (unit,) = re.findall(r"^TimeoutStopSec=(\d+)$", (ROOT / "docs/deploy.md").read_text("utf-8"), re.MULTILINE)
    for waits in (int(unit), *(int(SERVICES[name]["stop_grace_period"].removesuffix("s")) for name in OURS)):
        assert waits > taken


@contextmanager
def _answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """A server that answers everything with ``status``; its port, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Nothing: the test looks at ``asked``."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()
