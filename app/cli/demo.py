"""``flask demo``: sample data for a first look.

Uses support.
"""

from __future__ import annotations

import logging
import time

import click

from app.cli.support.group import Group, settings
from app.cli.support.progress import progress
from app.extensions import services
from app.services.demo.sandbox_client import DemoSandbox
from app.services.demo.seed import Demo

demo = Group("demo", help="Fill the sandbox and the database with sample payments.")

_MOST = 1_000_000


@demo.command()
@click.option("--payments", "count", type=click.IntRange(1, _MOST), required=True, help="How many.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another number makes different payments.")
def seed(count: int, seed: int) -> None:
    """Make sample payments of the last 90 days in the Stripe sandbox; the same seed adds nothing twice."""
    configured = settings()
    # A line for each of thousands of calls would drown the progress; warnings still come through.
    logger = logging.getLogger("app")
    level = logger.level
    click.get_current_context().call_on_close(lambda: logger.setLevel(level))
    logger.setLevel(logging.WARNING)
    sandbox = DemoSandbox(configured.stripe_api_base, configured.stripe_secret_key)
    maker = Demo(services, sandbox, configured.stripe_webhook_secret)
    steps = maker.plan(count, seed=seed, until=int(time.time()))
    made = len({step.story.order_id for step in steps})
    for _ in progress(maker.run(steps), len(steps), "steps"):
        pass
    different = list(maker.differences())
    for difference in different:
        click.echo(difference, err=True)
    if different:
        raise click.ClickException("These payments differ from the sandbox's books.")
    click.echo(f"{made} payments made, {count - made} existed already.")
