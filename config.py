"""Settings from the environment (and ``.env``), validated once at start.

Every variable of DESIGN section 2 is a field here, and ``.env.example`` documents each one; a test keeps the two equal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values


class SettingsError(ValueError):
    """A variable holds a value that cannot work; the message names it and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says. Field names are the variables' names in lower case."""

    stripe_secret_key: str = ""
    stripe_publishable_key: str = ""
    stripe_webhook_secret: tuple[str, ...] = ()
    stripe_api_version: str = "2023-10-16"
    stripe_currency: str = "usd"
    stripe_api_base: str = ""
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
        """Read ``environ`` (default: ``.env`` overlaid by the process environment).

        Raises SettingsError for a value that cannot work.
        """
        if environ is None:
            environ = {**{k: v for k, v in dotenv_values(".env").items() if v is not None}, **os.environ}
        values: dict[str, object] = {}
        for field in fields(cls):
            raw = environ.get(field.name.upper(), "").strip()
            if raw:
                values[field.name] = _parse(field.name, str(field.type), raw)
        settings = cls(**values)  # type: ignore[arg-type]
        settings._validate()
        return settings

    def _validate(self) -> None:
        try:
            ZoneInfo(self.dashboard_timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SettingsError(
                f"DASHBOARD_TIMEZONE {self.dashboard_timezone!r} is not an IANA time zone"
            ) from error
        if self.auth_jwt_secret and self.auth_jwks_url:
            raise SettingsError("Set AUTH_JWT_SECRET or AUTH_JWKS_URL, not both: a token must have one judge")
        if self.auth_jwt_secret and len(self.auth_jwt_secret.encode()) < 32:
            raise SettingsError("AUTH_JWT_SECRET must have at least 32 bytes (RFC 7518 section 3.2)")
        if not self.mongodb_uri.startswith(("mongodb://", "mongodb+srv://")):
            raise SettingsError("MONGODB_URI must start with mongodb:// or mongodb+srv://")
        if "*" in self.cors_origins:
            raise SettingsError("CORS_ORIGINS must list origins; * would let any page call the API")
        if not 4 <= self.webhook_retention_days <= 3650:
            raise SettingsError(
                "WEBHOOK_RETENTION_DAYS must be from 4 to 3650: Stripe may deliver an event again for three days"
            )
        if not 0 <= self.reconcile_interval_minutes <= 1440:
            raise SettingsError("RECONCILE_INTERVAL_MINUTES must be from 0 (never) to 1440 (once a day)")
        if not 0 <= self.proxy_hops <= 10:
            raise SettingsError("PROXY_HOPS must be from 0 (no proxy) to 10")
        for name in ("rate_limit_writes", "rate_limit_reads"):
            if not 1 <= getattr(self, name) <= 1_000_000:
                raise SettingsError(f"{name.upper()} must be from 1 to 1000000 requests a minute")
        if self.stripe_publishable_key.startswith(("sk_", "rk_")):
            raise SettingsError("STRIPE_PUBLISHABLE_KEY holds a secret key; it would be sent to browsers")


def _parse(name: str, type_name: str, raw: str) -> object:
    if type_name == "int":
        try:
            return int(raw)
        except ValueError as error:
            raise SettingsError(f"{name.upper()} must be a whole number, not {raw!r}") from error
    if type_name.startswith("tuple"):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return raw.lower() if name == "stripe_currency" else raw
