"""The commands of ``flask``: one file for each group, registered in one place."""

from __future__ import annotations

from flask import Flask

from app.cli import audit, db, demo, metrics, preflight, stripe, stripe_setup, tokens, users, webhooks, worker


def register(app: Flask) -> None:
    """Add every command group to the app's command line."""
    for group in (
        *(db.db, users.users, tokens.tokens, demo.demo, audit.audit),
        *(stripe.stripe, webhooks.webhooks, worker.worker, metrics.metrics),
    ):
        app.cli.add_command(group)
    stripe.stripe.add_command(stripe_setup.setup)
    app.cli.add_command(preflight.preflight)
