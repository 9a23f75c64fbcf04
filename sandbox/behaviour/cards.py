"""Stripe's test cards: number, ``pm_card_*`` tokens and behaviour.

Source: docs.stripe.com/testing, facts §11. Where the behaviour depends on the account's settings, Stripe's default
applies. 4242424242424241 is not listed: like any wrong number, it fails the Luhn check.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CardDispute:
    """A dispute that follows a payment; an inquiry withdraws no money."""

    reason: str
    inquiry: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A test card.

    ``decline`` is (code, decline_code). ``three_d_secure``: ``unenrolled`` (no challenge), ``always``,
    ``unless_set_up``, ``set_up`` (off-session is exempt), ``lookup_fails``, ``optional``, ``optional_error``,
    ``frictionless``, ``not_supported``. ``checks`` are the results for address line 1, postal code and CVC when
    they are sent. ``refund`` is ``pending`` or ``fails`` for refunds whose status changes later.
    """

    number: str
    tokens: tuple[str, ...] = ()
    brand: str = "visa"
    networks: tuple[str, ...] = ()
    funding: str = "credit"
    country: str = "US"
    decline: tuple[str, str | None] | None = None
    needs_cvc: bool = False
    risk: str = "normal"
    blocked: bool = False
    checks: tuple[str, str, str] = ("pass", "pass", "pass")
    three_d_secure: str = "unenrolled"
    disputes: tuple[CardDispute, ...] = ()
    fraud_warning: bool = False
    refund: str | None = None
    bypass_pending: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        """Derived from the number."""
        return hashlib.sha256(self.number.encode()).hexdigest()[:16]


# Declines as (code, decline_code).
DECLINED, NO_FUNDS = ("card_declined", "generic_decline"), ("card_declined", "insufficient_funds")
FRAUDULENT, NOT_RECEIVED = CardDispute("fraudulent"), CardDispute("product_not_received")

