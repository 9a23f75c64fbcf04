"""Bearer tokens as an identity provider would issue them, right or wrong on purpose."""

from __future__ import annotations

import time
from typing import Any

import jwt

from config import Settings

EVERY_SCOPE = "payments:read payments:write payments:refund metrics:read"


def mint(
    settings: Settings,
    scope: str = EVERY_SCOPE,
    customer_id: str | None = None,
    *,
    expires_in: int = 600,
    secret: str | None = None,
    algorithm: str = "HS256",
    **claims: Any,
) -> str:
    """A signed token; ``claims`` overrides any claim, and a claim of None is left out."""
    issued_at = int(time.time())
    content: dict[str, Any] = {
        "iss": settings.auth_jwt_issuer,
        "aud": settings.auth_jwt_audience,
        "sub": "test",
        "scope": scope,
        "customer_id": customer_id,
        "iat": issued_at,
        "exp": issued_at + expires_in,
        **claims,
    }
    key = settings.auth_jwt_secret if secret is None else secret
    return jwt.encode({name: value for name, value in content.items() if value is not None}, key, algorithm=algorithm)
