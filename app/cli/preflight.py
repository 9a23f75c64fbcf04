"""``flask preflight``: the production checklist as a command.

Uses support.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import current_app, url_for
from flask.cli import with_appcontext

from app.cli.support.group import settings
from app.cli.support.results import print_result
from app.extensions import limiter, services
from app.services.preflight import database, serving
from app.services.preflight import settings as preflight_settings
from app.services.preflight.runner import Check, Result, State, run

_ENV_FILE = Path(".env")


@click.command("preflight")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option("--strict", is_flag=True, help="Warnings fail too, unless they are accepted.")
@click.option("--accept", multiple=True, metavar="NAME", help="A check whose warning is accepted; repeatable.")
@click.option("--test-mode", is_flag=True, help="This deployment is meant to use Stripe's test keys.")
@click.option("--url", help="Where the service is reached from outside: https://pay.example.com")
@click.option("--prometheus", help="The address of Prometheus: http://prometheus:9090")
@with_appcontext
def preflight(
    *, as_json: bool, strict: bool, accept: Sequence[str], test_mode: bool, url: str | None, prometheus: str | None
) -> None:
    """Check that everything is ready for production. Asks MongoDB, Stripe and, if named, Prometheus.

    Exit code 0: ready; 1: a check failed, or with --strict warned.
    """
    checks = list(_checks(test_mode=test_mode, url=url, prometheus=prometheus))
    unknown = set(accept) - {check.name for check in checks}
    if unknown:
        names = ", ".join(check.name for check in checks)
        raise click.UsageError(f"There is no check {', '.join(sorted(unknown))}. There are: {names}.")
    results = []
    for result in run(checks):
        results.append(result)
        if not as_json:
            print_result(result, accepted=result.name in accept)
    failed = [result for result in results if result.state is State.FAIL]
    warned = [result for result in results if result.state is State.WARN and result.name not in accept]
    is_ready = not failed and not (strict and warned)
    if as_json:
        rows = [_row(result, accepted=result.name in accept) for result in results]
        click.echo(json.dumps({"ready": is_ready, "checks": rows}, indent=2))
    else:
        click.echo(f"{len(results)} checks: {len(failed)} failed, {len(warned)} warnings.")
        click.echo("Ready." if is_ready else "Not ready.")
    sys.exit(0 if is_ready else 1)


def _checks(*, test_mode: bool, url: str | None, prometheus: str | None) -> Iterator[Check]:
    configured = settings()
    yield from preflight_settings.checks(configured, test_mode=test_mode, debug=current_app.debug, env_file=_ENV_FILE)
    yield from database.checks(configured.mongodb_uri, livemode=configured.livemode)
    with current_app.test_request_context():
        path = url_for("webhooks.webhook")
    yield from services.stripe_preflight.checks(webhook_path=path, host=urlsplit(url).hostname if url else None)
    yield from serving.checks(
        url=url,
        prometheus=prometheus,
        counts_are_reachable=limiter.storage.check,
        counted_in="Redis" if configured.redis_url else "MongoDB",
    )


def _row(result: Result, *, accepted: bool) -> dict[str, object]:
    return {
        "name": result.name,
        "state": result.state.value,
        "message": result.message,
        "advice": result.advice,
        "accepted": accepted and result.state is State.WARN,
    }
