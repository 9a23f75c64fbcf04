"""Webhook requests signed as Stripe signs them, for tests that deliver an event themselves."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

WEBHOOK_PATH = "/api/v1/payments/stripe/webhook"


def signed(event: Mapping[str, Any] | bytes, secret: str, at: float | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the delivery of ``event``."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    moment = int(time.time() if at is None else at)
    signature = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={moment},v1={signature}", "Content-Type": "application/json"}
