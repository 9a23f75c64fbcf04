"""Payment methods: what may be kept of one, and what Stripe's ``next_action`` asks of the customer.

A payment method is a card, a bank debit, a redirect to a bank or wallet, a voucher or a bank transfer; its ``type`` is
Stripe's word. Sources: docs.stripe.com/api/charges/object (``payment_method_details``), /payments/payment-methods,
/payments/vouchers, /payments/bank-transfers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from app.domain.payments.joins import fill
from app.domain.payments.states import Status


class MethodKind(Status):
    """How a type of payment method is paid."""

    CARD = "card"
    DEBIT = "debit"
    REDIRECT = "redirect"
    VOUCHER = "voucher"
    TRANSFER = "transfer"


# Every type that Stripe names for charges and takes online; figures and filters know no others.
_KINDS = {
    **dict.fromkeys(("card", "link"), MethodKind.CARD),
    **dict.fromkeys(
        "acss_debit au_becs_debit bacs_debit nz_bank_account payto sepa_debit us_bank_account".split(), MethodKind.DEBIT
    ),
    **dict.fromkeys(("boleto", "konbini", "multibanco", "oxxo"), MethodKind.VOUCHER),
    "customer_balance": MethodKind.TRANSFER,
    **dict.fromkeys(
        """affirm afterpay_clearpay alipay alma amazon_pay bancontact billie bizum blik cashapp crypto eps fpx giropay
        grabpay ideal kakao_pay klarna kr_card mb_way mobilepay naver_pay p24 pay_by_bank payco paynow paypal paypay pix
        promptpay revolut_pay samsung_pay satispay scalapay sequra sofort sunbit swish twint upi wechat_pay
        zip""".split(),
        MethodKind.REDIRECT,
    ),
}
OTHER_TYPE, NO_TYPE = "other", "unknown"
METHOD_TYPES = (*sorted(_KINDS.keys() - {"link"}), OTHER_TYPE, NO_TYPE)
# A link is a card that the customer keeps at Stripe.
_CARDS = frozenset({"card", "link"})
# What Stripe asks of the customer where a card has to be authenticated; redirects serve other methods as well.
_IN_BROWSER = "use_stripe_sdk"
_AUTHENTICATIONS = frozenset({_IN_BROWSER, "redirect_to_url"})
# Actions of one type alone (docs.stripe.com/api/payment_intents/object#payment_intent_object-next_action).
_TYPE_BY_ACTION = {
    "alipay_handle_redirect": "alipay",
    "blik_authorize": "blik",
    "boleto_display_details": "boleto",
    "card_await_notification": "card",
    "cashapp_handle_redirect_or_display_qr_code": "cashapp",
    "display_bank_transfer_instructions": "customer_balance",
    "klarna_display_qr_code": "klarna",
    "konbini_display_details": "konbini",
    "multibanco_display_details": "multibanco",
    "oxxo_display_details": "oxxo",
    "paynow_display_qr_code": "paynow",
    "pix_display_qr_code": "pix",
    "promptpay_display_qr_code": "promptpay",
    "swish_handle_redirect_or_display_qr_code": "swish",
    "upi_handle_redirect_or_display_qr_code": "upi",
    "wechat_pay_display_qr_code": "wechat_pay",
    "wechat_pay_redirect_to_android_app": "wechat_pay",
    "wechat_pay_redirect_to_ios_app": "wechat_pay",
}


@dataclass(frozen=True, slots=True)
class Card:
    """The part of a card that may be stored and displayed (DESIGN section 2)."""

    brand: str | None
    last4: str | None
    country: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """What may be stored and displayed of a payment method (DESIGN section 2).

    ``type`` and ``wallet`` are Stripe's words (``sepa_debit``, ``apple_pay``), ``bank`` is the bank's name or code.
    """

    type: str
    wallet: str | None = None
    brand: str | None = None
    last4: str | None = None
    country: str | None = None
    funding: str | None = None
    bank: str | None = None

    @classmethod
    def of_card(cls, card: Card | None) -> PaymentMethod | None:
        """All that records of earlier versions say of the method; None where they say nothing."""
        return cls(type="card", brand=card.brand, last4=card.last4, country=card.country) if card else None

    @classmethod
    def of_action(cls, action: str | None) -> PaymentMethod | None:
        """All that an action says of the method, while nothing else does; None where several types share it."""
        kind = _TYPE_BY_ACTION.get(action or "")
        return cls(type=kind) if kind else None

    @property
    def kind(self) -> MethodKind | None:
        """How it is paid; None for a type that Stripe adds later."""
        return _KINDS.get(self.type)

    @property
    def is_card(self) -> bool:
        """True for cards, those in a wallet and those that Link keeps included."""
        return self.type in _CARDS


class Waiting(Status):
    """What an open attempt waits for."""

    AUTHENTICATION = "authentication"
    CUSTOMER = "customer"
    VOUCHER = "voucher"
    BANK_TRANSFER = "bank_transfer"
    VERIFICATION = "verification"

    @classmethod
    def of(cls, action: str | None, method: PaymentMethod | None) -> Waiting:
        """What an action asked of the customer waits for; ``action`` is ``next_action.type``."""
        if authenticates(action, method):
            return cls.AUTHENTICATION
        return _WAITING_BY_ACTION.get(action or "", cls.CUSTOMER)


_WAITING_BY_ACTION = {
    "boleto_display_details": Waiting.VOUCHER,
    "konbini_display_details": Waiting.VOUCHER,
    "multibanco_display_details": Waiting.VOUCHER,
    "oxxo_display_details": Waiting.VOUCHER,
    "display_bank_transfer_instructions": Waiting.BANK_TRANSFER,
    "verify_with_microdeposits": Waiting.VERIFICATION,
}


def counted_type(stripe_type: str | None) -> str:
    """The type under which figures and filters have a payment, one of METHOD_TYPES: Link counts as a card."""
    if stripe_type is None:
        return NO_TYPE
    if stripe_type in _CARDS:
        return "card"
    return stripe_type if stripe_type in _KINDS else OTHER_TYPE


def join_methods(old: PaymentMethod | None, new: PaymentMethod | None) -> PaymentMethod | None:
    """What is known of one payment method; each detail fills a gap."""
    if old is None or new is None or old == new:
        return new if old is None else old
    known = {f.name: fill(getattr(old, f.name), getattr(new, f.name)) for f in fields(PaymentMethod)}
    return replace(old, **{name: value for name, value in known.items() if value is not None})


def authenticates(action: str | None, method: PaymentMethod | None) -> bool:
    """Whether an action that Stripe asked of the customer was 3-D Secure.

    The action decides with the type of the method. Where nobody says the type, only the browser SDK's action is a
    card's; a redirect may as well lead to a bank's or a wallet's own page. Records of earlier versions name no action
    and count as they did then.
    """
    if method is not None and not method.is_card:
        return False
    if action is None:
        return True
    return action in _AUTHENTICATIONS if method is not None else action == _IN_BROWSER
