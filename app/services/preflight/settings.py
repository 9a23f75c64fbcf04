"""The checks of the production checklist on the settings alone, and on the file that they may be in."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.services.preflight.runner import Check, Verdict, fail, ok, warn

if TYPE_CHECKING:
    from config import Settings

# 32 bytes are what HS256 asks for (RFC 7518 section 3.2); a random text of that length has many different characters.
_SHORTEST_SECRET = 32
_FEWEST_CHARACTERS = 12
_PLACEHOLDERS = "change example secret-key secret_key password placeholder test dev- your".split()
_MAKE_ONE = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'
_GIT_SECONDS = 20


def checks(settings: Settings, *, test_mode: bool, debug: bool, env_file: Path) -> list[Check]:
    """Every check that asks no other system. ``test_mode``: the set-up is meant to run on Stripe's test keys."""
    return [
        Check("stripe_keys", lambda: stripe_keys(settings, test_mode=test_mode)),
        Check("stripe_address", lambda: stripe_address(settings, test_mode=test_mode)),
        Check("payment_methods", lambda: payment_methods(settings)),
        Check("webhook_secret", lambda: webhook_secret(settings)),
        Check("secret_key", lambda: secret_key(settings)),
        Check("tokens", lambda: tokens(settings)),
        Check("metrics_token", lambda: metrics_token(settings)),
        Check("cors", lambda: cors(settings)),
        Check("time_zone", lambda: time_zone(settings)),
        Check("debug", lambda: debugging(settings, debug=debug)),
        Check("env_file", lambda: environment_file(env_file), "Look at .env and at git by hand."),
        Check("backups", backups),
    ]


def stripe_keys(settings: Settings, *, test_mode: bool) -> Verdict:
    """Both keys are set, of one mode, and of the mode that is meant."""
    secret, publishable = settings.stripe_secret_key, settings.stripe_publishable_key
    if not secret or not publishable:
        missing = " and ".join(
            name
            for name, value in (("STRIPE_SECRET_KEY", secret), ("STRIPE_PUBLISHABLE_KEY", publishable))
            if not value
        )
        return fail(f"{missing} not set.", "Take both from Stripe's dashboard: Developers > API keys.")
    modes = {_mode(secret, ("sk", "rk")), _mode(publishable, ("pk",))}
    if None in modes:
        return fail(
            "A key does not look like one of Stripe's (sk_live_…, rk_live_…, pk_live_…).",
            "Take both keys from Stripe's dashboard: Developers > API keys.",
        )
    if len(modes) > 1:
        return fail(
            "One key is live and the other is for tests: every payment in the browser would fail.",
            "Take both keys from the same mode.",
        )
    (mode,) = modes
    expected = "test" if test_mode else "live"
    if mode != expected:
        advice = (
            "Put the test keys there: this set-up is meant for tests."
            if test_mode
            else "Put the live keys there; for a set-up that is meant for tests, use --test-mode."
        )
        return fail(f"The keys are {mode} keys, and {expected} keys are expected.", advice)
    return ok(f"Both keys are {mode} keys.")


def stripe_address(settings: Settings, *, test_mode: bool) -> Verdict:
    """Requests go to Stripe itself."""
    base = settings.stripe_api_base
    if not base or urlsplit(base).hostname == "api.stripe.com":
        return ok("Requests go to Stripe itself.")
    advice = "Leave STRIPE_API_BASE empty, unless a proxy must be used."
    if urlsplit(base).scheme != "https" and not test_mode:
        return fail("STRIPE_API_BASE is not https: the secret key would travel readable.", advice)
    return warn(f"Requests go to {urlsplit(base).hostname} and not to Stripe itself.", advice)


def payment_methods(settings: Settings) -> Verdict:
    """Which payment methods customers are offered is a decision."""
    names = settings.stripe_payment_methods
    if names == ("automatic",):
        return warn(
            "Customers are offered every payment method that is switched on in Stripe's dashboard.",
            "Bank debits and vouchers are paid days later: name the methods in STRIPE_PAYMENT_METHODS to choose them "
            "here (docs/payment-methods.md).",
        )
    return ok(f"Customers may pay with {', '.join(names)} (STRIPE_PAYMENT_METHODS).")


def webhook_secret(settings: Settings) -> Verdict:
    """Deliveries can be verified."""
    secrets = settings.stripe_webhook_secret
    advice = "Put the endpoint's signing secret there: Stripe's dashboard > Developers > Webhooks."
    if not secrets:
        return fail("STRIPE_WEBHOOK_SECRET is not set: every delivery would be refused.", advice)
    if not all(secret.startswith("whsec_") for secret in secrets):
        return fail("A webhook secret does not begin with whsec_, so it is none.", advice)
    if len(secrets) > 1:
        return warn(
            f"{len(secrets)} webhook secrets are set.",
            "Good while one is rolled; take the old one out when Stripe no longer signs with it (24 hours at most).",
        )
    return ok("One webhook secret is set.")


def secret_key(settings: Settings) -> Verdict:
    """Sessions cannot be forged."""
    weak = _weakness(settings.secret_key)
    if weak:
        return fail(f"SECRET_KEY {weak}; it signs the sessions of the dashboard.", f"Make one: {_MAKE_ONE}")
    if settings.secret_key == settings.auth_jwt_secret:
        return fail(
            "SECRET_KEY and AUTH_JWT_SECRET are the same: whoever issues tokens could sign in.",
            "Make another SECRET_KEY.",
        )
    return ok("SECRET_KEY is long and looks random.")


