"""``make bench``: measures the figures of docs/performance.md, all in one run."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

from tooling.bench import lists, monitoring, overview, payments, reconciliation, stack, webhooks
from tooling.bench.report import Table, progress
from tooling.mongo.embedded import EmbeddedMongo

Measure = Callable[[EmbeddedMongo, int], Iterable[Table]]

SUITES: dict[str, tuple[Measure, int]] = {
    "webhooks": (webhooks.measure, 1500),
    "payments": (payments.measure, 600),
    "reconciliation": (reconciliation.measure, 200_000),
    "monitoring": (monitoring.measure, 1_000_000),
    # After monitoring: these suites change thousands of payments within minutes, as no ordinary year does.
    "overview": (overview.measure, 1_000_000),
    "lists": (lists.measure, 1_000_000),
}
# MongoDB's own default on a machine of 9 GB. A million payments with their rows and figures do not fit into it.
CACHE_GB = 4
# The other suites create their own databases.
DATABASES = {"webhooks": "bench_webhooks", "payments": "bench_payments", "monitoring": "bench_monitoring"}


def main() -> None:
    """Run the suites named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tooling.bench", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"one or more of {', '.join(SUITES)} (default: all)")
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="factor for the number of requests, objects and payments (default 1); 0.25 is enough for a first look",
    )
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite: {', '.join(sorted(unknown))}")
    with EmbeddedMongo(cache_gb=CACHE_GB) as mongo:
        for name in (name for name in SUITES if not arguments.suites or name in arguments.suites):
            measure, count = SUITES[name]
            progress(f"measuring {name}")
            if name in DATABASES:
                stack.flask(stack.environment(mongo.uri_for(DATABASES[name])), "db", "indexes")
            for table in measure(mongo, int(count * arguments.scale)):
                print(f"\n{table}", flush=True)


if __name__ == "__main__":
    main()
