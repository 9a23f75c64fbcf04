"""Who calls, and what they may do.

Each route states its guard: ``@requires(scope)`` or ``@public(why)``. The guard checks the caller before the request is
parsed and writes the route's security into the OpenAPI document. An architecture test looks for it on every route.

Sources: RFC 7519 (claims), RFC 8725 (algorithms are pinned by configuration, never taken from the token), RFC 6750
(WWW-Authenticate).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import jwt
from flask import Flask, current_app, g, request

from app.api.http.documentation import document
from app.api.http.limits import limited
from app.api.http.signing_keys import SigningKeys, TokensUnverifiable
from app.domain.permissions import Scope
from app.errors import Forbidden, RateLimited, Unauthorized

if TYPE_CHECKING:
    from config import Settings

_EXTENSION = "paydesk_tokens"
_LEEWAY_SECONDS = 10
_REQUIRED_CLAIMS = ["exp", "iss", "aud", "sub"]
_CUSTOMER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SUBJECT = re.compile(r"[ -~]{1,255}")
_LONGEST_TOKEN = 8192
# What the library raises for claims of an odd type, infinite times and deeply nested headers.
_ODD_CLAIMS = (TypeError, ValueError, OverflowError, RecursionError)

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds the token. ``customer`` is the one customer that the token is bound to, None for any."""

    subject: str
    scopes: frozenset[str]
    customer: str | None

    @property
    def is_customer(self) -> bool:
        """True where the answer may be shown to the customer as it is."""
        return self.customer is not None


class Tokens:
    """Verifies tokens by one configured algorithm family and key."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.auth_jwt_secret
        self._keys = SigningKeys(settings.auth_jwks_url) if settings.auth_jwks_url else None
        self._issuer = settings.auth_jwt_issuer
        self._audience = settings.auth_jwt_audience

    def caller(self, token: str) -> Caller:
        """The caller that ``token`` proves. Raises jwt.PyJWTError, or TokensUnverifiable."""
        if len(token) > _LONGEST_TOKEN:
            raise jwt.InvalidTokenError("too long")
        if self._keys:
            key: Any = self._keys.find(jwt.get_unverified_header(token).get("kid"))
            algorithms = ["RS256", "ES256"]
        elif self._secret:
            key, algorithms = self._secret, ["HS256"]
        else:
            raise TokensUnverifiable("Set AUTH_JWT_SECRET or AUTH_JWKS_URL; without it no token can be checked.")
        claims = jwt.decode(
            token,
            key,
            algorithms=algorithms,
            issuer=self._issuer,
            audience=self._audience,
            leeway=_LEEWAY_SECONDS,
            options={"require": _REQUIRED_CLAIMS},
        )
        return _caller(claims)


def init_app(app: Flask, settings: Settings) -> None:
    """Give ``app`` its token verifier."""
    app.extensions[_EXTENSION] = Tokens(settings)


def caller() -> Caller:
    """The caller of the request at hand; only behind ``@requires``."""
    current: Caller = g.caller
    return current


def requires(scope: Scope, *, bound: bool = True) -> Callable[[View], View]:
    """Admit only tokens with ``scope``, and each caller only at its rate limit (see ``limits``).

    With ``bound=False`` a token that is bound to a customer is refused: the view is not for customers.

    Raises Unauthorized, Forbidden or RateLimited, before the request is parsed.
    """

    def decorate(view: View) -> View:
        counted = limited(view, scope)

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.caller = _authenticated()
            if scope not in g.caller.scopes:
                g.challenge = f'Bearer realm="paydesk", error="insufficient_scope", scope="{scope}"'
                raise Forbidden(f"This token does not carry the scope {scope}.")
            if g.caller.customer is not None and not bound:
                raise Forbidden("This token is bound to a customer, and this endpoint is not for customers.")
            return counted(*args, **kwargs)

        errors = (Unauthorized, Forbidden, RateLimited)
        document(guarded, security=[{"bearer": []}], errors=errors, scope=scope)
        guarded.guard = f"bearer {scope}"  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def public(why: str) -> Callable[[View], View]:
    """Let everyone in, for the stated reason."""

    def decorate(view: View) -> View:
        document(view, security=[])
        view.guard = f"public: {why}"  # type: ignore[attr-defined]
        return view

    return decorate


def _authenticated() -> Caller:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized
    tokens: Tokens = current_app.extensions[_EXTENSION]
    try:
        return tokens.caller(token.strip())
    except (jwt.PyJWTError, *_ODD_CLAIMS) as error:
        g.challenge = 'Bearer realm="paydesk", error="invalid_token"'
        raise Unauthorized(_reason(error)) from error


def _reason(error: Exception) -> str:
    """What the holder of a bad token may learn: which check failed, and nothing else."""
    if isinstance(error, jwt.ExpiredSignatureError):
        return "The token has expired."
    if isinstance(error, jwt.InvalidAudienceError):
        return "The token is for another audience."
    if isinstance(error, jwt.InvalidIssuerError):
        return "The token is from another issuer."
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token lacks the claim {error.claim}."
    return "The token is not valid."


def _caller(claims: dict[str, Any]) -> Caller:
    subject, scope = claims["sub"], claims.get("scope", "")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise jwt.InvalidTokenError("sub")
    if not isinstance(scope, str):
        raise jwt.InvalidTokenError("scope")
    customer = claims.get("customer_id")
    # A claim that is there but unusable must not turn a bound token into one that may see everything.
    if "customer_id" in claims and not (isinstance(customer, str) and _CUSTOMER.fullmatch(customer)):
        raise jwt.InvalidTokenError("customer_id")
    return Caller(subject, frozenset(scope.split()), customer)
