"""``flask db``: what the database needs before the app runs on it.

Uses support.
"""

from __future__ import annotations

import click

from app.cli.support.group import Group
from app.cli.support.progress import progress
from app.extensions import settings
from app.models.indexes import create_indexes, drop_retired_indexes, keep_events
from app.services.audit import count_payments
from app.services.payments.rederive import rederive_all

db = Group("db", help="Prepare the database.")


@db.command()
def indexes() -> None:
    """Create every declared index that is missing, and drop those of earlier releases.

    Safe to repeat; run it with each release.
    """
    # First, so that a longer retention applies before the shorter one could remove anything.
    if keep_events(settings.webhook_retention_days):
        click.echo("changed webhook_events.retention")
    made = create_indexes()
    for name in made:
        click.echo(f"created {name}")
    # Last, so that no query is without an index.
    for name in drop_retired_indexes():
        click.echo(f"dropped {name}")
    click.echo(f"{len(made)} indexes created." if made else "All indexes exist.")


@db.command()
def rederive() -> None:
    """Write the payments that this release derives differently from what is known about them.

    CHANGELOG names the releases that need it. Safe to stop and to repeat, also while the service runs.
    """
    changed = sum(progress(rederive_all(), count_payments(), "payments"))
    click.echo(f"{changed} payments changed." if changed else "All payments are up to date.")
