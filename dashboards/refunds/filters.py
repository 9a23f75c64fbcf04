"""The filters of the lists of refunds and disputes, read from an address: for the pages and for their exports alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from app.models.listing.disputes import DisputeFilter
from app.models.listing.refunds import RefundFilter
from dashboards.lists.query import ListQuery, Reader

COUNTS: Mapping[str, str] = {"refunded": "refunded volume"}
KINDS: Mapping[str, str] = {"chargeback": "Chargebacks", "inquiry": "Inquiries"}
# Bookmarks may still have the older value.
_OLD_COUNTS = {"1": "refunded"}


def read_refunds(
    arguments: Mapping[str, str], zone: ZoneInfo, statuses: Sequence[tuple[str, str]]
) -> ListQuery[RefundFilter]:
    """The list of refunds that an address describes, as far as it is valid."""
    counts = arguments.get("counts", "").strip()
    reader = Reader({**arguments, "counts": _OLD_COUNTS.get(counts, counts)}, zone)
    counted = reader.option("counts", "Counted in", COUNTS, noun="figure", fallback="Showing every refund.")
    where = RefundFilter(counted=True if counted else None, **_shared(reader, "Refunded", statuses))
    return reader.query(where)


def read_disputes(
    arguments: Mapping[str, str], zone: ZoneInfo, statuses: Sequence[tuple[str, str]]
) -> ListQuery[DisputeFilter]:
    """The list of disputes that an address describes, as far as it is valid."""
    reader = Reader(arguments, zone)
    kind = reader.option("kind", "Kind", KINDS, noun="kind of dispute")
    chargeback = None if kind is None else kind == "chargeback"
    return reader.query(DisputeFilter(chargeback=chargeback, **_shared(reader, "Opened", statuses)))


def _shared(reader: Reader, date_label: str, statuses: Sequence[tuple[str, str]]) -> dict[str, Any]:
    start, end = reader.range(date_label)
    return {
        "start": start,
        "end": end,
        "status": reader.option("status", "Status", dict(statuses)),
        "currency": reader.currency(),
        "brand": reader.brand(),
        "country": reader.country(),
        "three_d_secure": reader.flag("three_d_secure", "3-D Secure"),
    }
