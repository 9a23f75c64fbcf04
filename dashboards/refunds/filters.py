"""The lists of refunds and disputes that an address describes: the filters of pages and exports, and the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from app.extensions import services
from app.models.listing.disputes import DisputeFilter
from app.models.listing.refunds import RefundFilter
from app.services.listing import MOST_COUNTED, MOST_URGENT
from dashboards.lists import cursors
from dashboards.lists.query import PRESETS, ListQuery, Reader, card_options

_FAILURES = "refund_failures"
COUNTS: Mapping[str, str] = {"refunded": "refunded volume", _FAILURES: "failed refunds, by the day the money came back"}
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
    came_back = counted == _FAILURES
    shared = _shared(reader, "Came back" if came_back else "Refunded", statuses)
    where = RefundFilter(counted=True if counted else None, came_back=came_back, **shared)
    return reader.query(where)


def read_disputes(
    arguments: Mapping[str, str], zone: ZoneInfo, statuses: Sequence[tuple[str, str]]
) -> ListQuery[DisputeFilter]:
    """The list of disputes that an address describes, as far as it is valid."""
    reader = Reader(arguments, zone)
    kind = reader.option("kind", "Kind", KINDS, noun="kind of dispute")
    chargeback = None if kind is None else kind == "chargeback"
    return reader.query(DisputeFilter(chargeback=chargeback, **_shared(reader, "Opened", statuses)))


def list_page(name: str, query: ListQuery[Any], statuses: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What the pages of both lists need, each by its name in the template."""
    cursor = cursors.read(request.args, name, query)
    listing = services.listings.children(query.where, cursor)
    return {
        "query": query,
        "listing": listing,
        "turn": cursors.turn(listing.page, cursor, name, query.parameters),
        "most": MOST_COUNTED,
        "most_urgent": MOST_URGENT,
        "options": {**card_options(services.listings.options(), query.where), "status": statuses},
        "presets": PRESETS,
    }


def _shared(reader: Reader, date_label: str, statuses: Sequence[tuple[str, str]]) -> dict[str, Any]:
    start, end = reader.range(date_label)
    return {
        "start": start,
        "end": end,
        "status": reader.option("status", "Status", dict(statuses)),
        **reader.shared_filters(),
    }
