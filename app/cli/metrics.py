"""``flask metrics``: the figures of the dashboard, the API and Prometheus.

Uses support.
"""

from __future__ import annotations

import sys

import click

from app.cli.support.group import Group
from app.cli.support.progress import progress
from app.extensions import services
from app.services.figures.keeper import BATCH

metrics = Group("metrics", help="The figures of the dashboard, the API and Prometheus.")


@metrics.command()
def rebuild() -> None:
    """Count every payment again. Safe to repeat, and to run while payments are taken.

    Needed only after payments were changed by hand in the database. The worker itself rebuilds the figures for a new
    version or time zone, and counts every change as it happens. The dashboard says so while it waits.
    """
    steps = services.figures.build()
    done = 0
    first = next(steps, None)
    if first is not None:
        done, total = first
        batches = -(-total // BATCH) - 1
        for done, _ in progress(steps, max(1, batches), f"batches of {BATCH} payments"):  # noqa: B007
            pass
    click.echo(f"{done:,} payments counted. The figures are complete.", file=sys.stdout)
