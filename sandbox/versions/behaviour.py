"""What differs between API versions beyond the shape of objects. Source: facts §10."""

from __future__ import annotations

from sandbox.core.records import Json
from sandbox.versions.event_names import known

# docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update
_REFUND_EVENTS_OF_CHARGES = "2024-10-28.acacia"


def default_capture_method(version: str) -> str:
    """How an intent is captured that does not say it (changelog 2024-04-10)."""
    return "automatic_async" if version >= "2024-04-10" else "automatic"


def releases_make_refunds(version: str) -> bool:
    """Whether releasing a hold, or its uncaptured part, creates a Refund (facts §4)."""
    return version < "2025-03-31.basil"


def method_types_are_writable(version: str) -> bool:
    """Whether ``payment_method_types`` is a parameter (changelog endive/2026-09-30)."""
    return version < "2026-09-30.endive"


def is_sent(event_type: str, snapshot: Json, version: str) -> bool:
    """Whether endpoints of this version get such an event: before acacia, ``refund.*`` only without a charge."""
    if event_type.startswith("refund.") and snapshot.get("charge") and version < _REFUND_EVENTS_OF_CHARGES:
        return False
    return event_type in known(version)
