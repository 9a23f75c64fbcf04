"""The page of /metrics as samples, and payments that fall into its windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.support import stored

Document = dict[str, Any]
# A sample by its name and labels, as Prometheus writes it, without the prefix: ``payments{outcome=open,window=1h}``.
Samples = dict[str, float]
RATIOS = {
    "payments_success_ratio": ("success_rate",),
    "refund_ratio": ("refund_rate", "by_count"),
    "threeds_ratio": ("three_d_secure", "rate"),
}


def samples(page: str) -> Samples:
    """Every sample of a page in the text format."""
    found: Samples = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found[named(sample.name, sample.labels)] = sample.value
    return found


def named(name: str, labels: dict[str, str]) -> str:
    """How ``samples`` names a sample."""
    pairs = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    short = name.removeprefix("paydesk_")
    return f"{short}{{{pairs}}}" if pairs else short


def recent_payments(count: int) -> list[Document]:
    """Payments of every kind, one for each of the last minutes, and some of the days before.

    None of what happened to them lies within 20 seconds of the beginning or end of a window, so a test has that long.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    spread = timedelta(minutes=count, seconds=-30)
    payments = stored.mixed(count)
    shift = now - spread - stored.EPOCH
    for number, payment in enumerate(payments):
        earlier = timedelta(days=3) if number % 10 == 9 else timedelta()
        for row in (payment, *payment["refunds"], *payment["disputes"]):
            for field in ("created_at", "completed_at", "updated_at", "failed_at"):
                if row.get(field):
                    row[field] += shift - earlier
    return payments


def figures_of(answer: Document, window: str) -> Samples:
    """What the page must say of a window where the API answers so."""
    found: Samples = {}
    for outcome in ("completed", "failed", "canceled", "open", "abandoned"):
        found[f"payments{{outcome={outcome},window={window}}}"] = answer["payments"][outcome]
    for name, path in RATIOS.items():
        ratio = answer
        for part in path:
            ratio = ratio[part]
        if ratio["total"]:
            found[f"{name}{{window={window}}}"] = ratio["n"] / ratio["total"]
    for reason in answer["failure_reasons"]:
        found[f"failed_attempts{{reason={reason['code']},window={window}}}"] = reason["n"]
    took = answer["processing_time"]
    if took["n"]:
        found[f"processing_seconds{{quantile=0.5,window={window}}}"] = took["p50"]
        found[f"processing_seconds{{quantile=0.95,window={window}}}"] = took["p95"]
    for money in answer["volume"]:
        for flow in ("gross", "refunded", "refund_failures"):
            found[f"volume{{currency={money['currency']},flow={flow},window={window}}}"] = float(money[flow])
    return found
