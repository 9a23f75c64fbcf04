"""Payment methods: cards by test number or ``pm_card_*`` token, each use of which makes a new one; others by type.

Source: docs.stripe.com/api/payment_methods, /testing; facts §11.
"""

from __future__ import annotations

import time
from typing import Any

from sandbox.behaviour import rendering
from sandbox.behaviour.cards import BY_NUMBER, BY_TOKEN, decline_message, passes_luhn
from sandbox.behaviour.method_types import TYPES
from sandbox.core.call import Call
from sandbox.core.errors import StripeError, invalid, missing
from sandbox.core.lists import page, rendered
from sandbox.core.records import Json, PaymentMethod
from sandbox.core.store import Store

_CARD_TOKENS = {token.replace("pm_card_", "tok_", 1): card for token, card in BY_TOKEN.items()}


def requested(store: Store, params: dict[str, Any]) -> PaymentMethod | None:
    """The method of ``payment_method`` or ``payment_method_data``, created if need be; None without either."""
    if "payment_method_data" in params:
        return from_data(store, params["payment_method_data"], "payment_method_data[card]")
    return named(store, params["payment_method"]) if "payment_method" in params else None


def named(store: Store, name: str) -> PaymentMethod:
    """The method with this id, or a new one for a token. Raises a 400 resource_missing."""
    if name in BY_TOKEN:
        return of_number(store, BY_TOKEN[name].number)
    return store.payment_methods.require(name, param="payment_method", status=400)


def attached(call: Call, url: str, customer: str) -> Json:
    """A page of the payment methods of a customer, all or of one ``type``."""
    kind = call.params.get("type")

    def keep(method: PaymentMethod) -> bool:
        return method.customer == customer and kind in (None, method.type)

    methods = call.store.payment_methods
    return rendered(url, page(methods, [methods.all], call.params, keep), rendering.payment_method)


def of_number(store: Store, number: str, **fields: Any) -> PaymentMethod:
    """A new payment method with the number of a test card."""
    method = PaymentMethod(**store.header("pm"), number=number, **fields)
    return store.insert(store.payment_methods, method)


def of_type(store: Store, kind: str, **fields: Any) -> PaymentMethod:
    """A new payment method of a type that is no card."""
    return store.insert(store.payment_methods, PaymentMethod(**store.header("pm"), type=kind, **fields))


def from_data(store: Store, data: dict[str, Any], path: str) -> PaymentMethod:
    """A new method from card details. ``path`` is the card's path in the request, for ``param``.

    Raises a 402 card_error for a wrong number, date or CVC, and for a number that is not a test card.
    """
    kind = data.get("type")
    billing = {"billing_details": data.get("billing_details") or {}, "metadata": data.get("metadata") or {}}
    if kind in TYPES:
        return of_type(store, kind, **billing)
    if kind != "card":
        raise invalid(f"The payment method type provided: {kind} is invalid.", param="type")
    card = data.get("card")
    if not card:
        raise invalid(f"Missing required param: {path}.", param=path, code="parameter_missing")
    if "token" in card:
        card_of_token = _CARD_TOKENS.get(card["token"])
        if card_of_token is None:
            raise missing("token", card["token"], param=f"{path}[token]", status=400)
        return of_number(store, card_of_token.number, **billing)
    for name in ("number", "exp_month", "exp_year"):
        if name not in card:
            raise invalid(f"Missing required param: {path}[{name}].", param=f"{path}[{name}]", code="parameter_missing")
    number = card["number"].replace(" ", "").replace("-", "")
    _check_card(number, card, path)
    return of_number(
        store,
        number,
        exp_month=card["exp_month"],
        exp_year=_full_year(card["exp_year"]),
        cvc_given=bool(card.get("cvc")),
        **billing,
    )


def _check_card(number: str, card: dict[str, Any], path: str) -> None:
    if not number.isdecimal() or not number.isascii() or not 12 <= len(number) <= 19 or not passes_luhn(number):
        raise _rejected("incorrect_number", decline_message("incorrect_number", None), f"{path}[number]")
    if not 1 <= card["exp_month"] <= 12:
        text = "Your card's expiration month is invalid."
        raise _rejected("invalid_expiry_month", text, f"{path}[exp_month]")
    today = time.gmtime()
    year = _full_year(card["exp_year"])
    if year > today.tm_year + 50 or (year, card["exp_month"]) < (today.tm_year, today.tm_mon):
        text = "Your card's expiration year is invalid."
        raise _rejected("invalid_expiry_year", text, f"{path}[exp_year]")
    cvc = card.get("cvc")
    if cvc and (not cvc.isdecimal() or len(cvc) not in (3, 4)):
        raise _rejected("invalid_cvc", "Your card's security code is invalid.", f"{path}[cvc]")
    if number not in BY_NUMBER:
        raise StripeError(
            402,
            "Your card was declined. Your request was in test mode, but used a non test card. "
            "For a list of valid test cards, visit: https://stripe.com/docs/testing.",
            kind="card_error",
            code="card_declined",
            decline_code="test_mode_live_card",
            param=f"{path}[number]",
        )


def _full_year(year: int) -> int:
    return year + 2000 if year < 100 else year


def _rejected(code: str, message: str, param: str) -> StripeError:
    return StripeError(402, message, kind="card_error", code=code, param=param)
