"""Stripe's events: those that need attention first, and replays after a preview of what they would change.

Uses lists, payments, web.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cursors import Cursor
from app.extensions import services
from app.models.webhooks.events import EventFilter, EventState, WebhookEvent
from app.services.webhooks.admin import MOST_AT_ONCE, MOST_COUNTED, Batch
from app.services.webhooks.replay import UNDECIDED, ReplayOutcome
from dashboards.lists import cursors, labels
from dashboards.lists.query import ListQuery, Reader
from dashboards.payments.changes import Line, change_lines
from dashboards.web.auth import current_account, guard

_PATH = "/dashboard/webhooks"
_REPLAYS = f"{_PATH}/replay-failed"
_NAME, _STEPS = "webhooks", "failed webhooks"
_TYPE = re.compile(r"[A-Za-z0-9_.]{1,100}")
STATES: Mapping[str, str] = dict(labels.options(labels.EVENT))
_OPENINGS = {
    # By the outcome of a replay: what it would do, and what it did.
    "failed": ("A replay would fail.", "The replay failed."),
    "ignored": ("A replay would ignore the event.", "Replayed: the event was ignored."),
    "changed": ("A replay would change the payment.", "Replayed: the payment was changed."),
    "unchanged": ("A replay would change nothing.", "Replayed: nothing changed."),
}


def add_routes(pages: Blueprint) -> None:
    """Add the list, an event, and the replays."""
    pages.add_url_rule(_PATH, "webhooks", index, methods=["GET"])
    pages.add_url_rule(f"{_PATH}/<event_id>", "webhook", show, methods=["GET"])
    pages.add_url_rule(f"{_PATH}/<event_id>/replay", "webhook_replay", replay, methods=["POST"])
    pages.add_url_rule(_REPLAYS, "webhook_replays", failed, methods=["GET"])
    pages.add_url_rule(_REPLAYS, "webhook_replay_failed", replay_failed, methods=["POST"])


@guard("admin")
def index() -> str:
    """Failed and pending events first, then all that match."""
    query = _query()
    cursor = cursors.read(request.args, _NAME, query)
    inbox, where = services.webhook_admin.inbox(query.where, cursor=cursor), query.where
    return render_template(
        "webhooks/index.html",
        query=query,
        inbox=inbox,
        turn=cursors.turn(inbox.page, cursor, _NAME, query.parameters),
        state_options=list(STATES.items()),
        type_options=[(name, name) for name in sorted({*inbox.types, *([where.type] if where.type else [])})],
        most=MOST_COUNTED,
    )


@guard("admin")
def show(event_id: str) -> str:
    """One event: what it changed, what a replay would change, and what is stored of it."""
    detail = services.webhook_admin.event(event_id)
    event = detail.event
    return render_template(
        "webhooks/event.html",
        event=event,
        effects=_lines(detail.effects, event),
        preview=detail.preview,
        preview_sentence=sentence(detail.preview, would=True),
        preview_lines=_lines(detail.preview, event),
        payment_id=detail.effects.payment_id or detail.preview.payment_id,
        content=json.dumps(event.payload, indent=2, sort_keys=True, ensure_ascii=False, default=str),
    )


@guard("admin")
def replay(event_id: str) -> Response:
    """Apply one event again and show the outcome on its page."""
    outcome = services.webhook_admin.replay(event_id, actor=current_account().email)
    flash(sentence(outcome, would=False), "error" if outcome.failed else "success")
    return redirect(url_for("dashboards.webhook", event_id=event_id), HTTPStatus.SEE_OTHER)


@guard("admin")
def failed() -> str:
    """Step one: preview what replaying the next failed events would do."""
    cursor = cursors.of_step(request.args, _STEPS)
    batch = services.webhook_admin.preview_failed(cursor=cursor)
    return _replays(batch, cursor=cursor, would=True)


@guard("admin")
def replay_failed() -> str:
    """Step two: replay them. Reloading the response is safe: facts that are stored already change nothing."""
    cursor = cursors.of_step(request.form, _STEPS)
    batch = services.webhook_admin.replay_failed(cursor=cursor, actor=current_account().email)
    return _replays(batch, cursor=batch.last, would=False)


def sentence(outcome: ReplayOutcome, *, would: bool) -> str:
    """What a replay did, or would do."""
    if outcome.failed:
        result = "failed"
    elif outcome.state == UNDECIDED:
        return f"The outcome depends on Stripe's answer. {outcome.note or ''}".rstrip()
    elif outcome.state != EventState.APPLIED.value:
        result = "ignored"
    else:
        result = "changed" if outcome.changes else "unchanged"
    opening = _OPENINGS[result][0 if would else 1]
    return f"{opening} {outcome.note}" if outcome.note else opening


def _query() -> ListQuery[EventFilter]:
    reader = Reader(request.args, services.listings.zone)
    state = reader.option("state", "Status", STATES)
    type_ = reader.pattern("type", "Type", _TYPE, "charge.succeeded", noun="type of event")
    return reader.query(EventFilter(state=EventState(state) if state else None, type=type_))


def _lines(outcome: ReplayOutcome, event: WebhookEvent) -> list[Line]:
    target = event.payload.get("data", {}).get("object", {})
    return change_lines(outcome.changes, str(target.get("currency") or ""))


def _replays(batch: Batch, *, cursor: Cursor | None, would: bool) -> str:
    return render_template(
        "webhooks/replays.html",
        batch=batch,
        rows=[(outcome, sentence(outcome, would=would)) for outcome in batch.outcomes],
        changed=sum(bool(outcome.changes) for outcome in batch.outcomes),
        failed_again=sum(outcome.failed for outcome in batch.outcomes),
        cursor=cursors.step(cursor, _STEPS),
        would=would,
        most_at_once=MOST_AT_ONCE,
        most=MOST_COUNTED,
    )
