"""Payments of others: of another application in this account, of a connected account, of live mode.

README.md documents the bodies. An application's objects are as readable as our own; those of a connected account or
of live mode are not, so they live in a store that the API does not read, and only their events arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.behaviour import direct_charges, disputes
from sandbox.behaviour.cards import BY_TOKEN
from sandbox.behaviour.disputes import NewDispute
from sandbox.control.body import body
from sandbox.core.call import Call
from sandbox.core.errors import StripeError
from sandbox.core.origin import AUTOMATIC
from sandbox.core.records import Charge, Json
from sandbox.core.sandbox import Sandbox
from sandbox.core.store import Store
from sandbox.resources import payment_intents, refunds
from sandbox.webhooks import rendering
from sandbox.webhooks.event_log import snapshot_of

_CARD = "pm_card_visa"
_PAYMENT = frozenset({"amount", "currency", "metadata", "payment_intent", "refund", "dispute", "account", "livemode"})
_EVENT = frozenset({"type", "object", "changes", "account", "livemode"})


@dataclass(frozen=True, slots=True)
class ForeignControl:
    """The endpoints for what is not ours."""

    sandbox: Sandbox

    async def pay(self, request: web.Request) -> web.Response:
        """A payment that is not ours, with its events; refunded or disputed on request. Returns the ids."""
        content = await body(request)
        _check_names(content, _PAYMENT)
        sandbox = self._elsewhere(content)
        metadata = content.get("metadata", {"order_id": "1001", "payment_id": "77"})
        amount, currency = content.get("amount", 1000), content.get("currency", "usd")
        intent_id = None
        if content.get("payment_intent", True):
            intent_id = _paid_intent(sandbox, amount, currency, metadata)
            charge = sandbox.store.charges.by_id[sandbox.store.intents.by_id[intent_id].latest_charge or ""]
        else:
            number = BY_TOKEN[_CARD].number
            charge = direct_charges.charge_directly(sandbox, amount, currency, number, metadata)
        return web.json_response(
            {
                "payment_intent": intent_id,
                "charge": charge.id,
                "refund": _refunded(sandbox, charge, content.get("refund")),
                "dispute": _disputed(sandbox, charge) if content.get("dispute") else None,
            }
        )

    async def emit(self, request: web.Request) -> web.Response:
        """An event of any type with an object of ours, by id, or with a given JSON object. Returns the event.

        ``changes`` are laid over the object; ``account`` and ``livemode`` make it an event of others.
        """
        content = await body(request)
        _check_names(content, _EVENT)
        named = content["object"]
        snapshot = {**(named if isinstance(named, dict) else self._snapshot(named)), **content.get("changes", {})}
        event = self._elsewhere(content).events.emit(content["type"], snapshot)
        if event is None:
            raise StripeError(409, f"neither the account's version nor an endpoint's sends {content['type']} for this")
        return web.json_response(rendering.event(event))

    def _elsewhere(self, content: dict[str, Any]) -> Sandbox:
        """Where the objects live: in this account, or in a store that the API does not read."""
        account, livemode = content.get("account"), bool(content.get("livemode", False))
        if account is None and not livemode:
            return self.sandbox
        own = self.sandbox.store
        store = Store(own.seed)
        store.random, store.clock_offset = own.random, own.clock_offset
        return Sandbox(self.sandbox.settings, store, self.sandbox.events.elsewhere(store, account, livemode))

    def _snapshot(self, object_id: str) -> Json:
        store = self.sandbox.store
        for collection in store.collections().values():
            record = collection.get(object_id)
            if record is not None:
                return snapshot_of(record, store)
        raise ValueError(f"no object has the id {object_id}")


def _check_names(content: dict[str, Any], known: frozenset[str]) -> None:
    if unknown := content.keys() - known:
        raise ValueError(f"unknown field: {min(unknown)}")


def _paid_intent(sandbox: Sandbox, amount: int, currency: str, metadata: dict[str, str]) -> str:
    params: Json = {"amount": amount, "currency": currency, "metadata": metadata, "confirm": True}
    # Not payment_method_types: the account's version may be one that no longer takes them.
    params |= {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}, "payment_method": _CARD}
    return str(payment_intents.create(_call(sandbox, params))["id"])


def _refunded(sandbox: Sandbox, charge: Charge, amount: int | bool | None) -> str | None:
    """``true`` refunds all of it, a number as many minor units."""
    if not amount:
        return None
    params: Json = {"charge": charge.id} | ({} if amount is True else {"amount": amount})
    return str(refunds.create(_call(sandbox, params))["id"])


def _disputed(sandbox: Sandbox, charge: Charge) -> str:
    return disputes.open_dispute(sandbox, charge, NewDispute()).id


def _call(sandbox: Sandbox, params: Json) -> Call:
    return Call(sandbox, params, "", AUTOMATIC, publishable=False, base_url="")
