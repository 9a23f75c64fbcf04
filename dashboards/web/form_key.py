"""One key for one form that moves money: however often the form is sent, it stands for the same refund or capture.

The key is generated when the form is first shown and stays with it, in the address of the form and in every step. Going
back, reloading and clicking twice therefore all send the same key, and the service does its work once for it.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

# Well below the 48 hours for which idempotency keys are kept, so no form outlives its key.
_LIFETIME = timedelta(hours=12)


def new_key(account: str, payment_id: str) -> str:
    """A key that only this account can use, and only for this payment."""
    return str(_serializer().dumps([secrets.token_urlsafe(12), account, payment_id]))


def is_key(text: str | None, account: str, payment_id: str) -> bool:
    """Whether the key was generated for this account and payment, and has not expired."""
    try:
        _, for_account, for_payment = _serializer().loads(text or "", max_age=int(_LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        return False
    return bool((for_account, for_payment) == (account, payment_id))


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="refund-form")
