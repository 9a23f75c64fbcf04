"""The API versions that are served. Source: the enum ``api_version`` of POST /v1/webhook_endpoints; facts §10."""

from __future__ import annotations

from sandbox.core.errors import invalid

# Oldest first. Names sort by their dates, so versions are compared as text.
SERVED = tuple(
    """2023-10-16 2024-04-10 2024-06-20 2024-09-30.acacia 2024-10-28.acacia 2024-11-20.acacia 2024-12-18.acacia
    2025-01-27.acacia 2025-02-24.acacia 2025-03-01.dashboard 2025-03-31.basil 2025-04-30.basil 2025-05-28.basil
    2025-06-30.basil 2025-07-30.basil 2025-08-27.basil 2025-09-30.clover 2025-10-29.clover 2025-11-17.clover
    2025-12-15.clover 2026-01-28.clover 2026-02-25.clover 2026-03-25.dahlia 2026-04-22.dahlia 2026-05-27.dahlia
    2026-06-24.dahlia 2026-07-29.dahlia 2026-08-26.dahlia 2026-09-30.endive 2026-10-28.endive""".split()
)
NEWEST = SERVED[-1]


def check(version: str, *, param: str | None = None) -> str:
    """The version, if this Stripe serves it. Raises a 400, which names ``param``."""
    if version not in SERVED:
        raise invalid(f"Invalid Stripe API version: {version}", param=param)
    return version
