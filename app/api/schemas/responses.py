"""What responses look like. The schemas are also an allow-list: a field that is not here cannot leave."""

from __future__ import annotations

from marshmallow import Schema, fields

from app.api.schemas.fields import Moment, described, nested, string
from app.domain.declines import FailureGroup
from app.domain.payments.methods import Waiting
from app.domain.payments.states import AttemptStatus, CaptureMethod, PaymentStatus, RefundState, RefundStatus

_ID = "65f0c0ffee65f0c0ffee65f0"


def _time(description: str, *, null: bool = False) -> Moment:
    return Moment(
        required=True,
        allow_none=null,
        metadata=described(description, "2025-01-31T09:30:00Z", type="string", format="date-time"),
    )


def _amount(description: str, example: float = 99.99, *, null: bool = True) -> fields.Decimal:
    if null:
        description += " Null for a payment made elsewhere in a currency that is not supported here."
    return fields.Decimal(required=True, allow_none=null, metadata=described(description, example))


def _for_staff(schema: type[Schema], description: str) -> fields.Nested:
    """What a customer's view leaves out."""
    description += " Null where there is none; left out for tokens that are bound to a customer."
    return fields.Nested(schema, allow_none=True, metadata=described(description))


def _currency() -> fields.String:
    return string("ISO currency code, lower case.", "usd")


class StripeConfigSchema(Schema):
    publishable_key = string("Stripe's publishable key, for Stripe.js.", "pk_test_51Hx")


class OpenedPaymentSchema(Schema):
    client_secret = string("For Stripe.js in the customer's browser. Never log or store it.", "pi_3Oq_secret_x")
    payment_intent_id = string("Stripe's id of the payment intent.", "pi_3OqJ2KLkdIwHu7ix0a1b2c3d")
    publishable_key = string("Stripe's publishable key, for Stripe.js.", "pk_test_51Hx")
    amount = _amount("Amount to be paid, in major units.", null=False)
    currency = _currency()


class FailureSchema(Schema):
    code = string("Stripe's error code.", "card_declined")
    decline_code = string("The bank's reason, where there is one.", "insufficient_funds", null=True)
    group = string("Kind of reason.", "funds", enum=[group.value for group in FailureGroup])
    message = string("What to tell the customer.", "The card has insufficient funds. Please use another card.")


class ThreeDSecureSchema(Schema):
    attempted = fields.Boolean(required=True, metadata={"description": "Whether 3-D Secure was requested."})
    result = string(
        "Stripe's word for the result; before there is one, or where there never will be: `open`, `abandoned`, "
        "`failed`.",
        "authenticated",
        null=True,
    )
    flow = string("`challenge` when the customer had to act, `frictionless` when not.", "challenge", null=True)


class CardSchema(Schema):
    brand = string("Card network.", "visa", null=True)
    last4 = string("Last four digits.", "4242", null=True)
    country = string("Country of the issuing bank.", "US", null=True)


class PaymentMethodSchema(Schema):
    type = string("Stripe's word for the type.", "sepa_debit")
    wallet = string("The wallet that a card was in.", "apple_pay", null=True)
    brand = string("Card network.", "visa", null=True)
    last4 = string("Last digits of the card or the account.", "4242", null=True)
    country = string("Country of the issuing bank.", "US", null=True)
    funding = string("`credit`, `debit`, `prepaid` or `unknown`, for cards.", "debit", null=True)
    bank = string("The bank's name or code.", "ing", null=True)


class AttemptSchema(Schema):
    """One try to pay."""

    status = string("What became of the try.", "succeeded", enum=[status.value for status in AttemptStatus])
    failure = nested(FailureSchema, "Why it failed.", null=True)
    three_d_secure = nested(ThreeDSecureSchema, "3-D Secure in this try.")
    card = nested(CardSchema, "The card used; null for other payment methods.", null=True)
    payment_method = nested(PaymentMethodSchema, "What was paid with; null until Stripe says it.", null=True)
    charge_id = string("Stripe's charge; null where the try never became one.", "ch_3OqJ2K", null=True)
    created_at = _time("When it was made.")


