"""Control of payments: what customers, banks and time do. README.md documents the bodies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from sandbox.behaviour import (
    attempts,
    dispute_rendering,
    disputes,
    method_types,
    offers,
    other_methods,
    payment_methods,
    refunds,
    rendering,
)
from sandbox.behaviour.attempts import ConfirmOptions
from sandbox.behaviour.cards import BY_TOKEN
from sandbox.behaviour.disputes import NewDispute
from sandbox.control import pages
from sandbox.control.body import body, outcome
from sandbox.core.errors import StripeError
from sandbox.core.origin import Origin
from sandbox.core.records import Intent, Json, PaymentMethod
from sandbox.core.sandbox import Sandbox
from sandbox.resources import payment_intents
from sandbox.versions import rendering as versions

_CONFIRMABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_OUTCOMES = frozenset({"complete", "fail", "abandon"})
# What days make of a payment that is not decided at once.
_LATER = ("succeeded", "failed", "expired", "processing")
_SETTLEMENTS = frozenset(
    {
        ("requires_action", "pending"),
        ("requires_action", "succeeded"),
        ("requires_action", "failed"),
        ("pending", "succeeded"),
        ("pending", "failed"),
        ("succeeded", "failed"),
    }
)
CARD_ERROR = "Sandbox-Card-Error"


@dataclass(frozen=True, slots=True)
class PaymentControl:
    """The endpoints for intents, disputes and refunds."""

    sandbox: Sandbox

    async def pay(self, request: web.Request) -> web.Response:
        """Pay as a browser would. Responds with 200 and the intent, even when the card was declined.

        A card that no bank could have issued does not change the intent; the header Sandbox-Card-Error has the code.
        """
        content = await body(request)
        result = content.get("three_d_secure", "complete")
        if result not in _OUTCOMES:
            raise ValueError("three_d_secure must be complete, fail or abandon")
        intent = self._intent(request, *_CONFIRMABLE)
        headers = {}
        try:
            method = self._method(content)
            offers.check_method(intent, method)
            if method.type != "card":
                self._pay_otherwise(request, intent, method, content)
            elif content.get("processing"):
                attempts.begin_processing(self.sandbox, intent, method, self._origin())
            else:
                options = replace(self._options(request, intent, content), captcha=bool(content.get("captcha")))
                attempts.confirm(self.sandbox, intent, method, options, self._origin())
                if intent.status == "requires_action" and result != "abandon":
                    attempts.complete_authentication(self.sandbox, intent, passed=result == "complete")
        except StripeError as error:
            if error.status != 402:
                raise
            headers[CARD_ERROR] = error.code or "card_declined"
        return self._answer(rendering.payment_intent(intent), headers)

    async def three_d_secure(self, request: web.Request) -> web.Response:
        """Complete or fail an open 3-D Secure request."""
        passed = await outcome(request, "complete", "fail") == "complete"
        intent = self._intent(request, "requires_action")
        headers = self._authenticate(intent, passed=passed)
        return self._answer(rendering.payment_intent(intent), headers)

    async def challenge_page(self, request: web.Request) -> web.Response:
        """The bank's page for 3-D Secure."""
        intent = self._intent(request)
        if intent.status != "requires_action":
            return web.Response(text=pages.challenge_done(intent), content_type="text/html")
        return web.Response(text=pages.challenge(intent), content_type="text/html")

    async def challenge_answer(self, request: web.Request) -> web.Response:
        """The buttons of that page: redirects to the shop's return_url if there is one. Cancel is a failure."""
        intent = self._intent(request)
        passed = (await request.post()).get("outcome") == "complete"
        if intent.status != "requires_action":
            return web.Response(text=pages.challenge_done(intent), content_type="text/html", status=409)
        next_action = intent.next_action or {}
        self._authenticate(intent, passed=passed)
        back = next_action.get("redirect_to_url", {}).get("return_url")
        if back:
            query = (
                f"payment_intent={intent.id}&payment_intent_client_secret={intent.client_secret}"
                f"&redirect_status={'succeeded' if intent.status == 'succeeded' else 'failed'}"
            )
            raise web.HTTPSeeOther(f"{back}{'&' if '?' in back else '?'}{query}")
        return web.Response(text=pages.challenge_done(intent), content_type="text/html")

    async def process(self, request: web.Request) -> web.Response:
        """What the customer, a bank or time make of an intent in processing, of a voucher, transfer or redirect."""
        result = await outcome(request, *_LATER)
        intent = self._intent(request, "processing", "requires_action")
        other_methods.finish(self.sandbox, intent, result)
        return self._answer(rendering.payment_intent(intent))

    async def dispute_charge(self, request: web.Request) -> web.Response:
        return self._dispute(request.match_info["id"], await body(request))

    async def dispute_intent(self, request: web.Request) -> web.Response:
        """The same on the latest charge of the ``payment_intent`` in the body."""
        content = await body(request)
        intent = payment_intents.find(self.sandbox.store, content["payment_intent"])
        return self._dispute(intent.latest_charge or "", content)

    def _dispute(self, charge_id: str, content: dict[str, Any]) -> web.Response:
        store = self.sandbox.store
        charge = store.charges.require(charge_id, param="charge")
        if charge.status != "succeeded" or not charge.captured:
            raise StripeError(409, "only a captured charge can be disputed")
        kind = content.get("kind", "inquiry" if content.get("inquiry") else "chargeback")
        if kind not in disputes.KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(disputes.KINDS))}")
        names = ("reason", "amount", "currency", "withdrawn", "refundable")
        new = NewDispute(kind=kind, **{name: content[name] for name in names if name in content})
        opened = disputes.open_dispute(self.sandbox, charge, new)
        return self._answer(dispute_rendering.dispute(opened, store))

    async def close_dispute(self, request: web.Request) -> web.Response:
        """Close a dispute as ``won``, ``lost`` or ``warning_closed``."""
        store = self.sandbox.store
        dispute = store.disputes.require(request.match_info["id"], param="dispute")
        result = await outcome(request, *(("warning_closed",) if dispute.inquiry else ("won", "lost")))
        if dispute.status not in disputes.OPEN:
            raise StripeError(409, f"the dispute is {dispute.status}")
        disputes.close_dispute(self.sandbox, dispute, result)
        return self._answer(dispute_rendering.dispute(dispute, store))

    async def settle_refund(self, request: web.Request) -> web.Response:
        """Move a refund on to ``pending``, ``succeeded`` or ``failed``; without a status, as its card determines."""
        content = await body(request)
        refund = self.sandbox.store.refunds.require(request.match_info["id"], param="refund")
        if "status" not in content:
            refunds.settle_by_card(self.sandbox, refund)
            return self._answer(rendering.refund(refund))
        status = content["status"]
        if status not in ("pending", "succeeded", "failed"):
            raise ValueError("status must be pending, succeeded or failed")
        if (refund.status, status) not in _SETTLEMENTS:
            raise StripeError(409, f"the refund is {refund.status}")
        refunds.settle(self.sandbox, refund, status, content.get("failure_reason", "unknown"))
        return self._answer(rendering.refund(refund))

    def _answer(self, rendered: Json, headers: dict[str, str] | None = None) -> web.Response:
        """An object in the account's version."""
        return web.json_response(versions.render(rendered, self.sandbox.settings.api_version), headers=headers)

    def _intent(self, request: web.Request, *allowed: str) -> Intent:
        """The intent of the path. Raises a 409 when its status is not one of the allowed ones, if there are any."""
        intent = payment_intents.find(self.sandbox.store, request.match_info["id"])
        if allowed and intent.status not in allowed:
            raise StripeError(409, f"the payment intent is {intent.status}")
        return intent

    def _method(self, content: dict[str, Any]) -> PaymentMethod:
        store, kind, wallet = self.sandbox.store, content.get("type", "card"), content.get("wallet")
        if kind != "card":
            if kind not in method_types.TYPES:
                raise ValueError(f"type must be card or one of {', '.join(method_types.TYPES)}")
            return payment_methods.of_type(store, kind)
        if "payment_method" in content:
            return payment_methods.named(store, content["payment_method"])
        if not content.get("card"):
            raise ValueError(
                f"card (a number), payment_method (one of {len(BY_TOKEN)} tokens, or an id) or type is required"
            )
        if wallet is not None and wallet not in method_types.WALLETS:
            raise ValueError(f"wallet must be one of {', '.join(method_types.WALLETS)}")
        card = {"number": content["card"], "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        method = payment_methods.from_data(store, {"type": "card", "card": card}, "card")
        method.wallet = wallet
        store.save(method)
        return method

    def _pay_otherwise(
        self, request: web.Request, intent: Intent, method: PaymentMethod, content: dict[str, Any]
    ) -> None:
        """Begin, and finish with the customer's ``answer``, or with the ``outcome`` that days would bring."""
        answer, outcome_ = content.get("answer", "complete"), content.get("outcome")
        if outcome_ not in {None, *_LATER}:
            raise ValueError(f"outcome must be one of {', '.join(_LATER)}")
        if answer not in _OUTCOMES:
            raise ValueError("answer must be complete, fail or abandon")
        other_methods.begin(
            self.sandbox,
            intent,
            method,
            self._options(request, intent, content),
            self._origin(),
            microdeposits=bool(content.get("microdeposits")),
        )
        if method_types.TYPES[method.type].flow == "redirect" and answer != "abandon":
            other_methods.finish(self.sandbox, intent, "succeeded" if answer == "complete" else "failed")
        elif outcome_ is not None:
            other_methods.finish(self.sandbox, intent, outcome_)

    def _options(self, request: web.Request, intent: Intent, content: dict[str, Any]) -> ConfirmOptions:
        base_url = f"{request.scheme}://{request.host}"
        return ConfirmOptions(payment_intents.challenge_url(base_url, intent.id), content.get("return_url"))

    def _origin(self) -> Origin:
        """The request that a browser would have made."""
        return Origin(f"req_{self.sandbox.store.token(14)}")

    def _authenticate(self, intent: Intent, *, passed: bool) -> dict[str, str]:
        method = self.sandbox.store.payment_methods.get(intent.payment_method)
        if method is not None and method.type != "card":
            other_methods.finish(self.sandbox, intent, "succeeded" if passed else "failed")
            return {}
        try:
            attempts.complete_authentication(self.sandbox, intent, passed=passed)
        except StripeError as error:
            return {CARD_ERROR: error.code or "card_declined"}
        return {}