CARDS = (
    Card("4242424242424242", ("pm_card_visa",)),
    Card("4000056655665556", ("pm_card_visa_debit",), funding="debit"),
    Card("5555555555554444", ("pm_card_mastercard",), brand="mastercard"),
    Card("2223003122003222", (), brand="mastercard"),
    Card("5200828282828210", ("pm_card_mastercard_debit",), brand="mastercard", funding="debit"),
    Card("5105105105105100", ("pm_card_mastercard_prepaid",), brand="mastercard", funding="prepaid"),
    Card(
        "378282246310005",
        ("pm_card_amex", "pm_card_amex_threeDSecureNotSupported"),
        brand="amex",
        three_d_secure="not_supported",
    ),
    Card("371449635398431", (), brand="amex", three_d_secure="not_supported"),
    Card("6011111111111117", ("pm_card_discover",), brand="discover"),
    Card("6011000990139424", (), brand="discover"),
    Card("6011981111111113", (), brand="discover", funding="debit"),
    Card("3056930009020004", ("pm_card_diners",), brand="diners"),
    Card("36227206271667", (), brand="diners"),
    Card("6555900000604105", (), brand="discover"),
    Card("3566002020360505", ("pm_card_jcb",), brand="jcb"),
    Card("6200000000000005", ("pm_card_unionpay",), brand="unionpay"),
    Card("6200000000000047", (), brand="unionpay", funding="debit"),
    Card("6205500000000000004", (), brand="unionpay"),
    Card("4000002500001001", ("pm_card_visa_cartesBancaires",), networks=("cartes_bancaires", "visa"), country="FR"),
    Card(
        "5555552500001001",
        ("pm_card_mastercard_cartesBancaires",),
        brand="mastercard",
        networks=("cartes_bancaires", "mastercard"),
        country="FR",
    ),
    Card("4000008260000000", ("pm_card_gb",), country="GB"),
    Card("4000002760000016", ("pm_card_de",), country="DE"),
    Card("4000002500000003", ("pm_card_fr",), country="FR"),
    Card("4000007240000007", ("pm_card_es",), country="ES"),
    Card("4000005280000002", ("pm_card_nl",), country="NL"),
    Card("4000003800000008", ("pm_card_it",), country="IT"),
    Card("4000003720000005", ("pm_card_ie",), country="IE"),
    Card("4000001240000000", ("pm_card_ca",), country="CA"),
    Card("4000000760000002", ("pm_card_br",), country="BR"),
    Card("4000003560000008", ("pm_card_in",), country="IN"),
    Card("4000003920000003", ("pm_card_jp",), country="JP"),
    Card("4000000360000006", ("pm_card_au",), country="AU"),
    Card("4000000000000002", ("pm_card_visa_chargeDeclined",), decline=DECLINED),
    Card("4000000000009995", ("pm_card_visa_chargeDeclinedInsufficientFunds",), decline=NO_FUNDS),
    Card("4000000000009987", ("pm_card_visa_chargeDeclinedLostCard",), decline=("card_declined", "lost_card")),
    Card("4000000000009979", ("pm_card_visa_chargeDeclinedStolenCard",), decline=("card_declined", "stolen_card")),
    Card("4000000000000069", ("pm_card_chargeDeclinedExpiredCard",), decline=("expired_card", None)),
    Card(
        "4000000000000127",
        ("pm_card_chargeDeclinedIncorrectCvc",),
        decline=("incorrect_cvc", None),
        needs_cvc=True,
        checks=("unchecked", "unchecked", "fail"),
    ),
    Card("4000000000000119", ("pm_card_chargeDeclinedProcessingError",), decline=("processing_error", None)),
    Card(
        "4000000000006975",
        ("pm_card_visa_chargeDeclinedVelocityLimitExceeded",),
        decline=("card_declined", "card_velocity_exceeded"),
    ),
    Card("4000000000000341", ("pm_card_chargeCustomerFail",), decline=DECLINED),
    Card(
        "4100000000000019",
        ("pm_card_radarBlock",),
        decline=("card_declined", "fraudulent"),
        risk="highest",
        blocked=True,
    ),
    Card("4000000000004954", ("pm_card_riskLevelHighest",), risk="highest"),
    Card("4000000000009235", ("pm_card_riskLevelElevated",), risk="elevated"),
    Card("4000000000000101", ("pm_card_cvcCheckFail",), checks=("pass", "pass", "fail")),
    Card("4000000000000036", ("pm_card_avsZipFail",), checks=("pass", "fail", "pass")),
    Card("4000000000000028", ("pm_card_avsLine1Fail",), checks=("fail", "pass", "pass")),
    Card("4000000000000010", ("pm_card_avsFail",), checks=("fail", "fail", "pass")),
    Card("4000000000000044", ("pm_card_avsUnchecked",), checks=("unavailable", "unavailable", "pass")),
    Card("4000000000000259", ("pm_card_createDispute",), disputes=(FRAUDULENT,)),
    Card("4000000000002685", ("pm_card_createDisputeProductNotReceived",), disputes=(NOT_RECEIVED,)),
    Card("4000000000001976", ("pm_card_createDisputeInquiry",), disputes=(CardDispute("fraudulent", inquiry=True),)),
    Card("4000000000005423", ("pm_card_createIssuerFraudRecord",), fraud_warning=True),
    Card("4000000404000079", ("pm_card_createMultipleDisputes",), disputes=(FRAUDULENT, NOT_RECEIVED)),
    Card("4000000404000038", ("pm_card_createCe3EligibleDispute",), disputes=(FRAUDULENT,)),
    Card("4000008400000779", ("pm_card_createComplianceDispute",), disputes=(CardDispute("noncompliant"),)),
    Card("4000000000007726", ("pm_card_pendingRefund",), refund="pending"),
    Card("4000000000005126", ("pm_card_refundFail",), refund="fails"),
    Card("4000000000000077", ("pm_card_bypassPending",), bypass_pending=True),
    Card("4000003720000278", ("pm_card_bypassPendingInternational",), country="IE", bypass_pending=True),
    Card("4000002500003155", ("pm_card_authenticationRequiredOnSetup",), country="FR", three_d_secure="unless_set_up"),
    Card("4000002760003184", ("pm_card_authenticationRequired",), country="DE", three_d_secure="always"),
    Card(
        "4000003800000446", ("pm_card_authenticationRequiredSetupForOffSession",), country="IT", three_d_secure="set_up"
    ),
    Card(
        "4000008260003178",
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",),
        country="GB",
        three_d_secure="always",
        decline=NO_FUNDS,
    ),
    Card("4000000000003220", (), country="IE", three_d_secure="always"),
    Card("4000008400000027", ("pm_card_threeDSecure2Required",), three_d_secure="always"),
    Card(
        "4000008400001629", ("pm_card_threeDSecureRequiredChargeDeclined",), three_d_secure="always", decline=DECLINED
    ),
    Card(
        "4000008400001280",
        ("pm_card_threeDSecureRequiredProcessingError",),
        three_d_secure="lookup_fails",
        decline=DECLINED,
    ),
    Card("4000000000003055", ("pm_card_threeDSecureOptional",), three_d_secure="optional"),
    Card("4000000000003097", ("pm_card_threeDSecureOptionalProcessingError",), three_d_secure="optional_error"),
    Card("4000000032200000", (), three_d_secure="frictionless"),
)

BY_NUMBER = {card.number: card for card in CARDS}
# How a payment method without a card number behaves: nothing is declined, and Radar does not rate it.
NO_CARD = Card("", risk="not_assessed")
BY_TOKEN = {token: card for card in CARDS for token in card.tokens}


def card_of(number: str) -> Card:
    """The test card of a number; NO_CARD for a payment method of another type."""
    return BY_NUMBER[number] if number else NO_CARD


# Messages for the customer (docs.stripe.com/error-codes); other declines get the first one.
MESSAGES = {
    "card_declined": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "incorrect_number": "Your card number is incorrect.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "card_velocity_exceeded": "Your card was declined for making repeated attempts too frequently or exceeding its "
    "amount limit.",
}
# The field of the card form that an error refers to.
PARAMS = {"expired_card": "exp_month", "incorrect_cvc": "cvc", "incorrect_number": "number"}


def decline_message(code: str, decline_code: str | None) -> str:
    """The message of a decline, for the customer."""
    return MESSAGES.get(decline_code or code) or MESSAGES.get(code) or MESSAGES["card_declined"]


def passes_luhn(number: str) -> bool:
    """Whether the check digit of a card number is correct."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
