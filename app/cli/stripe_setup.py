"""``flask stripe setup``: make Stripe deliver to this service what it reads, and nothing else.

Uses support.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import current_app, url_for
from flask.cli import with_appcontext

from app.cli.support import env_file as env_files
from app.cli.support.group import settings
from app.cli.support.results import print_result
from app.extensions import services
from app.services.preflight.runner import Check, State, run
from app.services.stripe_setup import SetupPlan, SetupResult

_SETTING = "STRIPE_WEBHOOK_SECRET"


@click.command("setup")
@click.option("--url", required=True, help="Where Stripe reaches this service: https://pay.example.com")
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Write {_SETTING} into this file instead of printing it.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@with_appcontext
def setup(url: str, env_file: Path | None, dry_run: bool) -> None:
    """Create or update the webhook endpoint at Stripe, with the events and the version that this service reads.

    Checks first what the key may do. Safe to repeat: an endpoint that is right is left alone.

    Exit code 0: all is right; 1: something is not.
    """
    with current_app.test_request_context():
        path = url_for("webhooks.webhook")
    address = services.stripe_setup.address(url, path)
    permissions, endpoint = services.stripe_preflight.setup_checks(
        webhook_path=path, host=urlsplit(address).hostname, for_setup=True
    )
    if not _passes(permissions):
        click.echo("Nothing was changed.")
        sys.exit(1)
    plan = services.stripe_setup.plan(address)
    if dry_run:
        click.echo(_intention(plan))
        return
    if env_file and plan.current is None:
        _make_private(env_file)
    result = services.stripe_setup.carry_out(plan)
    _report(plan, result)
    if result.secret:
        _hand_over(result.secret, env_file, is_second=bool(plan.others))
    elif not settings().stripe_webhook_secret:
        click.echo(
            f"{_SETTING} is not set. Stripe shows the secret of this endpoint in its dashboard only (Developers > "
            "Webhooks). Set it, or delete the endpoint there and run this command again."
        )
    if not _passes(endpoint):
        sys.exit(1)


def _passes(check: Check) -> bool:
    """Print what the production checklist says of this, in its words; whether it is no failure."""
    (result,) = run([check])
    print_result(result)
    return result.state is not State.FAIL


def _intention(plan: SetupPlan) -> str:
    version = settings().stripe_api_version
    if plan.current is None:
        return f"Would create a webhook endpoint for {plan.url} with version {version}. Nothing was changed."
    if plan.is_right:
        return f"The webhook endpoint {plan.current.id} is right. Nothing to do."
    return f"Would update the webhook endpoint {plan.current.id}{_differences(plan)}. Nothing was changed."


def _differences(plan: SetupPlan) -> str:
    """What an update changes."""
    seen = plan.current
    if seen is None:
        return ""
    parts = [
        f"add {', '.join(seen.missing_events)}" if seen.missing_events else "",
        f"remove {', '.join(seen.needless_events)}" if seen.needless_events else "",
        "" if seen.is_enabled else "enable it",
    ]
    changes = "; ".join(part for part in parts if part)
    return f" ({changes})" if changes else ""


def _report(plan: SetupPlan, result: SetupResult) -> None:
    endpoint = result.endpoint
    what = f"the webhook endpoint {endpoint.id} for {endpoint.url}"
    if plan.is_right:
        click.echo(f"Nothing to do: {what} is right.")
    elif plan.current:
        click.echo(f"Updated {what}{_differences(plan)}.")
    else:
        click.echo(f"Created {what}: {len(endpoint.events)} events, version {endpoint.api_version}.")
    if result.without:
        click.echo(
            f"Without {', '.join(result.without)}, which version {endpoint.api_version} does not send; "
            "charge.refund.updated and refund.updated say the same."
        )
    for other in plan.others:
        version = other.api_version or "the account's default version"
        click.echo(
            f"The endpoint {other.id} ({version}) also delivers here. Disable it in Stripe's dashboard once the "
            "service runs with the new secret. Until then every event arrives twice, which changes nothing."
        )


def _make_private(path: Path) -> None:
    """Before the endpoint is made, because its secret could not be read again."""
    try:
        env_files.make_private(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written ({error.strerror}). Nothing was changed.") from error


def _hand_over(secret: str, path: Path | None, *, is_second: bool) -> None:
    """Print the secret, or write it; beside those of endpoints that still deliver here."""
    if path is None:
        click.echo(f"{_SETTING}={secret}")
        beside = " before the earlier one, separated by a comma," if is_second else ""
        click.echo(f"Stripe shows this secret only now. Set it{beside} and restart the service.")
        return
    earlier = env_files.value_of(path, _SETTING) if is_second else ""
    try:
        env_files.put(path, _SETTING, ",".join(part for part in (secret, earlier) if part))
    except OSError as error:
        click.echo(f"{path} cannot be written ({error.strerror}). Set this yourself: {_SETTING}={secret}")
        sys.exit(1)
    click.echo(f"Wrote {_SETTING} to {path}. Restart the service.")
