"""The ``Stripe-Signature`` header. Source: docs.stripe.com/webhooks/signature; facts §2."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable


def header(body: bytes, secrets: Iterable[str], timestamp: int) -> str:
    """``t=…,v1=…`` with one v1 for each secret: HMAC-SHA256 over ``"{t}.{body}"``, keyed by the whole ``whsec_…``."""
    message = b"%d." % timestamp + body
    parts = [f"v1={hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}" for secret in secrets]
    return ",".join([f"t={timestamp}", *parts])
