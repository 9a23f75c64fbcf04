"""The result of a check of the production checklist, as a line in a terminal."""

from __future__ import annotations

import click

from app.services.preflight.runner import Result, State

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


def print_result(result: Result, *, accepted: bool = False) -> None:
    """Print the state, the name and the message, and below them the advice."""
    state = click.style(f"{result.state.value:<5}", fg=_COLOURS[result.state])
    note = " (accepted)" if accepted and result.state is State.WARN else ""
    click.echo(f"{state} {result.name:<22} {result.message}{note}")
    if result.advice:
        click.echo(f"{'':29}→ {result.advice}")
