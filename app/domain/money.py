"""Money is a whole number of minor units and a currency; currencies are never added together.

Sources: DESIGN section 4 rule 6; docs.stripe.com/currencies (zero-decimal and three-decimal currencies, special cases,
minimum and maximum amounts); support.stripe.com "deprecation of fractional ISK".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
# Currencies without subunits in use that Stripe still wants as two-decimal amounts ending in 00.
_WHOLE_UNITS_AS_TWO_DECIMAL = frozenset("isk ugx".split())
_TWO_DECIMAL = frozenset(
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf cny cop "
    "crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs "
    "khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen "
    "pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd "
    "uyu uzs wst xcd xcg yer zar zmw".split()
)
CURRENCIES = _ZERO_DECIMAL | _THREE_DECIMAL | _WHOLE_UNITS_AS_TWO_DECIMAL | _TWO_DECIMAL

# Smallest charge in major units, for the currencies of which Stripe publishes one
# (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts; 0.50 RUB is on its newest copy only).
_MINIMUM = {
    **dict.fromkeys("usd eur aud cad chf nzd sgd brl inr zar php idr ils ars cop rub".split(), Decimal("0.50")),
    "gbp": Decimal("0.30"),
    "jpy": Decimal(50),
    "krw": Decimal(50),
    "mxn": Decimal(10),
    "thb": Decimal(10),
    **dict.fromkeys("aed myr pln ron".split(), Decimal(2)),
    "dkk": Decimal("2.50"),
    **dict.fromkeys("sek nok".split(), Decimal(3)),
    "hkd": Decimal(4),
    "czk": Decimal(15),
    "huf": Decimal(175),
}
# How many digits the largest charge has in minor units. The page of the payment intent promises eight for every method
# and currency; the newest page of currencies promises more for these, whatever the method.
_DIGITS = {"idr": 12, "cop": 10, "inr": 9}
_USUAL_DIGITS = 8
_MOST_DIGITS = 15


class MoneyError(ValueError):
    """The amount or currency cannot be charged; the message is for people."""


class UnknownCurrency(MoneyError):
    """Not a currency that Stripe charges cards in."""


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` units of ``currency`` (lower-case ISO code), in the units that Stripe's API uses."""

    minor: int
    currency: str

    @classmethod
    def from_major(cls, amount: Decimal, currency: str) -> Money:
        """Exact conversion from major units; refuses what would have to be rounded.

        Raises UnknownCurrency, or MoneyError where the amount is not finite, has more decimals than the currency,
        or breaks Stripe's rule for the currency's last digits.
        """
        exponent, decimals = exponent_of(currency), shown_decimals(currency)
        if not amount.is_finite():
            raise MoneyError("The amount must be a finite number.")
        # The size is checked first, so that 1e400 or 1e-999999 never becomes a number of as many digits.
        if amount and amount.adjusted() > _MOST_DIGITS:
            raise MoneyError("The amount is larger than Stripe can charge.")
        if amount and amount.adjusted() < -_MOST_DIGITS:
            raise MoneyError(f"{currency.upper()} has {_decimals(decimals)}; this amount has more.")
        # A fraction is exact for every number of digits; decimal arithmetic would round at its context's precision.
        exact = Fraction(amount)
        if (exact * 10**decimals).denominator != 1:
            raise MoneyError(f"{currency.upper()} has {_decimals(decimals)}; this amount has more.")
        money = cls(int(exact * 10**exponent), currency)
        if currency in _THREE_DECIMAL and money.minor % 10:
            raise MoneyError(f"Stripe takes {currency.upper()} amounts only with 0 as the third decimal.")
        return money

    def to_major(self) -> Decimal:
        """The amount in major units with the decimals that people write for this currency."""
        return (
            Decimal(self.minor)
            .scaleb(-exponent_of(self.currency))
            .quantize(Decimal(1).scaleb(-shown_decimals(self.currency)))
        )

    def to_major_if_known(self) -> Decimal | None:
        """The same, or None for a currency whose decimals we do not know.

        A payment that was made elsewhere and adopted may be in one that Stripe has added since this table was written.
        """
        return self.to_major() if self.currency in CURRENCIES else None


def exponent_of(currency: str) -> int:
    """How many decimal digits the minor units at Stripe have: 0, 2 or 3. Raises UnknownCurrency."""
    if currency in _ZERO_DECIMAL:
        return 0
    if currency in _THREE_DECIMAL:
        return 3
    if currency in CURRENCIES:
        return 2
    raise UnknownCurrency(f"{currency!r} is not a currency that Stripe charges cards in.")


def shown_decimals(currency: str) -> int:
    """How many decimals people write: like the exponent, but none for ISK and UGX. Raises UnknownCurrency."""
    return 0 if currency in _WHOLE_UNITS_AS_TWO_DECIMAL else exponent_of(currency)


def chargeable(amount: Decimal, currency: str) -> Money:
    """The amount as Money that Stripe will charge: positive, exact, between minimum and maximum.

    Raises UnknownCurrency or MoneyError.
    """
    money = Money.from_major(amount, currency)
    if money.minor <= 0:
        raise MoneyError("The amount must be greater than zero.")
    smallest, largest = limits(currency)
    if money.minor < smallest.minor:
        raise MoneyError(f"The smallest amount that can be charged is {smallest.to_major()} {currency.upper()}.")
    if money.minor > largest.minor:
        raise MoneyError(f"The largest amount that can be charged is {largest.to_major()} {currency.upper()}.")
    return money


def limits(currency: str) -> tuple[Money, Money]:
    """The smallest and the largest amount that can be charged, both themselves chargeable. Raises UnknownCurrency.

    Without a published minimum it is the smallest amount that the currency has.
    """
    step = 10 ** (exponent_of(currency) - shown_decimals(currency)) * (10 if currency in _THREE_DECIMAL else 1)
    smallest = Money.from_major(_MINIMUM[currency], currency).minor if currency in _MINIMUM else step
    most = 10 ** _DIGITS.get(currency, _USUAL_DIGITS) - 1
    return Money(smallest, currency), Money(most - most % step, currency)


def _decimals(count: int) -> str:
    return {0: "no decimals"}.get(count, f"{count} decimals")
