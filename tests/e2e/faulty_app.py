"""The application with faults that it does not have: a view that fails while it quotes what the client sent.

Served by gunicorn as ``tests.e2e.faulty_app:app``, to see what the log says of unexpected failures.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any

import click
from flask import request
from werkzeug.exceptions import BadRequest

from app import logging as app_logging
from app.cli.support.group import Group
from app.factory import create_app
from config import Settings

app = create_app(Settings.from_env())
app_logging.log_uncaught()
_inner = app.wsgi_app


def _quoted() -> str:
    return f"{request.url} {dict(request.headers)} {request.get_data(as_text=True)}"


def _fail(words: str) -> None:
    raise LookupError(words)


def faulty(word: str) -> str:
    """Fail with everything that the client sent in the messages of the error and of its cause."""
    thread = threading.Thread(target=_fail, args=(_quoted(),))
    thread.start()
    thread.join()
    logging.getLogger("some.library").error("cannot read %s of %d bytes", _quoted(), 3)
    logging.getLogger("some.library").error(f"cannot read {_quoted()}")  # noqa: G004 (as libraries do)
    try:
        raise BadRequest(word)
    except BadRequest as error:
        raise RuntimeError(_quoted()) from error


def wsgi_app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """Fail outside of Flask, where only gunicorn sees it."""
    if environ["PATH_INFO"].startswith("/outside/"):
        raise RuntimeError(str(environ))
    return _inner(environ, start)


commands = Group("faulty")


@commands.command("fail")
@click.argument("word")
def fail(word: str) -> None:
    """Fail with a word of the command line in the error."""
    raise RuntimeError(word)


app.add_url_rule("/faulty/<word>", view_func=faulty, methods=["GET", "POST"])
app.wsgi_app = wsgi_app  # type: ignore[method-assign, assignment]
app.cli.add_command(commands)
