"""What a shop's server does at Stripe with its secret key."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.sandbox import SandboxProcess

Json = dict[str, Any]


class StripeServer:
    """The API with a secret key."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self._url = f"{sandbox.base_url}/v1/payment_intents"
        self._auth = (sandbox.secret_key, "")

    def intent(self, **params: str) -> Json:
        """A new intent over 10.00 USD."""
        return self.call("", {"amount": "1000", "currency": "usd", **params})

    def call(self, path: str, params: dict[str, str]) -> Json:
        """POST to an address below ``payment_intents``."""
        answer = requests.post(f"{self._url}{path}", params, auth=self._auth, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def now(self, intent: Json) -> Json:
        """The intent as Stripe has it now, with its charge in ``latest_charge``."""
        url = f"{self._url}/{intent['id']}"
        answer = requests.get(url, {"expand[]": "latest_charge"}, auth=self._auth, timeout=10)
        assert answer.ok, answer.text
        return answer.json()
