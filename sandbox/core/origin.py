"""What caused a change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that caused a change; every field is None for what Stripe does by itself (facts §2).

    ``api_version`` is the request's ``Stripe-Version``; None is the account's default.
    """

    request_id: str | None = None
    idempotency_key: str | None = None
    api_version: str | None = None


AUTOMATIC = Origin()
