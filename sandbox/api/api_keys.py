"""API keys: secret ones for servers, publishable ones for browsers. Source: docs.stripe.com/api/authentication."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from sandbox.core.errors import StripeError


def accepted(header: str | None, form_key: object, secret_key: str | None, restricted: Collection[str]) -> str:
    """The key of the ``Authorization`` header, or else of the form.

    ``secret_key`` is the only secret key that is accepted beside the ``restricted`` ones; without it, any test key is.
    Raises 401 for a missing key, a live one, and one that is not accepted.
    """
    key = _key_of(header) or (form_key if isinstance(form_key, str) else None)
    if not key:
        raise _unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    secret = key == secret_key if secret_key else key.startswith(("sk_test_", "rk_test_"))
    if not secret and key not in restricted and not key.startswith("pk_test_"):
        masked = f"{key[:8]}{'*' * max(len(key) - 12, 0)}{key[-4:]}" if len(key) > 12 else "*" * len(key)
        raise _unauthorized(f"Invalid API Key provided: {masked}")
    return key


def _key_of(header: str | None) -> str | None:
    """The key of a Bearer token, or the user name of Basic authentication."""
    kind, _, value = (header or "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("ascii").partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def _unauthorized(message: str) -> StripeError:
    return StripeError(401, message, stored=False)
