"""Control of what card issuers and Radar report: early fraud warnings and reviews. README.md documents the bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.behaviour import radar, radar_rendering
from sandbox.control.body import body, outcome
from sandbox.core.errors import StripeError
from sandbox.core.records import Charge
from sandbox.core.sandbox import Sandbox
from sandbox.resources import payment_intents

_FRAUD_TYPES = (
    "card_never_received",
    "fraudulent_card_application",
    "made_with_counterfeit_card",
    "made_with_lost_card",
    "made_with_stolen_card",
    "misc",
    "unauthorized_use_of_card",
)
_OPENED_REASONS = ("rule", "manual")
_CLOSED_REASONS = ("approved", "refunded", "refunded_as_fraud", "disputed", "redacted")


@dataclass(frozen=True, slots=True)
class RadarControl:
    """The endpoints for early fraud warnings and reviews."""

    sandbox: Sandbox

    async def warn(self, request: web.Request) -> web.Response:
        """The issuer reports a charge (of the path) or the latest charge of a ``payment_intent`` as fraudulent."""
        content = await body(request)
        charge = self._charge(request, content)
        fraud_type = _choice(content, "fraud_type", _FRAUD_TYPES, "made_with_stolen_card")
        warning = radar.warn(self.sandbox, charge, fraud_type)
        return web.json_response(radar_rendering.early_fraud_warning(warning))

    async def open_review(self, request: web.Request) -> web.Response:
        """Put a charge up for review."""
        content = await body(request)
        charge = self._charge(request, content)
        review = radar.open_review(self.sandbox, charge, _choice(content, "opened_reason", _OPENED_REASONS, "rule"))
        return web.json_response(radar_rendering.review(review))

    async def close_review(self, request: web.Request) -> web.Response:
        """Close an open review for the reason that is the ``outcome``."""
        review = self.sandbox.store.reviews.require(request.match_info["id"], param="review")
        reason = await outcome(request, *_CLOSED_REASONS)
        if review.closed_reason is not None:
            raise StripeError(409, f"the review is closed: {review.closed_reason}")
        radar.close_review(self.sandbox, review, reason)
        return web.json_response(radar_rendering.review(review))

    def _charge(self, request: web.Request, content: dict[str, Any]) -> Charge:
        store = self.sandbox.store
        charge_id = request.match_info.get("id")
        if charge_id is None:
            charge_id = payment_intents.find(store, content["payment_intent"]).latest_charge or ""
        charge = store.charges.require(charge_id, param="charge")
        if charge.status != "succeeded":
            raise StripeError(409, f"the charge is {charge.status}")
        return charge


def _choice(content: dict[str, Any], name: str, words: tuple[str, ...], default: str) -> str:
    word = str(content.get(name, default))
    if word not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}")
    return word
