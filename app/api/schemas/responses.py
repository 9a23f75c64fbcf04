"""What responses look like. The schemas are also an allow-list: a field that is not here cannot leave."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from app.api.schemas.fields import Moment
from app.domain.declines import FailureGroup
from app.domain.payments.states import AttemptStatus, PaymentStatus, RefundState, RefundStatus

_TIME = {"type": "string", "format": "date-time", "example": "2025-01-31T09:30:00Z"}
_ID = "65f0c0ffee65f0c0ffee65f0"


def _text(description: str, example: str | None = None, *, null: bool = False, **more: Any) -> fields.String:
    metadata = {"example": example} if example else {}
    return fields.String(
        required=True, allow_none=null, metadata={"description": description, **metadata, **more}
    )


def _time(description: str, *, null: bool = False) -> Moment:
    return Moment(required=True, allow_none=null, metadata={"description": description, **_TIME})


def _amount(description: str, example: float = 99.99, *, null: bool = True) -> fields.Decimal:
    if null:
        description += " Null for a payment made elsewhere in a currency that is not supported here."
    metadata = {"description": description, "example": example}
    return fields.Decimal(required=True, allow_none=null, metadata=metadata)


def _currency() -> fields.String:
    return _text("ISO currency code, lower case.", "usd")


def _nested(
    schema: type[Schema], description: str, *, null: bool = False, many: bool = False
) -> fields.Nested:
    return fields.Nested(
        schema, required=True, allow_none=null, many=many, metadata={"description": description}
    )


class StripeConfigSchema(Schema):
    publishable_key = _text("Stripe's publishable key, for Stripe.js.", "pk_test_51Hx")


class OpenedPaymentSchema(Schema):
    client_secret = _text(
        "For Stripe.js in the customer's browser. Never log or store it.", "pi_3Oq_secret_x"
    )
    payment_intent_id = _text("Stripe's id of the payment intent.", "pi_3OqJ2KLkdIwHu7ix0a1b2c3d")
    publishable_key = _text("Stripe's publishable key, for Stripe.js.", "pk_test_51Hx")
    amount = _amount("Amount to be paid, in major units.", null=False)
    currency = _currency()


class FailureSchema(Schema):
    code = _text("Stripe's error code.", "card_declined")
    decline_code = _text("The bank's reason, where there is one.", "insufficient_funds", null=True)
    group = _text("Kind of reason.", "funds", enum=[group.value for group in FailureGroup])
    message = _text("What to tell the customer.", "The card has insufficient funds. Please use another card.")


class ThreeDSecureSchema(Schema):
    attempted = fields.Boolean(required=True, metadata={"description": "Whether 3-D Secure was requested."})
    result = _text(
        "Stripe's word for the result; before there is one, or where there never will be: `open`, `abandoned`, "
        "`failed`.",
        "authenticated",
        null=True,
    )
    flow = _text("`challenge` when the customer had to act, `frictionless` when not.", "challenge", null=True)


class CardSchema(Schema):
    brand = _text("Card network.", "visa", null=True)
    last4 = _text("Last four digits.", "4242", null=True)
    country = _text("Country of the issuing bank.", "US", null=True)


class AttemptSchema(Schema):
    """One try to pay."""

    status = _text("What became of the try.", "succeeded", enum=[status.value for status in AttemptStatus])
    failure = _nested(FailureSchema, "Why it failed.", null=True)
    three_d_secure = _nested(ThreeDSecureSchema, "3-D Secure in this try.")
    card = _nested(CardSchema, "The card used.", null=True)
    charge_id = _text("Stripe's charge; null where the try never became one.", "ch_3OqJ2K", null=True)
    created_at = _time("When it was made.")


class RefundSchema(Schema):
    id = _text("Our id, or Stripe's where the refund was made there.", _ID)
    payment_id = _text("The payment.", _ID)
    stripe_refund_id = _text("Stripe's id, once Stripe has confirmed the refund.", "re_3OqJ2K", null=True)
    amount = _amount("Refunded amount, in major units.", 25.5)
    currency = _currency()
    status = _text(
        "Where the refund stands.",
        "succeeded",
        enum=[state.value for state in RefundState],
    )
    reason = _text("The reason, as it was entered.", "Customer returned the goods", null=True)
    notes = _text("For colleagues.", "Agreed by phone", null=True)
    requested_by = _text("Who requested it; null for refunds made at Stripe.", "erp-frontend", null=True)
    created_at = _time("When it was made.")


class DisputeSchema(Schema):
    id = _text("Stripe's dispute.", "du_1OqJ2K")
    charge_id = _text("The disputed charge.", "ch_3OqJ2K", null=True)
    amount = _amount("Disputed amount, in major units.")
    currency = _currency()
    status = _text("Stripe's status of the dispute.", "needs_response")
    reason = _text("The reason that the cardholder's bank gave.", "fraudulent")
    evidence_due_by = _time("Until when evidence can be sent.", null=True)
    created_at = _time("When it was opened.")


class HistoryEntrySchema(Schema):
    """One link of the hash chain that proves what the payment looked like when."""

    seq = fields.Integer(required=True, metadata={"description": "Position, from 1.", "example": 1})
    at = _time("When we learnt it.")
    source = _text("The channel it came by: create-intent, confirm, refund, webhook, reconcile …", "webhook")
    reference = _text("The event or request behind it.", "evt_1OqJ2K", null=True)
    actor = _text("Who acted.", "erp-frontend", null=True)
    changes = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "What changed, as it was hashed (amounts in minor units, times in Unix seconds): "
            "`[old, new]`, or the new and changed items of a list.",
            "example": {"status": ["pending", "completed"]},
        },
    )
    hash = _text("SHA-256 of this entry.", "9f86d081884c7d65")
    previous_hash = _text("SHA-256 of the entry before.", "0000000000000000")


class PaymentSchema(Schema):
    """A payment."""

    id = _text("Our id.", _ID)
    order_id = _text("The ERP's order.", "order-10042")
    customer_id = _text("The ERP's customer.", "customer-77")
    payment_intent_id = _text(
        "Stripe's id; null until Stripe has answered.", "pi_3OqJ2KLkdIwHu7ix", null=True
    )
    amount = _amount("Amount, in major units.")
    currency = _currency()
    status = _text("Where it stands.", "completed", enum=[status.value for status in PaymentStatus])
    refund_status = _text("How much has gone back.", "none", enum=[status.value for status in RefundStatus])
    amount_refunded = _amount("Given back by succeeded refunds, in major units.", 0)
    disputed = fields.Boolean(required=True, metadata={"description": "Whether it was ever disputed."})
    failure = _nested(
        FailureSchema, "Why the latest attempt failed, while the payment is not completed.", null=True
    )
    three_d_secure = _nested(ThreeDSecureSchema, "3-D Secure over all attempts.")
    card = _nested(CardSchema, "The card of the latest attempt.", null=True)
    attempts = _nested(AttemptSchema, "Every try to pay, oldest first.", many=True)
    refunds = _nested(RefundSchema, "Every refund, oldest first.", many=True)
    created_at = _time("When the payment intent was created.")
    completed_at = _time("When it was paid.", null=True)
    updated_at = _time("When we last learnt something new.")


class PaymentDetailSchema(PaymentSchema):
    """A payment with everything that is known about it."""

    disputes = _nested(DisputeSchema, "Chargebacks and inquiries.", many=True)
    history = _nested(HistoryEntrySchema, "Every change, hash-chained.", many=True)


class PaymentPageSchema(Schema):
    data = _nested(PaymentSchema, "Payments, newest first.", many=True)
    next_cursor = _text("Send it as `cursor` for the next page; null on the last.", "WzE3MDAw.x", null=True)


class ReceivedSchema(Schema):
    received = fields.Boolean(required=True, metadata={"description": "Always true.", "example": True})


class ErrorSchema(Schema):
    """Every error has this shape."""

    code = fields.Integer(required=True, metadata={"description": "The HTTP status.", "example": 409})
    status = _text("The HTTP status in words.", "Conflict")
    error = _text("The word to branch on; the catalogue is in the introduction.", "payment_requires_action")
    message = _text("For people.", "The payment has not completed.")
    errors = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "What is wrong with which field; empty where no field is to blame.",
            "example": {},
        },
    )
    request_id = _text("Quote it when you report a problem; also in `X-Request-ID`.", "3f2a9c1e8b7d4f60")
    failure = fields.Nested(FailureSchema, metadata={"description": "Only with `card_declined`."})
