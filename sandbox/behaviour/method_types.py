"""Payment methods other than cards: how each is paid, and what Stripe says of it.

Sources: docs.stripe.com/payments/payment-methods, /payments/bank-debits, /payments/vouchers, /payments/bank-transfers;
facts §17. What the account has switched on is every type of the table that takes the currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.core.records import Json

_DAY = 86_400
_EUROPE = ("eur",)


@dataclass(frozen=True, slots=True)
class MethodType:
    """One type of payment method.

    ``flow``: ``immediate`` (paid at once), ``redirect`` (paid at once after the customer's action: a page of a bank or
    wallet, or a code to scan), ``delayed`` (processing for days), ``voucher`` and ``transfer`` (the customer pays days
    later). ``action`` is ``next_action.type``. ``details`` are those of a charge, ``own`` those of a payment method.
    ``failure`` is the code of a charge that failed; ``holds`` whether it can be captured later; ``since`` the first
    API version that takes it.
    """

    name: str
    flow: str
    currencies: tuple[str, ...]
    action: str | None = None
    details: Json = field(default_factory=dict)
    own: Json = field(default_factory=dict)
    failure: str = "payment_method_provider_decline"
    holds: bool = False
    since: str = ""

    @property
    def waits(self) -> bool:
        """True where days pass between the customer's choice and the payment."""
        return self.flow in ("voucher", "transfer")


_SEPA = {
    "bank_code": "37040044",
    "branch_code": "",
    "country": "DE",
    "fingerprint": "JGfwK8Ohgx27U5ip",
    "last4": "3000",
}
_ACH: Json = {
    "account_holder_type": "individual",
    "account_type": "checking",
    "bank_name": "STRIPE TEST BANK",
    "fingerprint": "FFDMA0xfhBjWSZLu",
    "last4": "6789",
    "routing_number": "110000000",
}
_IDEAL = {"bank": "ing", "bic": "INGBNL2A"}
_BANCONTACT = {"bank_code": "VAPE", "bank_name": "VAN DE PUT & CO", "bic": "VAPEBE22", "iban_last4": "7061"}

TYPES = {
    kind.name: kind
    for kind in (
        MethodType(
            "link", "immediate", ("usd", "eur", "gbp"), details={"country": "US"}, own={"email": None}, holds=True
        ),
        MethodType(
            "sepa_debit",
            "delayed",
            _EUROPE,
            details={**_SEPA, "mandate": None},
            own={**_SEPA, "generated_from": {"charge": None, "setup_attempt": None}},
            failure="insufficient_funds",
        ),
        MethodType(
            "us_bank_account",
            "delayed",
            ("usd",),
            action="verify_with_microdeposits",
            details=_ACH,
            own={
                **_ACH,
                "financial_connections_account": None,
                "networks": {"preferred": "ach", "supported": ["ach"]},
                "status_details": {},
            },
            failure="debit_not_authorized",
        ),
        MethodType(
            "ideal",
            "redirect",
            _EUROPE,
            action="redirect_to_url",
            details={
                **_IDEAL,
                "generated_sepa_debit": None,
                "generated_sepa_debit_mandate": None,
                "iban_last4": "5264",
                "verified_name": "Jenny Rosen",
            },
            own=_IDEAL,
        ),
        MethodType(
            "bancontact",
            "redirect",
            _EUROPE,
            action="redirect_to_url",
            details={
                **_BANCONTACT,
                "generated_sepa_debit": None,
                "generated_sepa_debit_mandate": None,
                "preferred_language": "en",
                "verified_name": "Jenny Rosen",
            },
        ),
        MethodType(
            "klarna",
            "redirect",
            ("usd", "eur", "gbp", "sek"),
            action="redirect_to_url",
            details={"payment_method_category": "pay_later", "preferred_locale": "en-US"},
            own={"dob": None},
            holds=True,
        ),
        MethodType(
            "cashapp",
            "redirect",
            ("usd",),
            action="cashapp_handle_redirect_or_display_qr_code",
            details={"buyer_id": "buyer_1", "cashtag": "$jenny"},
            own={"buyer_id": "buyer_1", "cashtag": "$jenny"},
            holds=True,
        ),
        MethodType(
            "wechat_pay",
            "redirect",
            ("usd", "eur", "gbp", "cny", "jpy"),
            action="wechat_pay_display_qr_code",
            details={"fingerprint": None, "transaction_id": "4200001234"},
        ),
        MethodType(
            "pix",
            "redirect",
            ("brl",),
            action="pix_display_qr_code",
            details={"bank_transaction_id": "E1234567820261128"},
        ),
        MethodType("oxxo", "voucher", ("mxn",), action="oxxo_display_details", details={"number": "12345678901234"}),
        MethodType(
            "boleto",
            "voucher",
            ("brl",),
            action="boleto_display_details",
            details={"tax_id": "000.000.000-00"},
            own={"tax_id": "000.000.000-00"},
        ),
        MethodType(
            "konbini", "voucher", ("jpy",), action="konbini_display_details", details={"store": {"chain": "lawson"}}
        ),
        MethodType(
            "multibanco",
            "voucher",
            _EUROPE,
            action="multibanco_display_details",
            details={"entity": "11249", "reference": "123456789"},
            since="2024-06-20",
        ),
        MethodType(
            "customer_balance",
            "transfer",
            ("usd", "eur", "gbp", "jpy", "mxn"),
            action="display_bank_transfer_instructions",
        ),
    )
}
# Where refunds go that do not go back to the method itself (``destination_details.type`` of a refund).
REFUNDED_TO = {
    **dict.fromkeys(("sepa_debit", "ideal", "bancontact"), "eu_bank_transfer"),
    "boleto": "br_bank_transfer",
    "customer_balance": "customer_cash_balance",
    "konbini": "jp_bank_transfer",
    "oxxo": "mx_bank_transfer",
    "us_bank_account": "us_bank_transfer",
}
# Cards in a wallet stay cards (``card.wallet.type``).
WALLETS = ("apple_pay", "google_pay", "link")


