"""Settings from the environment (and ``.env``), validated once at start.

Every variable of DESIGN section 2 is a field here, and ``.env.example`` documents each one; a test keeps the two equal.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# For each number the minimum, the maximum and a hint.
_RANGES = {
    "webhook_retention_days": (4, 3650, "Stripe may deliver an event again for three days"),
    "reconcile_interval_minutes": (0, 1440, "0 is never, 1440 once a day"),
    "proxy_hops": (0, 10, "0 is no proxy"),
    "rate_limit_writes": (1, 1_000_000, "requests a minute"),
    "rate_limit_reads": (1, 1_000_000, "requests a minute"),
    "stripe_timeout": (1, 60, "seconds; a deploy waits for two calls of Stripe in a row"),
    "port": (1, 65_535, "the port to listen on"),
    "web_concurrency": (1, 256, "gunicorn workers, about as many as processor cores"),
}
_METHOD, _MOST_METHODS = re.compile("[a-z][a-z0-9_]{1,40}"), 50
_MONGODB, _MONGODB_SRV = "mongodb://", "mongodb+srv://"


class SettingsError(ValueError):
    """A variable holds an invalid value; the message names the variable and says what to do.

    The message never quotes the value, which may be a secret that was meant for another variable.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says. Field names are the variables' names in lower case."""

    stripe_secret_key: str = ""
    stripe_publishable_key: str = ""
    stripe_webhook_secret: tuple[str, ...] = ()
    stripe_api_version: str = "2023-10-16"
    stripe_currency: str = "usd"
    stripe_api_base: str = ""
    stripe_payment_methods: tuple[str, ...] = ("card",)
    mongodb_uri: str = "mongodb://127.0.0.1:27017/paydesk"
    redis_url: str = ""
    secret_key: str = ""
    auth_jwt_secret: str = ""
    auth_jwks_url: str = ""
    auth_jwt_issuer: str = "paydesk"
    auth_jwt_audience: str = "paydesk"
    metrics_token: str = ""
    cors_origins: tuple[str, ...] = ()
    proxy_hops: int = 0
    rate_limit_writes: int = 1200
    rate_limit_reads: int = 3000
    stripe_timeout: int = 10
    webhook_retention_days: int = 90
    reconcile_interval_minutes: int = 60
    dashboard_timezone: str = "UTC"
    log_level: str = "INFO"
    port: int = 8003
    web_concurrency: int = 2

    def __repr__(self) -> str:
        """Names only: settings hold secrets, and a repr ends up in logs."""
        return f"Settings({', '.join(field.name for field in fields(self))})"

    @property
    def livemode(self) -> bool:
        """True when the key moves real money."""
        return self.stripe_secret_key.startswith(("sk_live_", "rk_live_"))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read ``environ`` (default: ``configured_environment()``).

        Raises SettingsError for a value that cannot work.
        """
        if environ is None:
            environ = configured_environment()
        values: dict[str, object] = {}
        for field in fields(cls):
            raw = environ.get(field.name.upper(), "").strip()
            if raw:
                values[field.name] = _parse(field.name, str(field.type), raw)
        settings = cls(**values)  # type: ignore[arg-type]
        settings._validate()
        return settings

    def _validate(self) -> None:
        for name, (least, most, meaning) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise SettingsError(f"{name.upper()} must be from {least} to {most} ({meaning})")
        if self.log_level.upper() not in _LOG_LEVELS:
            raise SettingsError(f"LOG_LEVEL must be one of {', '.join(_LOG_LEVELS)}")
        try:
            ZoneInfo(self.dashboard_timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise SettingsError("DASHBOARD_TIMEZONE must be an IANA time zone such as Europe/Berlin") from None
        _check_payment_methods(self.stripe_payment_methods)
        _check_mongodb(self.mongodb_uri)
        if self.redis_url:
            _check_redis(self.redis_url)
        if self.auth_jwt_secret and self.auth_jwks_url:
            raise SettingsError("Set AUTH_JWT_SECRET or AUTH_JWKS_URL, not both: a token must have one judge")
        if self.auth_jwt_secret and len(self.auth_jwt_secret.encode()) < 32:
            raise SettingsError("AUTH_JWT_SECRET must have at least 32 bytes (RFC 7518 section 3.2)")
        if "*" in self.cors_origins:
            raise SettingsError("CORS_ORIGINS must list origins; * would let any page call the API")
        if self.stripe_publishable_key.startswith(("sk_", "rk_")):
            raise SettingsError("STRIPE_PUBLISHABLE_KEY holds a secret key; it would be sent to browsers")


def configured_environment() -> dict[str, str]:
    """``.env`` overlaid by the process environment."""
    return {**{k: v for k, v in dotenv_values(".env").items() if v is not None}, **os.environ}


def _parse(name: str, type_name: str, raw: str) -> object:
    if type_name == "int":
        try:
            return int(raw)
        except ValueError:
            raise SettingsError(f"{name.upper()} must be a whole number") from None
    if type_name.startswith("tuple"):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return raw.lower() if name == "stripe_currency" else raw


def _check_payment_methods(names: Sequence[str]) -> None:
    """Stripe's own words for the types, of which it adds some every year, or ``automatic`` alone."""
    sound = all(_METHOD.fullmatch(name) for name in names) and len(set(names)) == len(names) <= _MOST_METHODS
    if not names or not sound or ("automatic" in names and len(names) > 1):
        raise SettingsError(
            "STRIPE_PAYMENT_METHODS must be card, or automatic (what is switched on in Stripe's dashboard), or "
            "Stripe's names of payment methods such as card,sepa_debit,ideal, each once"
        )


def _check_mongodb(uri: str) -> None:
    """Let the driver parse the address; it opens no connection. Its message quotes the address, so it is left out."""
    if not uri.startswith((_MONGODB, _MONGODB_SRV)):
        raise SettingsError(f"MONGODB_URI must start with {_MONGODB} or {_MONGODB_SRV}")
    if uri.startswith(_MONGODB_SRV):
        # The driver asks the DNS for the servers and for more options, and neither has to be there yet.
        uri = _MONGODB + uri.removeprefix(_MONGODB_SRV).partition("?")[0]
    try:
        # The first refuses what the second only warns of, and the second reads certificates and credentials too.
        parse_uri(uri)
        MongoClient[dict[str, object]](uri, connect=False).close()
    except (PyMongoError, ValueError, OSError):
        raise SettingsError(
            "MONGODB_URI cannot be used: it must look like mongodb://user:password@host:27017/paydesk?replicaSet=name, "
            "with special characters of the password percent-encoded, options that MongoDB's manual knows, and files "
            "that exist"
        ) from None


def _check_redis(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme == "redis+unix" or (
            parts.scheme in {"redis", "rediss"} and parts.hostname and parts.port != 0
        )
    except ValueError:
        is_sound = False
    if not is_sound:
        raise SettingsError(
            "REDIS_URL must look like redis://:password@host:6379/0 (or rediss://, or redis+unix://), with special "
            "characters of the password percent-encoded"
        )
