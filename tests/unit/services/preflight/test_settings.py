"""Each check of the settings, by what must pass and what must not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.services.preflight import settings as checks
from app.services.preflight.runner import State, Verdict
from config import Settings
from tests.support.verdicts import OTHER, RANDOM, assert_is

GOOD = Settings(
    stripe_secret_key="sk_live_" + "a" * 24,
    stripe_publishable_key="pk_live_" + "b" * 24,
    stripe_webhook_secret=("whsec_" + "c" * 32,),
    secret_key=RANDOM,
    auth_jwt_secret=OTHER,
    metrics_token="a token",
    cors_origins=("https://erp.example.com",),
    dashboard_timezone="Europe/Berlin",
)
OK, WARN, FAIL = State.OK, State.WARN, State.FAIL
LIVE, TEST = False, True


@pytest.mark.parametrize(
    ("secret", "publishable", "test_mode", "state", "told"),
    [
        ("sk_live_a", "pk_live_b", LIVE, OK, "live keys"),
        ("rk_live_a", "pk_live_b", LIVE, OK, "live keys"),
        ("sk_test_a", "pk_test_b", TEST, OK, "test keys"),
        ("sk_test_a", "pk_test_b", LIVE, FAIL, "live keys are expected"),
        ("sk_live_a", "pk_live_b", TEST, FAIL, "test keys are expected"),
        ("sk_live_a", "pk_test_b", LIVE, FAIL, "One key is live and the other is for tests"),
        ("sk_test_a", "pk_live_b", TEST, FAIL, "One key is live and the other is for tests"),
        ("", "pk_live_b", LIVE, FAIL, "STRIPE_SECRET_KEY not set"),
        ("sk_live_a", "", LIVE, FAIL, "STRIPE_PUBLISHABLE_KEY not set"),
        ("pk_live_a", "pk_live_b", LIVE, FAIL, "does not look like"),
        ("nonsense", "pk_live_b", LIVE, FAIL, "does not look like"),
    ],
)
def test_keys(secret: str, publishable: str, test_mode: bool, state: State, told: str) -> None:
    settings = replace(GOOD, stripe_secret_key=secret, stripe_publishable_key=publishable)
    assert_is(checks.stripe_keys(settings, test_mode=test_mode), state, told)


@pytest.mark.parametrize(
    ("methods", "state", "told"),
    [
        (("card",), OK, "may pay with card"),
        (("card", "ideal"), OK, "card, ideal"),
        (("automatic",), WARN, "every payment method"),
    ],
)
def test_payment_methods(methods: tuple[str, ...], state: State, told: str) -> None:
    assert_is(checks.payment_methods(replace(GOOD, stripe_payment_methods=methods)), state, told)


@pytest.mark.parametrize(
    ("base", "test_mode", "state", "told"),
    [
        ("", LIVE, OK, "Stripe itself"),
        ("https://api.stripe.com", LIVE, OK, "Stripe itself"),
        ("https://proxy.example.com", LIVE, WARN, "proxy.example.com"),
        ("http://proxy.example.com", LIVE, FAIL, "not https"),
        ("http://127.0.0.1:12111", TEST, WARN, "127.0.0.1"),
    ],
)
def test_address(base: str, test_mode: bool, state: State, told: str) -> None:
    assert_is(checks.stripe_address(replace(GOOD, stripe_api_base=base), test_mode=test_mode), state, told)


Case = tuple[Callable[[Settings], Verdict], dict[str, object], State, str]
CASES: list[Case] = [
    (checks.webhook_secret, {}, OK, "One webhook secret"),
    (checks.webhook_secret, {"stripe_webhook_secret": ()}, FAIL, "not set"),
    (checks.webhook_secret, {"stripe_webhook_secret": ("sk_live_x",)}, FAIL, "does not begin with whsec_"),
    (checks.webhook_secret, {"stripe_webhook_secret": ("whsec_a", "whsec_b")}, WARN, "2 webhook secrets"),
    (checks.secret_key, {}, OK, "looks random"),
    (checks.secret_key, {"secret_key": ""}, FAIL, "is not set"),
    (checks.secret_key, {"secret_key": RANDOM[:31]}, FAIL, "shorter than 32 bytes"),
    (checks.secret_key, {"secret_key": "abcabc" * 10}, FAIL, "different characters"),
    (checks.secret_key, {"secret_key": "please-change-me-" + RANDOM}, FAIL, "placeholder"),
    (checks.secret_key, {"secret_key": OTHER}, FAIL, "are the same"),
    (checks.tokens, {}, OK, "shared secret"),
    (checks.tokens, {"auth_jwt_secret": ""}, FAIL, "no request could be let in"),
    (checks.tokens, {"auth_jwt_secret": "a" * 40}, FAIL, "forged"),
    (checks.tokens, {"auth_jwks_url": "https://id.example.com/keys"}, OK, "identity provider"),
    (checks.tokens, {"auth_jwks_url": "http://id.example.com/keys"}, FAIL, "not https"),
    (checks.metrics_token, {}, OK, "asks for a token"),
    (checks.metrics_token, {"metrics_token": ""}, WARN, "open"),
    (checks.cors, {}, OK, "1 origins"),
    (checks.cors, {"cors_origins": ()}, OK, "No page"),
    (checks.cors, {"cors_origins": ("http://erp.example.com",)}, FAIL, "http://erp.example.com"),
    (checks.time_zone, {}, OK, "Europe/Berlin"),
    (checks.time_zone, {"dashboard_timezone": "UTC"}, WARN, "UTC"),
    (lambda settings: checks.debugging(settings, debug=False), {}, OK, "off"),
    (lambda settings: checks.debugging(settings, debug=True), {}, FAIL, "Debug mode is on"),
    (lambda settings: checks.debugging(settings, debug=False), {"log_level": "debug"}, WARN, "LOG_LEVEL"),
    (lambda _: checks.backups(), {}, WARN, "cannot be seen"),
]


@pytest.mark.parametrize(("check", "changes", "state", "told"), CASES)
def test_checks(check: Callable[[Settings], Verdict], changes: dict[str, object], state: State, told: str) -> None:
    assert_is(check(replace(GOOD, **changes)), state, told)  # type: ignore[arg-type]


def test_no_verdict_shows_a_secret() -> None:
    """Not even of a setting that is wrong."""
    canary = "Canary7Canary8"
    settings = replace(
        GOOD,
        stripe_secret_key=canary,
        stripe_publishable_key=canary,
        stripe_webhook_secret=(canary,),
        secret_key=canary,
        auth_jwt_secret=canary,
        metrics_token=canary,
    )
    every = checks.checks(settings, test_mode=False, debug=False, env_file=Path("/nowhere/.env"))
    found = [check.run() for check in every]
    assert len(found) == 12
    assert canary not in repr(found)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text("STRIPE_SECRET_KEY=x\n")
    path.chmod(0o600)
    return path


def git(folder: Path, *command: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", "-C", str(folder), *who, *command], check=True, capture_output=True)


def test_a_file_of_the_owner_alone_is_fine(env_file: Path) -> None:
    assert_is(checks.environment_file(env_file), OK, "its owner's alone")


def test_no_file_is_fine(tmp_path: Path) -> None:
    assert_is(checks.environment_file(tmp_path / ".env"), OK, "There is no .env")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_not(env_file: Path, mode: int) -> None:
    env_file.chmod(mode)
    assert_is(checks.environment_file(env_file), FAIL, "other users")


def test_a_file_in_a_repository_is_found_also_when_it_was_taken_out_again(env_file: Path) -> None:
    git(env_file.parent, "init")
    assert_is(checks.environment_file(env_file), OK, "not committed")
    git(env_file.parent, "add", ".env")
    assert_is(checks.environment_file(env_file), FAIL, "committed")
    git(env_file.parent, "commit", "-m", "Add settings")
    git(env_file.parent, "rm", ".env")
    git(env_file.parent, "commit", "-m", "Take settings out")
    assert_is(checks.environment_file(env_file), FAIL, "once was, committed")


def test_a_repository_of_another_user_is_read_all_the_same(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/deploy.md clones as root and runs the checklist as the user of the service."""
    git(env_file.parent, "init")
    git(env_file.parent, "add", ".env")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(subprocess.CalledProcessError):
        git(env_file.parent, "status")
    assert_is(checks.environment_file(env_file), FAIL, "committed")


def without_git(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(env_file.parent))


def with_a_broken_repository(env_file: Path, _: pytest.MonkeyPatch) -> None:
    (env_file.parent / ".git" / "HEAD").unlink()


@pytest.mark.parametrize("hinder", [without_git, with_a_broken_repository])
def test_what_git_cannot_tell_is_not_taken_for_good(
    env_file: Path, monkeypatch: pytest.MonkeyPatch, hinder: Callable[[Path, pytest.MonkeyPatch], None]
) -> None:
    git(env_file.parent, "init")
    git(env_file.parent, "add", ".env")
    hinder(env_file, monkeypatch)
    assert_is(checks.environment_file(env_file), WARN, "cannot be seen")
    env_file.chmod(0o644)
    assert_is(checks.environment_file(env_file), FAIL, "other users")
    env_file.unlink()
    assert_is(checks.environment_file(env_file), WARN, "cannot be seen")


def test_where_there_is_no_repository_no_git_is_needed(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_git(env_file, monkeypatch)
    assert_is(checks.environment_file(env_file), OK, "not committed")
