"""What a production set-up has around the service: a certificate, a proxy, Prometheus."""

from __future__ import annotations

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

from tests.support.child import Child
from tooling.process import free_port

PROMETHEUS = shutil.which("prometheus")
_RULES = """
groups:
  - name: paydesk
    rules:
      - {alert: %s, expr: vector(0) == 1}
"""
_CONFIG = """
rule_files: [rules.yml]
%s
"""
_MANAGER = "alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:1']}]}]}"


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


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """``prometheus(alert="PaydeskDown", manager=True)``: a real Prometheus with one alert rule; its address."""
    if PROMETHEUS is None:
        pytest.skip("prometheus is not installed (Debian and Ubuntu: apt install prometheus)")
    started: list[Child] = []

    def start(alert: str = "PaydeskDown", *, manager: bool = True) -> str:
        folder = tmp_path / f"prometheus-{len(started)}"
        folder.mkdir()
        (folder / "rules.yml").write_text(_RULES % alert)
        config = folder / "prometheus.yml"
        config.write_text(_CONFIG % (_MANAGER if manager else ""))
        address = f"127.0.0.1:{free_port()}"
        managers = f"http://{address}/api/v1/alertmanagers"
        command = [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
        child = Child(
            "prometheus", [*command, f"--web.listen-address={address}"], folder / "prometheus.log", {}
        )
        started.append(child)
        child.wait_until(lambda: "Server is ready to receive web requests" in child.output(), 60)
        if manager:
            # Prometheus finds its Alertmanagers some seconds after it is ready.
            child.wait_until(
                lambda: bool(requests.get(managers, timeout=5).json()["data"]["activeAlertmanagers"])
            )
        return f"http://{address}"

    yield start
    for child in started:
        child.stop()
