"""The public keys of whoever issues our tokens, fetched from AUTH_JWKS_URL.

Keys are cached for five minutes. While the issuer is unreachable, cached keys stay valid for an hour, because an outage
does not revoke them. After that, or when there never were any, tokens cannot be verified and the response is 503: a 401
would make clients throw good tokens away. A token that names an unknown key triggers a new fetch at most every 30
seconds, so that invented key names cannot keep us busy.
"""

from __future__ import annotations

import threading
import time

import structlog
from jwt import InvalidTokenError, PyJWK, PyJWKClient, PyJWTError
from werkzeug.exceptions import ServiceUnavailable

logger = structlog.get_logger(__name__)

_FRESH_SECONDS = 300
_USABLE_SECONDS = 3600
_LOOK_AGAIN_SECONDS = 30
_RETRY_SECONDS = 5
_TIMEOUT_SECONDS = 3


class TokensUnverifiable(ServiceUnavailable):
    """We lack the keys to verify a token; the token may be good."""

    error = "authentication_unavailable"
    description = "Tokens cannot be checked just now. Keep the token and try again in a moment."


class SigningKeys:
    """Keys by their id. Thread-safe; at most one thread fetches."""

    def __init__(self, url: str) -> None:
        self._client = PyJWKClient(url, cache_jwk_set=False, timeout=_TIMEOUT_SECONDS)
        self._lock = threading.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = float("-inf")
        self._next_look = float("-inf")

    def find(self, key_id: object) -> PyJWK:
        """The key. Raises TokensUnverifiable, or InvalidTokenError when the issuer has no such key."""
        age = time.monotonic() - self._fetched_at
        if age > _FRESH_SECONDS or key_id not in self._keys:
            self._look()
        if time.monotonic() - self._fetched_at > _USABLE_SECONDS:
            raise TokensUnverifiable
        if not isinstance(key_id, str) or key_id not in self._keys:
            raise InvalidTokenError("signed with a key that the issuer does not publish")
        return self._keys[key_id]

    def _look(self) -> None:
        if time.monotonic() < self._next_look:
            return
        with self._lock:
            if time.monotonic() < self._next_look:
                return  # another thread has just looked
            try:
                self._keys = {str(key.key_id): key for key in self._client.get_signing_keys()}
            except (PyJWTError, ValueError, OSError) as error:
                logger.warning("jwks_unreachable", error=type(error).__name__)
                self._next_look = time.monotonic() + _RETRY_SECONDS
            else:
                self._fetched_at = time.monotonic()
                self._next_look = self._fetched_at + _LOOK_AGAIN_SECONDS
