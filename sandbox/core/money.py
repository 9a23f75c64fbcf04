"""Currencies and the amounts that Stripe accepts in them, in minor units.

Source: docs.stripe.com/currencies; facts §8.
"""

from __future__ import annotations

from sandbox.core.errors import invalid

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
# Written with two decimals, which must be 00 since these currencies lost their subunit.
WHOLE_UNITS_ONLY = frozenset({"isk", "ugx"})
SUPPORTED = frozenset(
    """usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn bzd cad cdf
    chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd hkd hnl hrk htg huf
    idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mro
    mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr
    sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer
    zar zmw""".split()
)
# Eight digits, and more in these (facts §18: the pages disagree on every other currency).
_DIGITS = {"idr": 12, "cop": 10, "inr": 9}
_MINIMUM = {
    **dict.fromkeys("usd eur aud cad chf nzd sgd brl inr zar php idr ils ars cop rub jpy krw".split(), 50),
    "gbp": 30,
    "mxn": 1000,
    "thb": 1000,
    **dict.fromkeys(("aed", "myr", "pln", "ron"), 200),
    "dkk": 250,
    "sek": 300,
    "nok": 300,
    "hkd": 400,
    "czk": 1500,
    "huf": 17500,
}
_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def formatted(amount: int, currency: str) -> str:
    """An amount in minor units as Stripe writes it in messages: ``$10.00``."""
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    number = f"{amount / 10**decimals:,.{decimals}f}"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{number}" if symbol else f"{number} {currency.upper()}"


def check_currency(currency: str) -> str:
    """The currency in lower case. Raises a 400 with param ``currency`` when Stripe does not support it."""
    lower = currency.lower()
    if lower not in SUPPORTED:
        raise invalid(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: {', '.join(sorted(SUPPORTED))}",
            param="currency",
        )
    return lower


def check_positive(amount: int, param: str) -> int:
    """Raises ``parameter_invalid_integer`` for zero and below."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param=param, code="parameter_invalid_integer")
    return amount


def check_amount(amount: int, currency: str) -> int:
    """A charge amount. Raises a 400 with param ``amount`` when it is out of range or of the wrong granularity."""
    check_positive(amount, "amount")
    maximum = 10 ** _DIGITS.get(currency, 8) - 1
    if amount > maximum:
        raise invalid(
            f"Amount must be no more than {formatted(maximum, currency)}", param="amount", code="amount_too_large"
        )
    check_granularity(amount, currency)
    minimum = _MINIMUM.get(currency, 1)
    if amount < minimum:
        raise invalid(
            f"Amount must be at least {formatted(minimum, currency)} {currency}",
            param="amount",
            code="amount_too_small",
        )
    return amount


def check_granularity(amount: int, currency: str) -> None:
    """Raises a 400 for a third decimal that is not 0 (KWD …) and for a fraction of an ISK or UGX."""
    if currency in WHOLE_UNITS_ONLY and amount % 100:
        raise invalid(
            f"Invalid amount: {currency.upper()} has no minor unit, so the amount must be a multiple of 100.",
            param="amount",
            code="invalid_charge_amount_no_decimal_compatible",
        )
    if currency in THREE_DECIMAL and amount % 10:
        raise invalid(
            f"Invalid amount: amounts in {currency.upper()} must end in 0.",
            param="amount",
            code="invalid_charge_amount",
        )
