"""What requests may say. Every field is described, because these descriptions are the API's documentation."""

from __future__ import annotations

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from app.api.schemas.fields import Amount, Matches, PlainText, described, intent_id, reference, text
from app.domain.payments.methods import METHOD_TYPES
from app.domain.payments.states import CaptureMethod, PaymentStatus, RefundStatus, StripeReason

_CURRENCY = "Three-letter ISO currency code, upper or lower case."


class RequestSchema(Schema):
    """A request body or query: what is not documented is refused, so that a typing error is not a silent default."""

    class Meta:
        unknown = RAISE


class NewPaymentSchema(RequestSchema):
    """What is to be paid."""

    order_id = reference("The ERP's order.", "order-10042")
    customer_id = reference("The ERP's customer.", "customer-77")
    amount = Amount(
        required=True,
        metadata=described(
            "Amount in major units, with no more decimals than the currency has: 99.99 USD, 100 JPY, 1.230 KWD.",
            99.99,
            exclusiveMinimum=True,
            minimum=0,
        ),
    )
    currency = fields.String(
        validate=validate.Length(max=16),
        metadata=described(f"{_CURRENCY} STRIPE_CURRENCY when left out.", "usd", pattern="^[A-Za-z]{3}$"),
    )
    description = text("Shown to you in Stripe's dashboard.", "Order 10042, two chairs")
    receipt_email = fields.Email(
        allow_none=True,
        validate=[validate.Length(max=254), PlainText()],
        metadata=described("Where Stripe sends the receipt. Passed on and not kept here.", "jo@example.com"),
    )

    capture = fields.String(
        validate=validate.OneOf([method.value for method in CaptureMethod]),
        metadata=described(
            "`automatic` takes the money when the customer pays. `manual` holds it, usually for seven days, until "
            "`POST /payments/stripe/capture/{payment_id}`.",
            "automatic",
            default=CaptureMethod.AUTOMATIC.value,
        ),
    )


class CaptureRequestSchema(RequestSchema):
    """How much of a hold to take."""

    amount = Amount(
        allow_none=True,
        metadata=described(
            "Amount in major units of the payment's currency; all that is held when left out.",
            60,
            exclusiveMinimum=True,
            minimum=0,
        ),
    )


class CancelRequestSchema(RequestSchema):
    """Nothing to choose: the body may be left out."""


class ConfirmSchema(RequestSchema):
    """Which payment the browser says is paid."""

    payment_intent_id = intent_id()
    order_id = reference("The order that the payment must belong to.", "order-10042")


class RefundRequestSchema(RequestSchema):
    """How much to give back, and why."""

    amount = Amount(
        allow_none=True,
        metadata=described(
            "Amount in major units of the payment's currency; all that is left when left out.",
            25.5,
            exclusiveMinimum=True,
            minimum=0,
        ),
    )
    reason = text("Why, in a few words, for people. Stripe gets it as metadata only.", "Customer returned the goods")
    stripe_reason = fields.Enum(
        StripeReason,
        by_value=fields.String(),
        allow_none=True,
        metadata=described(
            "The reason that Stripe gets; none when left out, whatever `reason` says. `fraudulent` makes Stripe block "
            "this card and e-mail address for future payments, so send it only where a person has decided so.",
            "requested_by_customer",
        ),
    )
    notes = text("Anything that colleagues should know; line breaks are kept.", "Agreed by phone", allow="\n\r\t")


class PaymentQuerySchema(RequestSchema):
    """Which payments to list. Filters are combined with AND."""

    status = fields.List(
        fields.String(validate=validate.OneOf([status.value for status in PaymentStatus])),
        metadata=described("Payment status; repeat it for several.", ["completed"]),
    )
    refund_status = fields.String(
        validate=validate.OneOf([status.value for status in RefundStatus]),
        metadata=described("How much of the payment has gone back.", "partial"),
    )
    currency = fields.String(
        validate=Matches("[A-Za-z]{3}", "Use a three-letter ISO currency code."),
        metadata={"description": _CURRENCY, "example": "usd"},
    )
    order_id = reference("The ERP's order.", "order-10042", required=False)
    customer_id = reference("The ERP's customer.", "customer-77", required=False)
    payment_intent_id = intent_id(required=False)
    failure_code = fields.String(
        validate=Matches("[a-z0-9_]{1,64}", "Use a decline or error code of Stripe."),
        metadata=described(
            "Payments with an attempt that failed for this reason (decline code, else error code).",
            "insufficient_funds",
        ),
    )
    three_d_secure = fields.Boolean(metadata=described("Whether 3-D Secure was requested in any attempt.", True))
    differs = fields.Boolean(
        metadata=described("Whether Stripe took another amount or currency than the order asked.", True)
    )
    method = fields.String(
        validate=validate.OneOf(METHOD_TYPES),
        metadata=described("Type of payment method; wallets and Link count as `card`.", "sepa_debit"),
    )
    created_from = fields.String(
        metadata=described(
            "Created at or after this: a date (the day begins in DASHBOARD_TIMEZONE) or an RFC 3339 timestamp.",
            "2025-01-01",
        )
    )
    created_to = fields.String(
        metadata=described(
            "Created until this: a date (that whole day in DASHBOARD_TIMEZONE is included) or an "
            "RFC 3339 timestamp (excluded itself).",
            "2025-01-31",
        )
    )
    limit = fields.Integer(
        load_default=25,
        validate=validate.Range(min=1, max=100),
        metadata=described("How many payments to answer at most.", 25),
    )
    cursor = fields.String(
        validate=validate.Length(max=300), metadata={"description": "`next_cursor` of the page before, unchanged."}
    )


class IdempotencyHeaderSchema(Schema):
    """The header that makes a POST safe to send again."""

    class Meta:
        unknown = EXCLUDE

    idempotency_key = fields.String(
        data_key="Idempotency-Key",
        validate=Matches("[ -~]{1,255}", "Use 1 to 255 printable ASCII characters."),
        metadata=described(
            "Makes the request safe to repeat: the same key and body give the same answer, and the "
            "work is done once. A key with another body is refused. Kept for 48 hours.",
            "6f1c9a52-8f5e-4f0c-9c39-2f4f8f1f7a10",
        ),
    )
