"""``flask stripe``: compare our payments with Stripe's, and repair ours; ``stripe_setup`` adds its command.

Uses support.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from app.cli.support.duration import Duration
from app.cli.support.group import Group, actor
from app.cli.support.progress import progress, say
from app.domain.money import CURRENCIES, Money
from app.errors import PaydeskError
from app.extensions import services
from app.models.reconciliation.reports import ReportedDifference
from app.services.reconciliation.run import Run, RunRequest

stripe = Group("stripe", help="Set up the webhook endpoint, and compare our payments with Stripe's.")

_DRIFT, _FAILURE = 1, 2
_PRINTED = 50
_TITLES = {
    "missing_here": "missing here",
    "different": "different",
    "missing_there": "missing at Stripe",
    "differs_from_order": "not what the order asked",
    "captured": "captured, Stripe's less ours",
    "refunded": "refunded, Stripe's less ours",
}


class Since(Duration):
    """A span of time before now, or a date or time in ISO 8601 (UTC unless it says otherwise)."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return super().convert(value, param, ctx)
        span = datetime.now(UTC) - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        if span <= timedelta():
            self.fail(f"{value!r} is not in the past.", param, ctx)
        return span


@stripe.command()
@click.option("--since", type=Since(), default="3d", show_default=True, help="How far back: 3d, 12h, 2024-01-31.")
@click.option("--repair", is_flag=True, help="Apply what Stripe says, with an entry in each payment's history.")
@click.option("--payment", "payment_id", help="Compare this payment only.")
@click.option("--resume", is_flag=True, help="Continue the last run, if it did not finish.")
def reconcile(since: timedelta, repair: bool, payment_id: str | None, resume: bool) -> None:
    """Compare payments made or changed at Stripe with ours.

    Exit code 0: all equal or repaired; 1: something differs; 2: the comparison did not finish.
    """
    if resume and payment_id:
        raise click.UsageError("--resume continues a run over a range. Leave --payment out.")
    run: Run | None = None
    try:
        if resume:
            run = services.reconciliation.resume()
            if run is None:
                click.echo("There is no unfinished run.")
                return
            click.echo(f"Resuming report {run.report_id}.", err=True)
        else:
            start = int((datetime.now(UTC) - since).timestamp())
            request = RunRequest(since=start, payment_id=payment_id, repair=repair, actor=actor())
            run = services.reconciliation.begin(request)
        for _ in progress(_percent(run), 100, "% of the range"):
            pass
        _report(run)
    except PaydeskError as error:
        click.echo(f"Error: {error.message}", err=True)
        if run and not payment_id:
            message = "The comparison so far is kept. Continue with: flask stripe reconcile --resume"
            click.echo(message, err=True)
        sys.exit(_FAILURE)
    if not run.in_order:
        sys.exit(_DRIFT)


def _percent(run: Run) -> Iterator[None]:
    """One item for each hundredth of the range."""
    done = 0
    for share in run.steps():
        while done < int(share * 100):
            done += 1
            yield
    for _ in range(100 - done):
        yield


def _report(run: Run) -> None:
    report, counts = run.report(), run.counts
    what = f"payment {run.request.payment_id}" if run.request.payment_id else f"since {report.since:%F %T} UTC"
    say(f"Report {run.report_id}, {what}")
    listed = ("payment_intents", "charges", "refunds", "disputes", "events")
    say("Read at Stripe: " + ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in listed))
    say(f"{counts['compared']} payments compared, {counts['not_ours']} payment intents not ours.")
    for kind in ("missing_here", "different", "missing_there", "differs_from_order"):
        say(f"  {_TITLES[kind]}: {counts[kind]}")
    for currency, sums in sorted(run.amounts.items()):
        message = [f"{_TITLES[name]} {_money(sums[name], currency)}" for name in _TITLES if sums[name]]
        say(f"  {currency.upper()}: {'; '.join(message)}")
    for difference in report.drift[:_PRINTED]:
        say("\n".join(_lines(difference)))
    if run.drift_total > _PRINTED:
        say(f"… and {run.drift_total - _PRINTED} more; the report keeps the first {len(report.drift)}.")
    if not run.drift_total:
        say("No drift.")
    elif run.request.repair:
        say(f"{run.drift_total} differences, {counts['repaired']} repaired.")
    else:
        say(f"{run.drift_total} differences. Run again with --repair to repair ours.")


def _lines(difference: ReportedDifference) -> Iterable[str]:
    names = f"payment {difference.payment_id or '(none)'}, {difference.intent_id or 'no payment intent'}"
    repaired = ", repaired" if difference.repaired else ""
    amount = _money(difference.amount, difference.currency)
    yield f"- {_TITLES[difference.kind]}: {names}, {amount}{repaired}"
    for name, (ours, theirs) in difference.fields.items():
        yield f"    {name}: {_value(ours)} → {_value(theirs)}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(str(item) for item in value) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name}={item}" for name, item in value.items() if item is not None)
    return "none" if value is None else str(value)


def _money(minor: int, currency: str) -> str:
    if currency not in CURRENCIES:
        return f"{minor} minor units {currency.upper()}"
    return f"{Money(minor, currency).to_major()} {currency.upper()}"
