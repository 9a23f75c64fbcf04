"""Which Paydesk a command talks to where nobody configured one: the one that `make run` started.

`make run` keeps its settings in ``.data/run.env`` for as long as it runs. Only the ``flask`` command line reads that
file; a server such as gunicorn never does. The process environment wins over ``.env``, and ``.env`` over this file.
"""

from __future__ import annotations

import fcntl
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import click
from dotenv import dotenv_values
from flask.cli import FlaskGroup

PATH = Path(".data/run.env")
# Whoever configures another value of these means another Paydesk, and the two must never be mixed.
_IDENTITY = ("MONGODB_URI", "STRIPE_SECRET_KEY", "STRIPE_API_BASE")


def is_flask_command() -> bool:
    """Whether this process is the ``flask`` command line. A process that it starts is none."""
    context = click.get_current_context(silent=True)
    return context is not None and isinstance(context.find_root().command, FlaskGroup)


def complete(environ: Mapping[str, str], path: Path = PATH) -> dict[str, str]:
    """Add to ``environ`` what only `make run` knows, and say so on standard error."""
    configured = {name: value for name, value in environ.items() if value.strip()}
    try:
        with path.open() as file:
            running = {name: value for name, value in dotenv_values(stream=file, interpolate=False).items() if value}
            is_stale = not _is_locked(file)
    except FileNotFoundError:
        return configured
    except OSError as error:
        click.echo(f"Ignoring {path}: {error.strerror}.", err=True)
        return configured
    merged = {**running, **configured}
    if merged == configured or any(merged.get(name) != running.get(name) for name in _IDENTITY):
        return configured
    if is_stale:
        click.echo(f"Ignoring {path}: the `make run` that wrote it has ended.", err=True)
        return configured
    address = f"http://127.0.0.1:{running.get('PORT', '8003')}"
    click.echo(f"Using the Paydesk that `make run` started ({address}).", err=True)
    return merged


def _is_locked(file: IO[str]) -> bool:
    """Whether the writer still runs: the system ends its lock together with the process, however that ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
