"""Invented payments that look like a shop's last 90 days; pure, and the same for the same seed.

A story is what happens to one payment: who pays what, when, and every later step. The mix is laid out in
shares and not drawn at random, so that also a small set holds something of everything.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.money import Money, shown_decimals

DAYS = 90
_DAY = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """The customer enters a card (number or token); ``authentication``: complete, fail or abandon 3-D Secure."""

    card: str
    authentication: str = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Staff cancel the payment at Stripe."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """A refund; ``share`` is the part of what was paid, None for all that is left."""

    share: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class SettleRefunds:
    """The bank decides on the refunds that it had not yet decided on, or takes a decision back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """The customer's bank asks for the money back, or only asks (an inquiry)."""

    reason: str
    inquiry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDispute:
    """The bank decides on a dispute: won or lost."""

    outcome: str


Act = Pay | Cancel | GiveBack | SettleRefunds | Dispute | CloseDispute


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One payment. ``acts`` are (Unix time, what happens), in order and each in a second of its own."""

    order_id: str
    customer_id: str
    money: Money
    description: str
    created: int
    acts: tuple[tuple[int, Act], ...]


_CARDS = {
    "usd": ["visa", "visa", "visa_debit", "mastercard", "mastercard_debit", "amex", "discover", "ca"],
    "eur": ["de", "fr", "es", "nl", "it", "ie", "visa", "mastercard"],
    "gbp": ["gb", "gb", "visa_debit", "mastercard"],
    "jpy": ["jp", "jp", "jcb"],
    "kwd": ["visa", "mastercard"],
}
_CURRENCIES = {"usd": 62, "eur": 18, "gbp": 10, "jpy": 6, "kwd": 4}
# The price of the median order, in major units.
_MEDIAN = {"usd": 54.0, "eur": 49.0, "gbp": 42.0, "jpy": 7200.0, "kwd": 16.5}
_DECLINES = {
    "visa_chargeDeclinedInsufficientFunds": 34,
    "visa_chargeDeclined": 28,
    "chargeDeclinedExpiredCard": 10,
    "chargeDeclinedIncorrectCvc": 9,
    "chargeDeclinedProcessingError": 6,
    "visa_chargeDeclinedVelocityLimitExceeded": 5,
    "visa_chargeDeclinedLostCard": 3,
    "visa_chargeDeclinedStolenCard": 3,
    "radarBlock": 2,
}
# Authenticated without the customer noticing; this card has no token.
_FRICTIONLESS = "4000000032200000"
_CHALLENGED = ["authenticationRequired", "threeDSecure2Required", "authenticationRequiredOnSetup"]
_GOODS = ["Desk lamp", "Standing desk", "Office chair", "Paper, 5 reams", "Toner set", "Monitor arm"]
_REFUND_REASONS = ["Item returned", "Arrived damaged", "Ordered twice, duplicate charge", "Not dispatched"]
_DISPUTE_REASONS = ["fraudulent", "product_not_received", "product_unacceptable", "unrecognized"]
# Monday to Sunday, and the hours of a day: offices order on weekdays, people at noon and in the evening.
_WEEKDAYS = [1.0, 1.05, 1.05, 1.1, 1.2, 0.8, 0.6]
_HOURS = [2, 1, 1, 1, 1, 2, 4, 7, 11, 14, 15, 16, 18, 16, 14, 14, 15, 16, 17, 19, 20, 16, 10, 5]


@dataclass(slots=True)
class _Teller:
    """Tells the acts of one payment; the clock moves on with each."""

    rng: random.Random
    currency: str
    clock: int
    until: int

    def soon(self) -> int:
        """A moment as long after the last one as a person at a checkout takes."""
        self.clock = min(self.clock + self.rng.randint(20, 240), self.until)
        return self.clock

    def later(self, days: float) -> int:
        """A moment within so many days after the last one, but not in the future."""
        room = min(days * _DAY, (self.until - self.clock) * 0.8)
        self.clock += max(1, int(room * self.rng.uniform(0.15, 1)))
        return self.clock

    def card(self) -> str:
        return self.rng.choice(_CARDS[self.currency])

    def paid(self) -> list[tuple[int, Act]]:
        return [(self.soon(), _pay(self.card()))]

    def declined(self) -> list[tuple[int, Act]]:
        card = self.rng.choices(list(_DECLINES), list(_DECLINES.values()))[0]
        return [(self.soon(), _pay(card))]

    def challenged(self, authentication: str) -> list[tuple[int, Act]]:
        return [(self.soon(), _pay(self.rng.choice(_CHALLENGED), authentication))]

    def authenticated(self) -> list[tuple[int, Act]]:
        if self.rng.random() < 0.3:
            return [(self.soon(), Pay(card=_FRICTIONLESS))]
        return self.challenged("complete")

    def refunded(self, share: Decimal | None) -> tuple[int, Act]:
        return (self.later(20), GiveBack(share=share, reason=self.rng.choice(_REFUND_REASONS)))

    def disputed(self, *, inquiry: bool = False) -> list[tuple[int, Act]]:
        dispute = Dispute(reason=self.rng.choice(_DISPUTE_REASONS), inquiry=inquiry)
        return [*self.paid(), (self.later(30), dispute)]


def _pay(name: str, authentication: str = "complete") -> Pay:
    """A payment with one of Stripe's test cards, by the end of its token."""
    return Pay(card=f"pm_card_{name}", authentication=authentication)


Tale = Callable[[_Teller], list[tuple[int, Act]]]


def _paid_in_parts_back(t: _Teller) -> list[tuple[int, Act]]:
    share = t.rng.choice([Decimal("0.2"), Decimal("0.25"), Decimal("0.5")])
    acts = [*t.paid(), t.refunded(share)]
    return [*acts, t.refunded(share)] if t.rng.random() < 0.3 else acts


