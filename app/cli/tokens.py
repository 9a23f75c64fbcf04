"""``flask tokens``: bearer tokens for programs that call the API.

Uses support.
"""

from __future__ import annotations

import re
import time
from datetime import timedelta
from uuid import uuid4

import click
import jwt

from app.cli.support.duration import Duration
from app.cli.support.group import Group, settings
from app.domain.permissions import Scope
from config import Settings, SettingsError

# What the API accepts in these claims; a token that it would refuse is not worth printing.
_SUBJECT = re.compile(r"[ -~]{1,255}")
_CUSTOMER = re.compile(r"[A-Za-z0-9_-]{1,64}")

tokens = Group("tokens", help="Issue bearer tokens for the API.")


@tokens.command()
@click.option("--subject", required=True, help="Who the token is for, such as the name of a program.")
@click.option("--scope", required=True, help='Scopes separated by spaces, such as "payments:write payments:read".')
@click.option("--customer-id", help="Bind the token to the payments of one customer.")
@click.option("--expires", type=Duration(), default="1h", show_default=True, help="For how long it is valid.")
def issue(subject: str, scope: str, customer_id: str | None, expires: timedelta) -> None:
    """Print a signed token, alone on standard output."""
    _check("--subject", subject, _SUBJECT)
    if customer_id is not None:
        _check("--customer-id", customer_id, _CUSTOMER)
    click.echo(issue_token(settings(), subject, _scopes(scope), customer_id, expires))


def issue_token(
    configured: Settings, subject: str, scopes: list[Scope], customer_id: str | None, expires: timedelta
) -> str:
    """A token signed with AUTH_JWT_SECRET. Raises SettingsError where an identity provider signs the tokens."""
    if configured.auth_jwks_url:
        raise SettingsError(
            "Tokens are verified with the keys at AUTH_JWKS_URL, so only their owner can issue them. "
            "Ask your identity provider for one, or set AUTH_JWT_SECRET instead."
        )
    if not configured.auth_jwt_secret:
        raise SettingsError(
            "AUTH_JWT_SECRET is not set. Set it, for the server as well, to a random text of 32 bytes or more: "
            'python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    issued_at = int(time.time())
    claims: dict[str, str | int] = {
        "iss": configured.auth_jwt_issuer,
        "aud": configured.auth_jwt_audience,
        "sub": subject,
        "scope": " ".join(scopes),
        "iat": issued_at,
        "exp": issued_at + int(expires.total_seconds()),
        "jti": uuid4().hex,
    }
    if customer_id is not None:
        claims["customer_id"] = customer_id
    return jwt.encode(claims, configured.auth_jwt_secret, algorithm="HS256")


def _check(option: str, value: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(value):
        raise click.BadParameter(f"{value!r} does not match {pattern.pattern}.", param_hint=option)


def _scopes(text: str) -> list[Scope]:
    known = [scope.value for scope in Scope]
    words = text.split()
    unknown = sorted(set(words) - set(known))
    if unknown or not words:
        problem = f"Unknown scope: {', '.join(unknown)}." if unknown else "Name at least one scope."
        raise click.BadParameter(f"{problem} There are: {', '.join(known)}.", param_hint="--scope")
    return [Scope(word) for word in dict.fromkeys(words)]
