"""``expand[]``: ids in a response become objects. Source: docs.stripe.com/api/expanding_objects; facts §9."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.behaviour import dispute_rendering, payouts, radar_rendering, rendering
from sandbox.core.errors import invalid
from sandbox.core.lists import DEFAULT_LIMIT, Page, rendered
from sandbox.core.records import Json
from sandbox.core.store import Store

MAX_DEPTH = 4

# For each type of object, the fields that hold an id, and the type of that id's object. None: always null here.
_FIELDS: dict[str, dict[str, str | None]] = {
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "review": "review",
        **dict.fromkeys(("application", "invoice", "on_behalf_of", "source")),
    },
    "charge": {
        "balance_transaction": "balance_transaction",
        "customer": "customer",
        "payment_intent": "payment_intent",
        "refunds": "refund_list",
        "review": "review",
        **dict.fromkeys("application application_fee failure_balance_transaction invoice on_behalf_of".split()),
    },
    "refund": {
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
        **dict.fromkeys(("source_transfer_reversal", "transfer_reversal")),
    },
    "refund_list": {"data": "refund"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "radar.early_fraud_warning": {"charge": "charge", "payment_intent": "payment_intent"},
    "review": {"charge": "charge", "payment_intent": "payment_intent"},
    "payment_method": {"customer": "customer"},
    "balance_transaction": {"source": "source"},
    "customer": dict.fromkeys(("default_source", "test_clock")),
    "source": {},
    "event": {},
    "webhook_endpoint": {},
    "account": {},
    "balance": {},
    "file": {},
    "payout": {
        "balance_transaction": "balance_transaction",
        "failure_balance_transaction": "balance_transaction",
        **dict.fromkeys(("original_payout", "reversed_by")),
    },
}


def check(paths: list[str], kind: str, *, is_list: bool) -> set[str]:
    """The types of the objects to expand. Raises a 400 for an invalid path, before any work."""
    expanded: set[str] = set()
    for path in paths:
        steps = path.split(".")
        if len(steps) > MAX_DEPTH + is_list:
            raise invalid(
                f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}", param="expand"
            )
        at: str | None = kind
        for number, step in enumerate(steps):
            if is_list and number == 0:
                if step != "data":
                    hint = f" You may want to try expanding 'data.{path}' instead."
                    raise _rejected(path, hint if step in _FIELDS[kind] else "")
                continue
            if at is None or step not in _FIELDS[at]:
                raise _rejected(path)
            at = _FIELDS[at][step]
            if at is not None:
                expanded.add(at)
    return expanded


def _rejected(path: str, hint: str = "") -> Exception:
    return invalid(f"This property cannot be expanded ({path}).{hint}", param="expand")


def expand(response: Json, paths: list[str], store: Store) -> Json:
    """The response with every path expanded in place; ``check`` has accepted the paths."""
    for path in paths:
        _expand(response, path.split("."), store)
    return response


def _expand(node: Any, steps: list[str], store: Store) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(item, steps, store)
        return
    if not steps or not isinstance(node, dict):
        return
    name = steps[0]
    if name == "refunds" and node["object"] == "charge" and node["refunds"] is None:
        node["refunds"] = _refunds_of(node["id"], store)
    elif isinstance(node.get(name), str):
        node[name] = _load(node[name], store)
    _expand(node.get(name), steps[1:], store)


def _refunds_of(charge_id: str, store: Store) -> Json:
    refunds = store.refunds.matching("charge", charge_id)[::-1]
    newest = Page(refunds[:DEFAULT_LIMIT], len(refunds) > DEFAULT_LIMIT)
    return rendered(f"/v1/charges/{charge_id}/refunds", newest, rendering.refund)


_LOADERS: dict[str, Callable[[str, Store], Json]] = {
    "pi": lambda name, store: rendering.payment_intent(store.intents.by_id[name]),
    "ch": lambda name, store: rendering.charge(store.charges.by_id[name], store),
    "re": lambda name, store: rendering.refund(store.refunds.by_id[name]),
    "dp": lambda name, store: dispute_rendering.dispute(store.disputes.by_id[name], store),
    "prv": lambda name, store: radar_rendering.review(store.reviews.by_id[name]),
    "pm": lambda name, store: rendering.payment_method(store.payment_methods.by_id[name]),
    "cus": lambda name, store: rendering.customer(store.customers.by_id[name]),
    "po": lambda name, store: payouts.payout(store.payouts.by_id[name]),
    "txn": lambda name, store: dispute_rendering.balance_transaction(store.balance_transactions.by_id[name], store),
}


# Charges and refunds of payment methods that are no cards.
_LOADERS |= {"py": _LOADERS["ch"], "pyr": _LOADERS["re"]}


def _load(name: str, store: Store) -> Json:
    return _LOADERS[name.split("_", 1)[0]](name, store)
