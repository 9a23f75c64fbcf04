"""``flask stripe setup`` against the sandbox: one endpoint with the events and the version that the service reads."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app.errors import ValidationFailed
from app.factory import create_app
from app.gateway.webhooks import APPLIED_TYPES
from app.services.stripe_setup import webhook_url
from config import Settings
from tests.support.sandbox import SandboxProcess
from tests.support.webhooks import WEBHOOK_PATH

URL = "https://pay.example.com"
ADDRESS = URL + WEBHOOK_PATH
OLD, NEW = "2023-10-16", "2026-10-28.endive"
Setup = Callable[..., Result]


def on(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["stripe", "setup", *arguments])


@pytest.fixture
def setup(app: Flask) -> Setup:
    return lambda *arguments: on(app, "--url", URL, *arguments)


def endpoints(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    """Those of the address, oldest first."""
    page = sandbox.stripe("GET", "/v1/webhook_endpoints", {"limit": 100})["data"]
    return [row for row in reversed(page) if row["url"] == ADDRESS]


def register(sandbox: SandboxProcess, events: Any = APPLIED_TYPES, version: str = OLD) -> str:
    """An endpoint that someone made before; its id."""
    params = {"url": ADDRESS, "enabled_events[]": sorted(set(events) - {"refund.failed"}), "api_version": version}
    return str(sandbox.stripe("POST", "/v1/webhook_endpoints", params)["id"])


@pytest.mark.parametrize("version", [OLD, NEW])
def test_it_makes_an_endpoint_once_with_what_the_service_reads(
    settings: Settings, sandbox: SandboxProcess, version: str
) -> None:
    app = create_app(replace(settings, stripe_api_version=version))
    made = on(app, "--url", URL)
    assert made.exit_code == 0, made.output
    (endpoint,) = endpoints(sandbox)
    assert endpoint["api_version"] == version
    # The older version has no refund.failed, and Stripe refuses what it does not know.
    expected = APPLIED_TYPES - ({"refund.failed"} if version == OLD else set())
    assert set(endpoint["enabled_events"]) == expected
    assert ("Without refund.failed" in made.output) == (version == OLD)
    (secret,) = re.findall(r"^STRIPE_WEBHOOK_SECRET=(whsec_\w+)$", made.output, re.MULTILINE)
    assert made.output.count(secret) == 1
    again = on(app, "--url", URL + "/")
    assert again.exit_code == 0, again.output
    assert "Nothing to do" in again.output
    assert "whsec_" not in again.output
    assert endpoints(sandbox) == [endpoint]


def test_the_secret_verifies_what_the_endpoint_delivers(settings: Settings, sandbox: SandboxProcess) -> None:
    app = create_app(settings)
    made = on(app, "--url", URL)
    (secret,) = re.findall(r"whsec_\w+", made.output)
    shown = sandbox.get("webhooks")["endpoints"]
    assert [secret] in [row["secrets"] for row in shown if row["url"] == ADDRESS]


def test_an_endpoint_with_other_events_is_updated(setup: Setup, sandbox: SandboxProcess) -> None:
    endpoint_id = register(sandbox, ["charge.succeeded", "customer.created"])
    sandbox.stripe("POST", f"/v1/webhook_endpoints/{endpoint_id}", {"disabled": "true"})
    updated = setup()
    assert updated.exit_code == 0, updated.output
    assert "customer.created" in updated.output
    (endpoint,) = endpoints(sandbox)
    assert (endpoint["id"], endpoint["status"]) == (endpoint_id, "enabled")
    assert set(endpoint["enabled_events"]) == APPLIED_TYPES - {"refund.failed"}
    assert "whsec_" not in updated.output


def test_an_endpoint_of_another_version_gets_one_beside_it(setup: Setup, sandbox: SandboxProcess) -> None:
    old = register(sandbox, version=NEW)
    made = setup()
    assert made.exit_code == 0, made.output
    first, second = endpoints(sandbox)
    assert (first["id"], first["api_version"], first["status"]) == (old, NEW, "enabled")
    assert second["api_version"] == OLD
    assert f"The endpoint {old} ({NEW}) also delivers here." in made.output


def test_a_dry_run_changes_nothing(setup: Setup, sandbox: SandboxProcess, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    would = setup("--dry-run", "--env-file", str(env_file))
    assert (would.exit_code, endpoints(sandbox), env_file.exists()) == (0, [], False)
    assert "Would create" in would.output
    endpoint_id = register(sandbox, ["charge.succeeded"])
    would = setup("--dry-run")
    assert f"Would update the webhook endpoint {endpoint_id} (add " in would.output
    assert endpoints(sandbox)[0]["enabled_events"] == ["charge.succeeded"]


def test_the_secret_is_written_to_a_private_file(setup: Setup, sandbox: SandboxProcess, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("# ours\nSTRIPE_WEBHOOK_SECRET=whsec_old\nPORT=8003")
    env_file.chmod(0o644)
    made = setup("--env-file", str(env_file))
    assert made.exit_code == 0, made.output
    assert "whsec_" not in made.output
    assert re.fullmatch(r"# ours\nSTRIPE_WEBHOOK_SECRET=whsec_\w+\nPORT=8003", env_file.read_text())
    assert "whsec_old" not in env_file.read_text()
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    before = env_file.read_text()
    assert setup("--env-file", str(env_file)).exit_code == 0
    assert env_file.read_text() == before
    assert len(endpoints(sandbox)) == 1


def test_while_two_endpoints_deliver_both_secrets_are_kept(
    setup: Setup, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    register(sandbox, version=NEW)
    env_file = tmp_path / ".env"
    env_file.write_text("STRIPE_WEBHOOK_SECRET=whsec_old\n")
    assert setup("--env-file", str(env_file)).exit_code == 0
    assert re.fullmatch(r"STRIPE_WEBHOOK_SECRET=whsec_\w+,whsec_old\n", env_file.read_text())


def test_a_file_that_cannot_be_written_is_noticed_before(setup: Setup, sandbox: SandboxProcess, tmp_path: Path) -> None:
    refused = setup("--env-file", str(tmp_path / "missing" / ".env"))
    assert refused.exit_code == 1
    assert "Nothing was changed." in refused.output
    assert endpoints(sandbox) == []


def test_a_full_account_says_so(setup: Setup, sandbox: SandboxProcess) -> None:
    for number in range(15):
        params = {"url": f"https://{number}.example.com/", "enabled_events[]": "charge.succeeded"}
        sandbox.stripe("POST", "/v1/webhook_endpoints", params)
    refused = setup()
    assert refused.exit_code == 1
    assert "Stripe allows 16" in refused.output


def test_a_restricted_key_without_a_right_names_it(settings: Settings, sandbox: SandboxProcess) -> None:
    app = create_app(replace(settings, stripe_secret_key="rk_test_paydesk_tests"))
    sandbox.fault(match={"method": "GET", "path": "^/v1/disputes"}, effect="403", times=None)
    refused = on(app, "--url", URL)
    assert refused.exit_code == 1
    assert "The restricted key lacks Disputes: Read" in refused.output
    assert "Nothing was changed." in refused.output
    assert endpoints(sandbox) == []
    checked = app.test_cli_runner().invoke(args=["preflight"])
    assert "The restricted key lacks Disputes: Read" in checked.output, "both commands say the same words"
    sandbox.delete("faults")
    before = sandbox.books()
    assert on(app, "--url", URL).exit_code == 0
    assert (len(endpoints(sandbox)), sandbox.books()) == (1, before)


def test_without_a_key_and_without_stripe_it_says_so(settings: Settings, sandbox: SandboxProcess) -> None:
    without = on(create_app(replace(settings, stripe_secret_key="")), "--url", URL)
    assert without.exit_code == 1
    assert "Set STRIPE_SECRET_KEY first" in without.output
    sandbox.fault(match={"path": "^/v1/webhook_endpoints"}, effect="503", times=None)
    away = on(create_app(settings), "--url", URL)
    assert away.exit_code == 1
    assert "Stripe cannot be reached just now" in away.output


@pytest.mark.parametrize(
    ("url", "live", "expected"),
    [
        ("https://pay.example.com", True, ADDRESS),
        ("https://Pay.Example.com/", True, ADDRESS),
        (ADDRESS, True, ADDRESS),
        ("https://pay.example.com:8443", True, f"https://pay.example.com:8443{WEBHOOK_PATH}"),
        ("http://127.0.0.1:8003", False, f"http://127.0.0.1:8003{WEBHOOK_PATH}"),
        ("http://127.0.0.1:8003", True, "must be https"),
        ("http://pay.example.com", False, "must be https"),
        ("pay.example.com", True, "needs a scheme"),
        ("https://", True, "needs a scheme"),
        ("ftp://pay.example.com", True, "needs a scheme"),
        ("https://[", True, "is invalid"),
        ("https://pay.example.com:port", True, "is invalid"),
        ("https://pay.example.com/webhook", True, "The path of the URL must be"),
        ("https://user@pay.example.com", True, "no user"),
        ("https://pay.example.com?a=1", True, "no user, query"),
    ],
)
def test_addresses(url: str, live: bool, expected: str) -> None:
    if expected.startswith("http"):
        assert webhook_url(url, WEBHOOK_PATH, livemode=live) == expected
    else:
        with pytest.raises(ValidationFailed, match=expected):
            webhook_url(url, WEBHOOK_PATH, livemode=live)


def test_an_address_that_stripe_cannot_reach_is_refused(app: Flask, sandbox: SandboxProcess) -> None:
    refused = on(app, "--url", "http://pay.example.com")
    assert (refused.exit_code, "The URL must be https." in refused.output) == (1, True)
    assert endpoints(sandbox) == []
