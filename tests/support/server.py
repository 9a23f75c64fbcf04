"""The application as it runs in production: gunicorn, on a port of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import requests

from config import Settings
from tests.support.child import Child


def environment(settings: Settings) -> dict[str, str]:
    """``settings`` as environment variables, empty ones included, so that no ``.env`` fills a gap."""
    values: dict[str, str] = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        values[field.name.upper()] = ",".join(value) if isinstance(value, tuple) else str(value)
    return values


class LiveServer(Child):
    """gunicorn with ``workers`` workers of ``target``; ``session`` is a requests.Session to it.

    ``more`` are environment variables that are no settings.
    """

    def __init__(
        self,
        settings: Settings,
        log: Path,
        *,
        workers: int = 2,
        target: str = "wsgi:app",
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = replace(settings, web_concurrency=workers)
        self.base_url = f"http://127.0.0.1:{settings.port}"
        self.session = requests.Session()
        command = [sys.executable, "-m", "gunicorn", target, "--bind", f"127.0.0.1:{settings.port}"]
        super().__init__("gunicorn", command, log, {**environment(self.settings), **(more or {})})

    def wait(self, path: str = "/healthz", seconds: float = 30) -> None:
        """Wait until ``path`` answers 200."""
        self.wait_until(lambda: self._answers(path), seconds)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request by path; redirects are not followed, because the API has none."""
        options.setdefault("timeout", 30)
        return self.session.request(method, self.base_url + path, allow_redirects=False, **options)

    def _answers(self, path: str) -> bool:
        try:
            return self.request("GET", path, timeout=2).status_code == 200
        except requests.RequestException:
            return False


class SharedServer:
    """A server that is started when it is needed and goes on from test to test until one cannot have it beside."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings, self._log = settings, log
        self._server: LiveServer | None = None

    def running(self) -> LiveServer:
        if self._server is None:
            self._server = LiveServer(self._settings, self._log, workers=2)
            self._server.wait(seconds=90)
        return self._server

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
