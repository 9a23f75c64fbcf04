"""What caused a change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that caused a change; both fields are None for what Stripe does by itself (facts §2)."""

    request_id: str | None = None
    idempotency_key: str | None = None


AUTOMATIC = Origin()
