"""The controls of the Stripe sandbox that sample data needs: what browsers, banks and time do.

Every call is plain HTTP to ``STRIPE_API_BASE``. Nothing here can reach Stripe itself: the first call asks for the
sandbox's own health address, which Stripe does not have.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import requests

from app.domain.payments.states import ChargeStatus
from app.errors import StripeUnavailable, ValidationFailed

_SECONDS = 30
_PAGE = 100
Json = dict[str, Any]


class DemoSandbox:
    """One sandbox. Every method raises StripeUnavailable when it does not answer as it should."""

    def __init__(self, base: str, secret_key: str) -> None:
        self._base = base.rstrip("/")
        self._session = requests.Session()
        self._key = (secret_key, "")

    def require(self) -> None:
        """Raises ValidationFailed unless STRIPE_API_BASE is a sandbox."""
        problem = (
            "Sample payments are made in the Stripe sandbox only. Start it (python -m sandbox) and set "
            "STRIPE_API_BASE to its address; "
        )
        if not self._base:
            raise ValidationFailed(problem + "now STRIPE_API_BASE is not set, so calls would go to Stripe.")
        try:
            answer = self._session.get(f"{self._base}/_sandbox/health", timeout=5)
        except requests.RequestException as error:
            raise ValidationFailed(problem + f"nothing answers at {self._base}.") from error
        if not answer.ok:
            raise ValidationFailed(problem + f"{self._base} is not one.")
        if not self._key[0].startswith("sk_test_"):
            raise ValidationFailed("STRIPE_SECRET_KEY must be a test key (sk_test_…), never a live one.")

    def set_clock(self, moment: int) -> None:
        """Let the sandbox live in another time: what it makes next is created at this Unix time."""
        self._control("PUT", "clock", {"offset": moment - int(time.time())})

    def reset_clock(self) -> None:
        """Back to the present."""
        self._control("PUT", "clock", {"offset": 0})

    def pay(self, intent_id: str, card: str, authentication: str) -> Json:
        """Pay as a browser would, with a card number or token; the answer is the intent as it is then."""
        body = {"card": card} if card.isdigit() else {"payment_method": card}
        return self._control("POST", f"payment_intents/{intent_id}/pay", body | {"three_d_secure": authentication})

    def cancel(self, intent_id: str, reason: str) -> None:
        """Cancel an intent, as staff do on Stripe's dashboard."""
        self._stripe("POST", f"payment_intents/{intent_id}/cancel", {"cancellation_reason": reason})

    def dispute(self, intent_id: str, reason: str, *, inquiry: bool) -> None:
        """Let the bank of the customer ask for the money of an intent back."""
        charges = self._stripe("GET", "charges", {"payment_intent": intent_id})["data"]
        paid = next(charge for charge in charges if charge["status"] == ChargeStatus.SUCCEEDED)
        self._control("POST", f"charges/{paid['id']}/dispute", {"reason": reason, "inquiry": inquiry})

    def close_disputes(self, intent_id: str, outcome: str) -> None:
        """Let the bank decide on the disputes of an intent."""
        for dispute in self._stripe("GET", "disputes", {"payment_intent": intent_id})["data"]:
            self._control("POST", f"disputes/{dispute['id']}/close", {"outcome": outcome})

    def settle_refunds(self, intent_id: str) -> None:
        """Let the refunds of an intent end as their card decides."""
        for refund in self._stripe("GET", "refunds", {"payment_intent": intent_id})["data"]:
            self._control("POST", f"refunds/{refund['id']}/settle")

    def events(self, *, since: int, before: int) -> list[Json]:
        """The events created from one Unix time to just before another, oldest first."""
        objects: list[Json] = []
        params: Json = {"created[gte]": since, "created[lt]": before, "limit": _PAGE}
        while True:
            page = self._stripe("GET", "events", params)
            objects += page["data"]
            if not page["has_more"]:
                return objects[::-1]
            params["starting_after"] = page["data"][-1]["id"]

    def books(self) -> Iterator[Json]:
        """What every intent came to by the sandbox's own count, oldest first."""
        after: int | None = 0
        while after is not None:
            page = self._control("GET", f"books?limit={_PAGE}&after={after}")
            yield from page["data"]
            after = page["next"]

    def _control(self, method: str, path: str, body: Json | None = None) -> Json:
        return self._call(method, f"{self._base}/_sandbox/{path}", json=body)

    def _stripe(self, method: str, path: str, params: Json) -> Json:
        sent = {"params" if method == "GET" else "data": params}
        return self._call(method, f"{self._base}/v1/{path}", auth=self._key, **sent)

    def _call(self, method: str, url: str, **options: Any) -> Json:
        try:
            answer = self._session.request(method, url, timeout=_SECONDS, **options)
        except requests.RequestException as error:
            raise StripeUnavailable(f"The sandbox stopped answering at {self._base}.") from error
        if not answer.ok:
            raise StripeUnavailable(f"The sandbox refused {method} {url}: {answer.status_code} {answer.text[:300]}")
        body: Json = answer.json() if answer.content else {}
        return body
