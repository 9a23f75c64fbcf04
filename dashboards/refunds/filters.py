"""The filters of the lists of refunds and disputes, read from an address: for the pages and for their exports alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from app.models.listing.refunds import DisputeFilter, RefundFilter
from dashboards.lists.query import Chip, Reader

COUNTS: Mapping[str, str] = {"refunded": "refunded volume"}
KINDS: Mapping[str, str] = {"chargeback": "Chargebacks", "inquiry": "Inquiries"}
_COUNTS_TOO = {"1": "refunded"}
F = TypeVar("F", RefundFilter, DisputeFilter)


@dataclass(frozen=True, slots=True)
class ChildQuery(Generic[F]):
    """A list as an address asks for it."""

    where: F
    parameters: dict[str, str]
    chips: list[Chip]
    problems: list[str]


def read_refunds(
    arguments: Mapping[str, str], zone: ZoneInfo, statuses: Sequence[tuple[str, str]]
) -> ChildQuery[RefundFilter]:
    """The list of refunds that an address means, as far as it was understood."""
    counts = arguments.get("counts", "").strip()
    given = {**arguments, "counts": _COUNTS_TOO.get(counts, counts)}
    reader = Reader(given, zone)
    counted = reader.option("counts", "Counted in", COUNTS)
    where = RefundFilter(counted=True if counted else None, **_shared(reader, "Refunded", statuses))
    return ChildQuery(where, reader.parameters, reader.chips, reader.problems)


def read_disputes(
    arguments: Mapping[str, str], zone: ZoneInfo, statuses: Sequence[tuple[str, str]]
) -> ChildQuery[DisputeFilter]:
    """The list of disputes that an address means, as far as it was understood."""
    reader = Reader(arguments, zone)
    kind = reader.option("kind", "Kind", KINDS)
    chargeback = None if kind is None else kind == "chargeback"
    where = DisputeFilter(chargeback=chargeback, **_shared(reader, "Opened", statuses))
    return ChildQuery(where, reader.parameters, reader.chips, reader.problems)


def _shared(reader: Reader, dated: str, statuses: Sequence[tuple[str, str]]) -> dict[str, Any]:
    start, end = reader.range(dated)
    return {
        "start": start,
        "end": end,
        "status": reader.option("status", "Status", dict(statuses)),
        "currency": reader.currency(),
        "brand": reader.brand(),
        "country": reader.country(),
        "three_d_secure": reader.flag("three_d_secure", "3-D Secure"),
    }
