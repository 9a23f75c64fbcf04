"""``flask webhooks``: the events that Stripe delivered, their outcomes, and applying them again.

Uses support.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from app.cli.support.duration import Duration
from app.cli.support.group import Group, actor
from app.cli.support.progress import print_table, progress, say
from app.clock import now
from app.extensions import services
from app.models.webhooks.events import EventFilter, EventState, WebhookEvent
from app.services.webhooks.replay import UNDECIDED, ReplayOutcome

webhooks = Group("webhooks", help="Look at stored Stripe events and apply them again.")

_ASK_ABOVE = 100
_COLUMNS = ("EVENT", "TYPE", "STATE", "CREATED", "ATTEMPTS", "DELIVERIES", "LAST ERROR")


class Moment(click.ParamType[datetime]):
    """A moment of the past: a span before now (3d, 12h, 30m), a day or a time (2026-03-01, 2026-03-01T12:00Z)."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            parsed = datetime.fromisoformat(str(value).strip())
        except ValueError:
            try:
                return now() - Duration().convert(value, param, ctx)
            except click.BadParameter:
                self.fail(f"{value!r} is neither a span such as 3d nor a time such as 2026-03-01T12:00Z.")
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _filtering(command: Any) -> Any:
    """The options that narrow events, the same for every command."""
    for option in (
        click.option("--until", type=Moment(), help="Only events made at Stripe before then."),
        click.option("--since", type=Moment(), help="Only events made at Stripe since then: 3d, 2026-03-01."),
        click.option("--type", "type_", metavar="TYPE", help="Only this type: payment_intent.succeeded."),
        click.option("--state", type=click.Choice([state.value for state in EventState])),
        click.option("--failed", is_flag=True, help="The same as --state failed."),
    ):
        command = option(command)
    return command


@webhooks.command("list")
@_filtering
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def list_(limit: int, **options: Any) -> None:
    """Show events, newest first."""
    where = _where(**options)
    rows = services.replay.page(where, limit=limit).rows
    if not rows:
        click.echo("No event matches.")
        return
    print_table([_COLUMNS, *(_cells(event) for event in rows)])
    if len(rows) == limit:
        click.echo(f"These are the newest {limit} of {services.replay.count(where)}.", err=True)


@webhooks.command()
@click.argument("event_id")
def show(event_id: str) -> None:
    """Show an event and everything that is stored about it."""
    event = services.replay.get(event_id).to_mongo()
    payload = event.pop("payload")
    for name, value in event.items():
        label = "id" if name == "_id" else name
        click.echo(f"{label + ':':20}{_time(value) if isinstance(value, datetime) else value}")
    click.echo(json.dumps(payload, indent=2, sort_keys=True))


@webhooks.command()
@click.argument("event_ids", nargs=-1, metavar="[EVENT_ID]...")
@_filtering
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@click.option("--yes", is_flag=True, help=f"Do not ask above {_ASK_ABOVE} events.")
def replay(event_ids: tuple[str, ...], dry_run: bool, yes: bool, **options: Any) -> None:
    """Apply events again: the named ones, or those that the options choose. Exit code 1 when one failed."""
    where = _where(**options)
    if bool(event_ids) == any(options.values()):
        raise click.UsageError("Name events, or choose them with --failed, --state, --type, --since or --until.")
    # Named ones are read first, so that a wrong id ends the command before anything is applied.
    named = [services.replay.get(event_id) for event_id in dict.fromkeys(event_ids)]
    count = len(named) if event_ids else services.replay.count(where)
    rows: Iterator[WebhookEvent] = iter(named) if event_ids else services.replay.select(where)
    if dry_run:
        outcomes = services.replay.preview(rows)
    else:
        if count > _ASK_ABOVE and not yes:
            click.confirm(f"Replay {count} events?", abort=True, err=True)
        if count:
            services.replay.log(actor(), _details(event_ids, options), count)
        outcomes = services.replay.replay(rows)
    _finish([*_report(progress(outcomes, count, "events"), dry_run)], dry_run)


def _report(outcomes: Iterator[ReplayOutcome], dry_run: bool) -> Iterator[tuple[bool, bool]]:
    """Print each event that changes something or fails; (changed, failed) of all."""
    for outcome in outcomes:
        sentence = _sentence(outcome, dry_run)
        payment = f" payment {outcome.payment_id}" if outcome.payment_id else ""
        say(f"{outcome.event_id} {outcome.type}{payment}: {sentence}")
        for name, change in outcome.changes.items():
            say(f"    {name}: {_difference(change)}")
        yield bool(outcome.changes), outcome.failed


def _sentence(outcome: ReplayOutcome, dry_run: bool) -> str:
    note = f" {outcome.note}" if outcome.note else ""
    if outcome.failed:
        return f"{'would fail' if dry_run else 'failed'}.{note}"
    if outcome.state == UNDECIDED:
        return f"depends on Stripe's answer.{note}"
    if outcome.state != EventState.APPLIED.value:
        return f"{'would be ' if dry_run else ''}{outcome.state}.{note}"
    if outcome.changes:
        return f"{'would change' if dry_run else 'changed'}:{note}"
    return f"{'would change' if dry_run else 'changed'} nothing.{note}"


def _finish(outcomes: Sequence[tuple[bool, bool]], dry_run: bool) -> None:
    changed = sum(changed for changed, _ in outcomes)
    failed = sum(failed for _, failed in outcomes)
    verb = "would be replayed" if dry_run else "replayed"
    click.echo(f"{len(outcomes)} events {verb}: {changed} with changes, {failed} failed.")
    if failed:
        sys.exit(1)


def _where(
    *, failed: bool, state: str | None, type_: str | None, since: datetime | None, until: datetime | None
) -> EventFilter:
    if failed and state not in {None, EventState.FAILED.value}:
        raise click.UsageError("--failed and --state contradict each other.")
    chosen = EventState.FAILED if failed else EventState(state) if state else None
    return EventFilter(state=chosen, type=type_, since=since, until=until)


def _details(event_ids: Sequence[str], options: dict[str, Any]) -> dict[str, Any]:
    """What was chosen, as plain values for the audit log; of many ids only the first."""
    chosen = {name.strip("_"): value for name, value in options.items() if value}
    details = {name: v.isoformat() if isinstance(v, datetime) else v for name, v in chosen.items()}
    return details | ({"events": list(event_ids[:20])} if event_ids else {})


def _cells(event: WebhookEvent) -> tuple[str, ...]:
    created = datetime.fromtimestamp(event.created, UTC)
    return (
        *(event.id, event.type, event.state.value, _time(created), str(event.attempts)),
        *(str(event.delivery_count), event.last_error or ""),
    )


def _difference(change: Any) -> str:
    """``old → new``; of a list the items that are new or changed."""
    if isinstance(change, list) and len(change) == 2 and not _is_item(change[0]) and not _is_item(change[1]):
        return f"{_plain(change[0])} → {_plain(change[1])}"
    return ", ".join(_plain(item) for item in change)


def _is_item(value: Any) -> bool:
    return isinstance(value, dict) and "created_at" in value


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
