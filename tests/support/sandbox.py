"""The Stripe sandbox as a process, and its controls: what a browser or a bank would do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import requests

from tests.support.child import Child

READY_LINE = "sandbox listening on "


class SandboxProcess(Child):
    """``get/post/put/delete`` speak to ``/_sandbox/…`` with JSON; ``stripe`` calls Stripe's API itself."""

    secret_key = "sk_test_paydesk_tests"
    publishable_key = "pk_test_paydesk_tests"

    def __init__(self, folder: Path, *, webhook_url: str, webhook_secret: str, port: int = 0) -> None:
        self.webhook_secret = webhook_secret
        self.base_url = ""
        self.session = requests.Session()
        command = [
            *(sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(folder / "sandbox.sqlite")),
            *("--webhook-url", webhook_url, "--webhook-secret", webhook_secret),
        ]
        super().__init__("sandbox", command, folder / "sandbox.log", {})

    def wait(self, seconds: float = 30) -> None:
        """Wait until it has said where it listens."""
        self.wait_until(self._is_ready, seconds)

    def _is_ready(self) -> bool:
        for line in self.output().splitlines():
            if line.startswith(READY_LINE):
                self.base_url = line.removeprefix(READY_LINE).strip()
        return bool(self.base_url)

    def get(self, path: str, **params: Any) -> Any:
        return self._control("GET", path, params=params)

    def post(self, path: str, **body: Any) -> Any:
        return self._control("POST", path, json=body)

    def put(self, path: str, **body: Any) -> Any:
        return self._control("PUT", path, json=body)

    def delete(self, path: str) -> Any:
        return self._control("DELETE", path)

    def pay(self, intent_id: str, card: str = "4242424242424242", **options: Any) -> Any:
        """Pay an intent as a browser would, with a card number or a ``pm_card_…`` token."""
        return self.post(f"payment_intents/{intent_id}/pay", card=card, **options)

    def reset(self) -> None:
        """Forget every object, delivery and fault."""
        self.post("reset")

    def stripe(self, method: str, path: str, **params: Any) -> Any:
        """A call of Stripe's API with the secret key, for what only Stripe's own books can tell."""
        answer = self.session.request(
            method,
            f"{self.base_url}/v1/{path}",
            params=params if method == "GET" else None,
            data=params if method != "GET" else None,
            auth=(self.secret_key, ""),
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()

    def _control(self, method: str, path: str, **options: Any) -> Any:
        url = f"{self.base_url}/_sandbox/{path.lstrip('/')}"
        answer = self.session.request(method, url, timeout=30, **options)
        if not answer.ok:
            raise AssertionError(f"{method} {url} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None
