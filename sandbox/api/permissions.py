"""What a restricted key may do. Sources: docs.stripe.com/keys/restricted-api-keys; facts §16.

A right is ``<noun>_read`` or ``<noun>_write``, and write includes read.
"""

from __future__ import annotations

from collections.abc import Collection

from sandbox.core.errors import StripeError

# The noun of the right for each type of object. Refunds and fraud warnings have no right of their own.
_NOUNS = {
    "account": "connected_account",
    "balance": "balance",
    "balance_transaction": "balance",
    "charge": "charge",
    "customer": "customer",
    "dispute": "dispute",
    "event": "event",
    "file": "file",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "payout": "payout",
    "radar.early_fraud_warning": "charge",
    "refund": "charge",
    "refund_list": "charge",
    "review": "review",
    "source": "balance_transaction_source",
    "webhook_endpoint": "webhook",
}
RIGHTS = frozenset(f"{noun}_{access}" for noun in _NOUNS.values() for access in ("read", "write"))


def check(key: str, rights: Collection[str], method: str, kind: str, expanded: Collection[str]) -> None:
    """Raises a 403 that names the missing right to call ``method`` on a type, or to expand the types in it."""
    needed = [_right(kind, "read" if method == "GET" else "write"), *(_right(other, "read") for other in expanded)]
    for right in needed:
        if right not in rights and right.replace("_read", "_write") not in rights:
            masked = f"{key[:8]}{'*' * max(len(key) - 12, 0)}{key[-4:]}"
            raise StripeError(
                403,
                f"The provided key '{masked}' does not have the required permissions for this endpoint on account "
                f"'acct_1SandboxPaydesk0'. Having the 'rak_{right}' permission would allow this request to continue.",
                stored=False,
            )


def _right(kind: str, access: str) -> str:
    return f"{_NOUNS[kind]}_{access}"
