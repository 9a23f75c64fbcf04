"""What the command line and the control endpoints can set."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Settings:
    """How this Stripe behaves. Times are in milliseconds.

    ``api_version``: the account's default, for requests and webhook endpoints without a version of their own.
    ``settle_refunds_after_ms``: when a refund whose outcome changes later gets that outcome; None leaves it to
    ``/_sandbox/refunds``.
    ``block_highest_risk``: Radar's default rule for cards of the highest risk.
    ``redirect_to_bank``: 3-D Secure uses the bank's own page even where Stripe.js would open its dialog.
    ``restricted_keys``: the rights of each restricted key; one that is not listed has them all.
    ``rate_limit``: requests in a second; None for no limit.
    """

    api_version: str = "2023-10-16"
    secret_key: str | None = None
    latency_ms: int = 0
    settle_refunds_after_ms: int | None = None
    block_highest_risk: bool = True
    redirect_to_bank: bool = False
    restricted_keys: dict[str, list[str]] = field(default_factory=dict)
    rate_limit: int | None = None