def tokens(settings: Settings) -> Verdict:
    """Bearer tokens can be verified and not be forged."""
    if settings.auth_jwks_url:
        if urlsplit(settings.auth_jwks_url).scheme != "https":
            return fail(
                "AUTH_JWKS_URL is not https: whoever sits on the way could give us their keys.",
                "Use the https address of the identity provider.",
            )
        return ok(f"Tokens of {settings.auth_jwt_issuer} are checked with the keys of the identity provider.")
    if not settings.auth_jwt_secret:
        return fail(
            "Neither AUTH_JWT_SECRET nor AUTH_JWKS_URL is set: no request could be let in.",
            f"Name the keys of your identity provider, or make a shared secret: {_MAKE_ONE}",
        )
    weak = _weakness(settings.auth_jwt_secret)
    if weak:
        return fail(f"AUTH_JWT_SECRET {weak}: tokens could be forged.", f"Make one: {_MAKE_ONE}")
    return ok(f"Tokens of {settings.auth_jwt_issuer} are checked with a shared secret that looks random.")


def metrics_token(settings: Settings) -> Verdict:
    """Only Prometheus reads the figures."""
    if settings.metrics_token:
        return ok("/metrics asks for a token.")
    return warn(
        "/metrics is open: whoever reaches the service reads volume and success rate.",
        "Set METRICS_TOKEN, or let the proxy keep /metrics inside.",
    )


def cors(settings: Settings) -> Verdict:
    """Pages that call the API are served by https."""
    readable = [origin for origin in settings.cors_origins if urlsplit(origin).scheme != "https"]
    if readable:
        return fail(
            f"CORS_ORIGINS lists {', '.join(readable)}, which is not https.",
            "Serve the frontend by https and list that origin.",
        )
    if not settings.cors_origins:
        return ok("No page of another origin may call the API.")
    return ok(f"{len(settings.cors_origins)} origins may call the API from a page.")


def time_zone(settings: Settings) -> Verdict:
    """A day is a day of the business."""
    zone = settings.dashboard_timezone
    if zone == "UTC":
        return warn(
            "Days begin at midnight UTC.",
            "If finance counts days elsewhere, set DASHBOARD_TIMEZONE; the figures are rebuilt when it changes.",
        )
    return ok(f"Days begin at midnight in {zone}.")


def debugging(settings: Settings, *, debug: bool) -> Verdict:
    """Nothing shows its inside."""
    if debug:
        return fail("Debug mode is on: errors would show code and values.", "Unset FLASK_DEBUG and run under gunicorn.")
    if settings.log_level.upper() == "DEBUG":
        return warn("LOG_LEVEL is DEBUG: logs grow quickly.", "Set LOG_LEVEL=INFO.")
    return ok("Debug mode is off.")


def environment_file(path: Path) -> Verdict:
    """The file with the secrets is its owner's alone, and in no repository."""
    committed = _was_committed(path.absolute())
    if committed:
        return fail(
            f"{path.name} is, or once was, committed: whoever has the repository has the secrets.",
            "Take it out of git, and roll every secret that was in it; history keeps them.",
        )
    if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return fail(f"{path.name} can be read by other users of the machine.", f"chmod 600 {path.name}")
    if committed is None:
        return warn(
            f"Whether {path.name} was ever committed cannot be seen: there is no git here, or it cannot read this "
            "repository.",
            f"Where git can, ask it: git log --all -- {path.name} must print nothing.",
        )
    if not path.exists():
        return ok(f"There is no {path.name}; settings come from the environment.")
    return ok(f"{path.name} is its owner's alone, and not committed.")


def backups() -> Verdict:
    """No command can see whether a backup can be restored."""
    return warn(
        "Whether MongoDB is backed up, and a restore was tried, cannot be seen from here.",
        "Back up and try a restore, then say so with --accept backups (docs/deploy.md).",
    )


def _mode(key: str, kinds: tuple[str, ...]) -> str | None:
    kind, _, rest = key.partition("_")
    mode = rest.partition("_")[0]
    return mode if kind in kinds and mode in {"live", "test"} else None


def _weakness(secret: str) -> str | None:
    """What is wrong with a secret, as the end of a sentence; None when it looks random."""
    if not secret:
        return "is not set"
    if len(secret.encode()) < _SHORTEST_SECRET:
        return f"is shorter than {_SHORTEST_SECRET} bytes"
    if len(set(secret)) < _FEWEST_CHARACTERS:
        return f"has fewer than {_FEWEST_CHARACTERS} different characters"
    if any(word in secret.lower() for word in _PLACEHOLDERS):
        return "looks like a placeholder"
    return None


def _was_committed(path: Path) -> bool | None:
    """Whether a file is, or once was, in the repository around it; None when git cannot tell."""
    folder = path.parent
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return False
    try:
        listed = [
            _git(folder, "ls-files", "--", path.name),
            _git(folder, "log", "--all", "-1", "--format=%h", "--", path.name),
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return any(listed)


def _git(folder: Path, *command: str) -> str:
    """What git says in ``folder``, whoever owns it: the service seldom owns its code, and git would refuse."""
    result = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(folder), *command],
        capture_output=True,
        text=True,
        timeout=_GIT_SECONDS,
        check=True,
    )
    return result.stdout.strip()
