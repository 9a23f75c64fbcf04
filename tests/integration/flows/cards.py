"""Stripe's test cards (docs.stripe.com/testing) and what must become of a payment that is made with each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expected:
    """``reason`` is the decline code or else the code; ``flow`` and ``outcome`` are of 3-D Secure."""

    status: str = "completed"
    reason: str | None = None
    group: str | None = None
    asked: bool = False
    flow: str | None = None
    dispute: str | None = None
    disputes: int = 0


PAID = Expected()
CHALLENGED = Expected(asked=True, flow="challenge")
DISPUTED = Expected(dispute="needs_response", disputes=1)


def failed(reason: str, group: str, *, asked: bool = False) -> Expected:
    return Expected(status="failed", reason=reason, group=group, asked=asked, flow="challenge" if asked else None)


CARDS: dict[str, Expected] = {
    **dict.fromkeys(
        """
        4242424242424242 4000056655665556 5555555555554444 2223003122003222 5200828282828210 5105105105105100
        378282246310005 371449635398431 6011111111111117 6011000990139424 6011981111111113 3056930009020004
        36227206271667 6555900000604105 3566002020360505 6200000000000005 6200000000000047 6205500000000000004
        4000002500001001 5555552500001001 4000008260000000 4000000000000077 4000003720000278 4000000000009235
        4000000000000101 4000000000000036 4000000000000028 4000000000000010 4000000000000044 4000000000005423
        4000000000003055 4000000000003097 4000000000007726 4000000000005126
        """.split(),
        PAID,
    ),
    "4000000000000002": failed("generic_decline", "issuer"),
    "4000000000009995": failed("insufficient_funds", "funds"),
    "4000000000009987": failed("lost_card", "fraud"),
    "4000000000009979": failed("stolen_card", "fraud"),
    "4000000000000069": failed("expired_card", "card_data"),
    "4000000000000127": failed("incorrect_cvc", "card_data"),
    "4000000000000119": failed("processing_error", "processing"),
    "4000000000006975": failed("card_velocity_exceeded", "funds"),
    "4000000000000341": failed("generic_decline", "issuer"),
    "4100000000000019": failed("fraudulent", "fraud"),
    "4000000000004954": failed("fraudulent", "fraud"),
    "4000008260003178": failed("insufficient_funds", "funds", asked=True),
    "4000008400001629": failed("generic_decline", "issuer", asked=True),
    # The bank's 3-D Secure server does not answer: asked for, failed, and no challenge was shown.
    "4000008400001280": Expected(status="failed", reason="generic_decline", group="issuer", asked=True),
    # The browser finds out that the number is wrong before anything is confirmed, so no attempt exists.
    "4242424242424241": Expected(status="pending"),
    "4000002500003155": CHALLENGED,
    "4000002760003184": CHALLENGED,
    "4000003800000446": CHALLENGED,
    "4000000000003220": CHALLENGED,
    "4000008400000027": CHALLENGED,
    "4000000032200000": Expected(asked=True, flow="frictionless"),
    "4000000000000259": DISPUTED,
    "4000000000002685": DISPUTED,
    "4000000000001976": Expected(dispute="warning_needs_response", disputes=1),
    "4000000404000079": Expected(dispute="needs_response", disputes=2),
    "4000000404000038": DISPUTED,
    "4000008400000779": DISPUTED,
}
