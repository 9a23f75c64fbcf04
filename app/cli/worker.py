"""``flask worker``: the background process next to the web servers (Procfile ``worker``).

Uses support.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import cast

from flask import current_app

from app.cli.support.group import Group, settings
from app.services import Services
from app.services.worker.scheduler import Worker

worker = Group("worker", help="Work in the background: retries, unknown outcomes, comparison with Stripe.")


@worker.command()
def run() -> None:
    """Run until SIGTERM or Ctrl-C. Several workers may run at once."""
    configured = settings()
    every = timedelta(minutes=configured.reconcile_interval_minutes)
    # The object itself and not app.extensions.services: jobs run in threads, which have no application context.
    built = cast(Services, current_app.extensions["paydesk"])
    running = Worker(built, retention_days=configured.webhook_retention_days, reconcile_every=every or None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: running.stop())
    if not running.run():
        # The threads of jobs cannot be interrupted, and Python would wait for them. Their leases run out by themselves.
        os._exit(1)