class RefundSchema(Schema):
    id = string("Our id, or Stripe's where the refund was made there.", _ID)
    payment_id = string("The payment.", _ID)
    stripe_refund_id = string("Stripe's id, once Stripe has confirmed the refund.", "re_3OqJ2K", null=True)
    amount = _amount("Refunded amount, in major units.", 25.5)
    currency = _currency()
    status = string("Where the refund stands.", "succeeded", enum=[state.value for state in RefundState])
    reason = string("The reason, as it was entered.", "Customer returned the goods", null=True)
    stripe_reason = string(
        "Stripe's own word for the reason; null where it got none, and for tokens that are bound to a customer.",
        "requested_by_customer",
        null=True,
    )
    notes = string("For colleagues.", "Agreed by phone", null=True)
    requested_by = string("Who requested it; null for refunds made at Stripe.", "erp-frontend", null=True)
    created_at = _time("When it was made.")


class RiskSchema(Schema):
    level = string("Radar's level: normal, elevated, highest, not_assessed or unknown.", "normal", null=True)
    score = fields.Integer(
        required=True,
        allow_none=True,
        metadata=described("Radar's score, up to 100; null without Radar for Fraud Teams.", 12),
    )


class FraudWarningSchema(Schema):
    id = string("Stripe's early fraud warning.", "issfr_1OqJ2K")
    actionable = fields.Boolean(
        required=True, metadata=described("Whether a refund may still prevent a dispute, as Stripe says.", True)
    )
    fraud_type = string("Stripe's word for the kind of fraud.", "made_with_stolen_card", null=True)
    created_at = _time("When the card's bank reported it.")


class WithdrawnSchema(Schema):
    """What Stripe took for a dispute, as it was booked."""

    amount = _amount("Taken and not given back, in major units, without fees.")
    currency = _currency()


class DisputeSchema(Schema):
    id = string("Stripe's dispute.", "du_1OqJ2K")
    charge_id = string("The disputed charge.", "ch_3OqJ2K", null=True)
    amount = _amount("Disputed amount, in major units of the dispute's own currency.")
    currency = _currency()
    status = string("Stripe's status of the dispute; `prevented` is not a chargeback.", "needs_response")
    reason = string("The reason that the cardholder's bank gave.", "fraudulent")
    evidence_due_by = _time("Until when evidence can be sent.", null=True)
    created_at = _time("When it was opened.")
    is_charge_refundable = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "Whether Stripe allows a refund all the same; null where it did not say."},
    )
    withdrawn = nested(
        WithdrawnSchema, "What was taken, by settlement currency; null where Stripe did not say.", many=True, null=True
    )


class HistoryEntrySchema(Schema):
    """One link of the hash chain that proves what the payment looked like when."""

    seq = fields.Integer(required=True, metadata=described("Position, from 1.", 1))
    at = _time("When we learnt it.")
    source = string("The channel it came by: create-intent, confirm, refund, webhook, reconcile …", "webhook")
    reference = string("The event or request behind it.", "evt_1OqJ2K", null=True)
    actor = string("Who acted.", "erp-frontend", null=True)
    changes = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "What changed, as it was hashed (amounts in minor units, times in Unix seconds): "
            "`[old, new]`, or the new and changed items of a list.",
            "example": {"status": ["pending", "completed"]},
        },
    )
    hash = string("SHA-256 of this entry.", "9f86d081884c7d65")
    previous_hash = string("SHA-256 of the entry before.", "0000000000000000")


class AmountDifferenceSchema(Schema):
    asked = _amount("What the order asked, in major units of the currency that it asked.", 100)
    taken = _amount("What was taken or is held, in major units of its own currency.", 120)


class CurrencyDifferenceSchema(Schema):
    asked = string("The currency that the order asked.", "sek")
    taken = string("The currency in which the money was taken or is held.", "nok")


class DiffersSchema(Schema):
    """Only the fields that differ."""

    amount = fields.Nested(AmountDifferenceSchema, metadata={"description": "Only where the amount differs."})
    currency = fields.Nested(CurrencyDifferenceSchema, metadata={"description": "Only where the currency differs."})


