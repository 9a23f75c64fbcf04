from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import Result
from flask import Flask

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """``run("users", "list")``: the result of ``flask users list``."""

    def invoke(*arguments: str, stdin: str | None = None) -> Result:
        return app.test_cli_runner().invoke(args=list(arguments), input=stdin)

    return invoke


@pytest.fixture
def refusing_server() -> Iterator[str]:
    """A server that has none of the addresses that it is asked for, as Stripe has no sandbox controls."""
    with ThreadingHTTPServer(("127.0.0.1", 0), NotFoundHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class NotFoundHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Tests read standard error."""
