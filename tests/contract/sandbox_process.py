"""A sandbox process for the contract tests, and its control endpoints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]


class Running:
    """A sandbox on a free port. ``get``, ``post``, ``put``, ``delete`` call ``/_sandbox/…`` with JSON."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.session = requests.Session()
        line = self.process.stdout.readline()
        assert line.startswith("sandbox listening on http://127.0.0.1:"), line
        self.base_url = line.split()[-1]

    def stop(self) -> int:
        """Stop it with SIGTERM. Returns the exit code."""
        self.session.close()
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def call(self, method: str, path: str, /, body: Any = None, **query: Any) -> requests.Response:
        """The response of a control endpoint, whatever its status."""
        url = f"{self.base_url}/_sandbox/{path}"
        return self.session.request(method, url, json=body, params=query, timeout=30, allow_redirects=False)

    def get(self, path: str, /, **query: Any) -> Json:
        return self._json(self.call("GET", path, **query))

    def post(self, path: str, /, **body: Any) -> Json:
        return self._json(self.call("POST", path, body))

    def put(self, path: str, /, **body: Any) -> Json:
        return self._json(self.call("PUT", path, body))

    def delete(self, path: str) -> Json:
        return self._json(self.call("DELETE", path))

    def pay(self, intent_id: str, card: str = "4242424242424242", **options: Any) -> Json:
        """Pay an intent as a browser would."""
        return self.post(f"payment_intents/{intent_id}/pay", card=card, **options)

    def fault(self, effect: str, **options: Any) -> None:
        """Break the next matching request; ``times`` overrides the number of requests."""
        self._json(self.call("POST", "faults", [{"effect": effect, "times": 1, **options}]))

    def _json(self, response: requests.Response) -> Json:
        assert response.ok, f"{response.request.method} {response.url}: {response.status_code} {response.text}"
        return response.json()
