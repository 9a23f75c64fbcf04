"""What a metric is here: its name, its type, and for each label the closed set that its values come from.

A test holds ``docs/metrics.md`` to the definitions. Exemplars are left out: prometheus_client takes none from several
processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics_core import Metric

# A metric with the samples of one reading, as Prometheus knows it.
Family = Metric

PREFIX = "paydesk_"
OTHER = "other"
# The time of a counter's creation would double the size of a page, and several processes have none in common.
disable_created_metrics()  # type: ignore[no-untyped-call]

# A fast read, a write to the journal, a call of Stripe, a timeout. Every bucket is a line for each route on the page.
SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

# What this process counts.
registry = CollectorRegistry()


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric for people: its whole name, type, meaning, and for each label what its values are."""

    name: str
    type: str
    meaning: str
    labels: Mapping[str, str]


DEFINITIONS: dict[str, Definition] = {}


@dataclass(frozen=True, slots=True)
class AtScrape:
    """A gauge whose value is read when Prometheus scrapes; ``family`` puts the values of one reading into it."""

    definition: Definition

    def family(self, *samples: tuple[Sequence[str], float]) -> Family:
        """Of (label values, value); without any, the metric exists and has no sample."""
        defined = self.definition
        family = Family(defined.name, defined.meaning, defined.type)
        for values, value in samples:
            family.add_sample(defined.name, dict(zip(defined.labels, values, strict=True)), value)
        return family


def _define(name: str, kind: str, meaning: str, labels: Mapping[str, str]) -> tuple[str, str, list[str]]:
    whole = PREFIX + name
    DEFINITIONS[whole] = Definition(whole, kind, meaning, labels)
    return whole, meaning, list(labels)


def counter(name: str, meaning: str, /, **labels: str) -> Counter:
    """A counter; ``labels`` describe the values of each label, here as below."""
    return Counter(*_define(name, "counter", meaning, labels), registry=registry)


def histogram(name: str, meaning: str, buckets: Sequence[float] = SECONDS, **labels: str) -> Histogram:
    """Of durations in seconds."""
    return Histogram(*_define(name, "histogram", meaning, labels), buckets=buckets, registry=registry)


def gauge(name: str, meaning: str, /, **labels: str) -> Gauge:
    """One that is summed over the living processes."""
    return Gauge(*_define(name, "gauge", meaning, labels), registry=registry, multiprocess_mode="livesum")


def at_scrape(name: str, meaning: str, kind: str = "gauge", /, **labels: str) -> AtScrape:
    """Of a value that is read at each scrape."""
    whole, _, _ = _define(name, kind, meaning, labels)
    return AtScrape(DEFINITIONS[whole])
