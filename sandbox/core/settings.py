"""What can be set at start and through the control addresses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Settings:
    """How this Stripe behaves. Times are in milliseconds.

    ``settle_refunds_after_ms``: None leaves refunds that end otherwise than they begin to ``/_sandbox/refunds``.
    ``refund_events``: False leaves out ``refund.*``, which old endpoints may not get (facts §6).
    ``block_highest_risk``: Radar's own rule for cards of the highest risk.
    ``redirect_to_bank``: 3-D Secure on the bank's own page also where Stripe.js would ask in its dialog.
    """

    api_version: str = "2023-10-16"
    secret_key: str | None = None
    latency_ms: int = 0
    settle_refunds_after_ms: int | None = None
    refund_events: bool = True
    block_highest_risk: bool = True
    redirect_to_bank: bool = False

    @property
    def releases_make_refunds(self) -> bool:
        """Before 2025-03-31.basil letting go of a hold makes a Refund object (facts §4)."""
        return self.api_version < "2025-03-31"