def available(currency: str, version: str, *, redirects: bool = True, customer: bool = False) -> list[str]:
    """What an intent with automatic payment methods offers; a bank transfer needs a customer."""
    offered = [
        kind.name
        for kind in TYPES.values()
        if currency in kind.currencies
        and version >= kind.since
        and (redirects or kind.action != "redirect_to_url")
        and (customer or kind.flow != "transfer")
    ]
    return ["card", *offered]


def next_action(kind: MethodType, url: str, return_url: str | None, amount: int, currency: str, now: int) -> Json:
    """``next_action`` of an intent that waits for the customer; ``url`` stands for every page of Stripe's."""
    code = {"image_url_png": f"{url}.png", "image_url_svg": f"{url}.svg"}
    contents: dict[str, Json] = {
        "redirect_to_url": {"return_url": return_url, "url": url},
        "cashapp_handle_redirect_or_display_qr_code": {
            "hosted_instructions_url": url,
            "mobile_auth_url": url,
            "qr_code": {**code, "expires_at": now + 600},
        },
        "wechat_pay_display_qr_code": {
            **code, "data": url, "hosted_instructions_url": url, "image_data_url": "data:image/png;base64,"
        },
        "pix_display_qr_code": {**code, "data": url, "expires_at": now + _DAY, "hosted_instructions_url": url},
        "oxxo_display_details": {"expires_after": now + 3 * _DAY, "hosted_voucher_url": url, "number": "123456789012"},
        "boleto_display_details": {"expires_at": now + 3 * _DAY, "hosted_voucher_url": url, "number": "01", "pdf": url},
        "konbini_display_details": {
            "expires_at": now + 3 * _DAY,
            "hosted_voucher_url": url,
            "stores": {"familymart": None, "lawson": None, "ministop": None, "seicomart": None},
        },
        "multibanco_display_details": {
            "entity": "11249", "expires_at": now + 7 * _DAY, "hosted_voucher_url": url, "reference": "123456789"
        },
        "display_bank_transfer_instructions": {
            "amount_remaining": amount,
            "currency": currency,
            "hosted_instructions_url": url,
            "reference": "X9RGT7JR",
            "type": "eu_bank_transfer" if currency == "eur" else "us_bank_transfer",
        },
        "verify_with_microdeposits": {
            "arrival_date": now + 2 * _DAY, "hosted_verification_url": url, "microdeposit_type": "descriptor_code"
        },
    }  # fmt: skip
    action = kind.action or ""
    return {"type": action, action: contents[action]}