class PaymentSchema(Schema):
    """A payment."""

    id = string("Our id.", _ID)
    order_id = string("The ERP's order.", "order-10042")
    customer_id = string("The ERP's customer.", "customer-77")
    payment_intent_id = string("Stripe's id; null until Stripe has answered.", "pi_3OqJ2KLkdIwHu7ix", null=True)
    amount = _amount("Taken or held, in major units; before that, what is asked.")
    currency = _currency()
    status = string("Where it stands.", "completed", enum=[status.value for status in PaymentStatus])
    refund_status = string("How much has gone back.", "none", enum=[status.value for status in RefundStatus])
    amount_captured = _amount("Taken, in major units.")
    amount_refunded = _amount("Given back by succeeded refunds, in major units.", 0)
    amount_refundable = _amount("What may still be refunded, in major units.")
    amount_released = _amount("The part of a hold that was not captured; it is no refund. In major units.", 0)
    amount_lost = _amount("Lost in disputes for good, in major units; without disputes in another currency.", 0)
    differs = nested(
        DiffersSchema,
        "What Stripe took that the order did not ask, because the payment intent was changed there; empty for nearly "
        "every payment.",
    )
    disputed = fields.Boolean(
        required=True, metadata={"description": "Whether a chargeback was ever opened (no inquiry, not prevented)."}
    )
    failure = nested(FailureSchema, "Why the latest attempt failed, while the payment is not completed.", null=True)
    three_d_secure = nested(ThreeDSecureSchema, "3-D Secure over all attempts.")
    risk = _for_staff(RiskSchema, "Radar's assessment of the attempt that decided the payment.")
    fraud_warning = _for_staff(FraudWarningSchema, "The latest early fraud warning.")
    card = nested(CardSchema, "The card of the latest attempt; null for other payment methods.", null=True)
    payment_method = nested(PaymentMethodSchema, "What was paid with, or tried last.", null=True)
    waiting_for = string(
        "What the customer has to do while the status is `requires_action`; null otherwise. Vouchers and bank "
        "transfers are paid days later.",
        "authentication",
        null=True,
        enum=[*(waiting.value for waiting in Waiting), None],
    )
    attempts = nested(AttemptSchema, "Every try to pay, oldest first.", many=True)
    refunds = nested(RefundSchema, "Every refund, oldest first.", many=True)
    created_at = _time("When the payment intent was created.")
    completed_at = _time("When it was paid.", null=True)
    updated_at = _time("When we last learnt something new.")
    capture_method = string(
        "`automatic`: the money is taken when the customer pays. `manual`: it is held, and captured later.",
        "automatic",
        enum=[method.value for method in CaptureMethod],
    )
    hold_expires_at = _time(
        "Until when the hold has, or had, to be captured; Stripe gives it back then. Null without a hold.", null=True
    )


class PaymentDetailSchema(PaymentSchema):
    """A payment with everything that is known about it."""

    disputes = nested(DisputeSchema, "Chargebacks and inquiries.", many=True)
    history = nested(HistoryEntrySchema, "Every change, hash-chained.", many=True)


class PaymentPageSchema(Schema):
    data = nested(PaymentSchema, "Payments, newest first.", many=True)
    next_cursor = string("Send it as `cursor` for the next page; null on the last.", "WzE3MDAw.x", null=True)


class ReceivedSchema(Schema):
    received = fields.Boolean(required=True, metadata=described("Always true.", True))


class ErrorSchema(Schema):
    """Every error has this shape."""

    code = fields.Integer(required=True, metadata=described("The HTTP status.", 409))
    status = string("The HTTP status in words.", "Conflict")
    error = string("The word to branch on; the catalogue is in the introduction.", "payment_requires_action")
    message = string("For people.", "The payment has not completed.")
    errors = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "What is wrong with which field; empty where no field is to blame.", "example": {}},
    )
    request_id = string("Quote it when you report a problem; also in `X-Request-ID`.", "3f2a9c1e8b7d4f60")
    failure = fields.Nested(FailureSchema, metadata={"description": "Only with `card_declined`."})
