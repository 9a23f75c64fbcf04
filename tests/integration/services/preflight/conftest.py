"""What a production set-up has around the service: a certificate, a proxy, Prometheus."""

from __future__ import annotations

import json
import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.support.child import ROOT, Child
from tooling.process import free_port

PROMETHEUS = shutil.which("prometheus")
_CONFIG = """
global: {{scrape_interval: 1s}}
rule_files: [{rules}]
scrape_configs: [{{job_name: {job}, static_configs: [{{targets: ['{address}']}}]}}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{manager}']}}]}}]}}
"""


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for localhost that this process trusts, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "localhost.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@contextmanager
def served(application: Any, certificate: Path) -> Iterator[str]:
    """``application`` by https on this machine; yields its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = make_server("127.0.0.1", 0, application, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.port}"
    finally:
        server.shutdown()
        thread.join()


class Answers:
    """What a server answers, by path, as JSON; everything else is not found."""

    def __init__(self) -> None:
        self.by_path: dict[str, Any] = {}
        self.address = ""

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        found = self.by_path.get(environ["PATH_INFO"])
        response = Response(json.dumps(found), 404 if found is None else 200, mimetype="application/json")
        return response(environ, start)


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A server on this machine that is told what to answer."""
    told = Answers()
    server = make_server("127.0.0.1", 0, told, threaded=True)
    told.address = f"127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    thread.join()


@pytest.fixture
def prometheus(tmp_path: Path, answers: Answers) -> Iterator[Callable[..., str]]:
    """``prometheus(rules="*.yml", job="paydesk")``: a real Prometheus that scrapes itself as ``job``; its address.

    It holds those files of monitoring/rules, and sends alerts to an Alertmanager, played by ``answers``.
    """
    if PROMETHEUS is None:
        pytest.skip("prometheus is not installed (Debian and Ubuntu: apt install prometheus)")
    started: list[Child] = []
    answers.by_path["/-/healthy"] = "OK"

    def start(rules: str = "*.yml", job: str = "paydesk") -> str:
        folder = tmp_path / f"prometheus-{len(started)}"
        folder.mkdir()
        address = f"127.0.0.1:{free_port()}"
        config = folder / "prometheus.yml"
        config.write_text(
            _CONFIG.format(rules=ROOT / "monitoring/rules" / rules, job=job, address=address, manager=answers.address)
        )

        def asked(what: str) -> Any:
            return requests.get(f"http://{address}/api/v1/{what}", timeout=5).json()["data"]

        command = [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
        child = Child("prometheus", [*command, f"--web.listen-address={address}"], folder / "prometheus.log", {})
        started.append(child)
        child.wait_until(lambda: "Server is ready to receive web requests" in child.output(), 60)
        # Prometheus finds its Alertmanagers and its targets some seconds after it is ready.
        child.wait_until(lambda: bool(asked("alertmanagers")["activeAlertmanagers"]))
        child.wait_until(lambda: bool(asked("query?query=up")["result"]))
        return f"http://{address}"

    yield start
    for child in started:
        child.stop()
