"""Control of payouts: the daily automatic one, and what the bank does. README.md documents the bodies."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from sandbox.behaviour import payouts
from sandbox.control.body import body
from sandbox.core.errors import StripeError
from sandbox.core.records import Payout
from sandbox.core.sandbox import Sandbox
from sandbox.versions import rendering as versions


@dataclass(frozen=True, slots=True)
class PayoutControl:
    """The endpoints for payouts."""

    sandbox: Sandbox

    async def pay_out(self, request: web.Request) -> web.Response:
        """Pay out all that is available in a ``currency``, as Stripe does daily."""
        currency = str((await body(request)).get("currency", "usd"))
        payout = payouts.pay_out_available(self.sandbox, currency)
        if payout is None:
            raise StripeError(409, f"nothing is available in {currency}")
        return self._answer(payout)

    async def proceed(self, request: web.Request) -> web.Response:
        """The bank gets the payout (``in_transit``), has ``paid`` it, or it ``failed`` with a ``failure_code``."""
        content = await body(request)
        payout = self.sandbox.store.payouts.require(request.match_info["id"], param="payout")
        status, code = content["outcome"], content.get("failure_code", "account_closed")
        if status not in payouts.FOLLOWS or code not in payouts.FAILURES:
            raise ValueError(f"outcome is {', '.join(payouts.FOLLOWS)}; failure_code is {', '.join(payouts.FAILURES)}")
        if payout.status not in payouts.FOLLOWS[status]:
            raise StripeError(409, f"the payout is {payout.status}")
        payouts.proceed(self.sandbox, payout, status, code)
        return self._answer(payout)

    def _answer(self, payout: Payout) -> web.Response:
        return web.json_response(versions.render(payouts.payout(payout), self.sandbox.settings.api_version))