def _refund_with(t: _Teller, card: str, *, settled: bool) -> list[tuple[int, Act]]:
    acts: list[tuple[int, Act]] = [(t.soon(), _pay(card)), t.refunded(None)]
    return [*acts, (t.later(6), SettleRefunds())] if settled else acts


def _canceled(t: _Teller) -> list[tuple[int, Act]]:
    tried = t.declined() if t.rng.random() < 0.4 else []
    reason = t.rng.choice(["abandoned", "requested_by_customer", "duplicate"])
    return [*tried, (t.later(2), Cancel(reason=reason))]


# What happens, and in how many of a thousand payments. One in five meets 3-D Secure, one in eight a decline.
_TALES: dict[str, tuple[int, Tale]] = {
    "paid": (545, lambda t: t.paid()),
    "authenticated": (130, lambda t: t.authenticated()),
    "authentication failed": (18, lambda t: t.challenged("fail")),
    "authentication failed, then paid": (17, lambda t: [*t.challenged("fail"), *t.paid()]),
    "authentication unanswered": (6, lambda t: t.challenged("abandon")),
    "authentication abandoned, then paid": (6, lambda t: [*t.challenged("abandon"), *t.paid()]),
    "authentication abandoned, then canceled": (
        6,
        lambda t: [*t.challenged("abandon"), (t.later(2), Cancel(reason="abandoned"))],
    ),
    "authenticated but declined": (
        12,
        lambda t: [(t.soon(), _pay("authenticationRequiredChargeDeclinedInsufficientFunds"))],
    ),
    "declined": (60, lambda t: t.declined()),
    "declined twice": (15, lambda t: [*t.declined(), *t.declined()]),
    "declined, then paid": (45, lambda t: [*t.declined(), *t.paid()]),
    "refunded": (32, lambda t: [*t.paid(), t.refunded(None)]),
    "partly refunded": (34, _paid_in_parts_back),
    "refund pending": (5, lambda t: _refund_with(t, "pendingRefund", settled=False)),
    "refund settled": (5, lambda t: _refund_with(t, "pendingRefund", settled=True)),
    "refund failed": (6, lambda t: _refund_with(t, "refundFail", settled=True)),
    "dispute open": (5, lambda t: t.disputed()),
    "dispute won": (4, lambda t: [*t.disputed(), (t.later(20), CloseDispute(outcome="won"))]),
    "dispute lost": (5, lambda t: [*t.disputed(), (t.later(20), CloseDispute(outcome="lost"))]),
    "inquiry": (4, lambda t: t.disputed(inquiry=True)),
    "never tried": (20, lambda _: []),
    "canceled": (20, _canceled),
}


def stories(count: int, *, seed: int, until: int) -> list[Story]:
    """``count`` payments opened in the 90 days before the Unix time ``until``, oldest first."""
    rng = random.Random(f"paydesk demo {seed}")
    tales = _shared_out({name: share for name, (share, _) in _TALES.items()}, count, rng)
    currencies = _shared_out(_CURRENCIES, count, rng)
    moments = sorted(_moment(rng, until) for _ in range(count))
    customers = max(3, count * 2 // 3)
    found = []
    for number, (created, currency, tale) in enumerate(zip(moments, currencies, tales, strict=True), start=1):
        teller = _Teller(rng, currency, created, until)
        found.append(
            Story(
                order_id=f"DEMO-{seed}-{number:05}",
                customer_id=f"customer-{rng.randint(1, customers):04}",
                money=_price(rng, currency),
                description=rng.choice(_GOODS),
                created=created,
                acts=tuple(_TALES[tale][1](teller)),
            )
        )
    return found


def _shared_out(shares: Mapping[str, int], count: int, rng: random.Random) -> list[str]:
    """``count`` names in proportion to their shares, each at least once if there is room, in random order."""
    least = 1 if 2 * count >= 3 * len(shares) else 0
    total, left = sum(shares.values()), count - least * len(shares)
    numbers = {name: least + left * share // total for name, share in shares.items()}
    found = [name for name, number in numbers.items() for _ in range(number)]
    found += rng.choices(list(shares), list(shares.values()), k=count - len(found))
    rng.shuffle(found)
    return found


def _moment(rng: random.Random, until: int) -> int:
    """A time of the 90 days, by the rhythm of weekdays and hours, with business growing slowly."""
    # Unix day 0 was a Thursday.
    last = until // _DAY
    days = [last - age for age in range(DAYS)]
    weights = [_WEEKDAYS[(day + 3) % 7] * (1.3 - 0.5 * (last - day) / DAYS) for day in days]
    day = rng.choices(days, weights)[0]
    moment = day * _DAY + rng.choices(range(24), _HOURS)[0] * 3600 + rng.randrange(3600)
    # What would lie in the future, or leave no time to pay, happens the day before instead.
    return moment if moment < until - 3600 else moment - _DAY


def _price(rng: random.Random, currency: str) -> Money:
    """An amount as shops ask it: spread around the median, ending in 9 where there are decimals."""
    amount = Decimal(str(max(0.1, min(20.0, rng.lognormvariate(0, 0.8))) * _MEDIAN[currency]))
    decimals = shown_decimals(currency)
    if decimals == 0:
        return Money.from_major(amount.quantize(Decimal(10)).quantize(Decimal(1)) // 10 * 10, currency)
    # The third decimal of three must be 0 at Stripe.
    rounded = amount.quantize(Decimal("0.1")) - Decimal("0.01")
    return Money.from_major(rounded, currency)
