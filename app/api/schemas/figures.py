"""The response of ``GET /payments/metrics``: its schema, and its content from a report."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from app.api.schemas.fields import described, nested, string
from app.domain.declines import FailureGroup
from app.domain.figures.figures import Figures
from app.domain.figures.statistics import Ratio
from app.domain.payments.methods import METHOD_TYPES
from app.services.figures.report import Report

Body = dict[str, Any]
_DIGITS = 6
_P50, _P95 = 0.5, 0.95


def _count(description: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description, "example": 93})


def _decimal(description: str, example: float) -> fields.Decimal:
    return fields.Decimal(required=True, allow_none=True, metadata=described(description, example))


def _money(description: str) -> fields.Decimal:
    return _decimal(f"{description} Null for an unsupported currency, whose decimals are unknown.", 1234.5)


def _value() -> fields.Decimal:
    return _decimal("n divided by total, to six digits; null when total is 0.", 0.93)


class RatioSchema(Schema):
    value = _value()
    n = _count("How many.")
    total = _count("Of how many.")


class PaymentCountsSchema(Schema):
    created = _count("Payments created in the range; the other counts add up to it.")
    completed = _count("Paid.")
    failed = _count("At least one failed attempt, and not completed.")
    canceled = _count("Canceled without a failed attempt.")
    open = _count("Attempted, without an outcome yet.")
    abandoned = _count("Never attempted, and not canceled.")


class FailureReasonSchema(RatioSchema):
    code = string("Decline code, else error code.", "insufficient_funds")
    group = string("What kind of reason it is.", "funds", enum=[group.value for group in FailureGroup])
    meaning = string("The code in words.", "The card has insufficient funds.")


class RefundedAmountSchema(Schema):
    currency = string("ISO currency code, lower case.", "usd")
    refunded = _money("Refunded of these payments, in major units.")
    captured = _money("Captured of these payments, in major units.")
    value = _value()


class MethodSuccessSchema(RatioSchema):
    method = string(
        "Stripe's word for the type; wallets and Link count as `card`, types of the future as `other`.",
        "card",
        enum=list(METHOD_TYPES),
    )


class RefundRateSchema(Schema):
    by_count = nested(RatioSchema, "Completed payments with a succeeded refund, of all completed.")
    by_amount = nested(
        RefundedAmountSchema, "Refunded of captured money of these payments, each currency by itself.", many=True
    )


class SplitSchema(Schema):
    authenticated = _count("The customer was authenticated.")
    failed = _count("Authentication failed.")
    abandoned = _count("The customer never answered.")
    open = _count("Not answered yet.")
    exempted = _count("Not needed: an exemption was used.")
    attempted = _count("The bank acknowledged the attempt without authenticating.")


class FlowsSchema(Schema):
    challenge = _count("The customer was challenged.")
    frictionless = _count("The bank was satisfied without a challenge.")


class ThreeDSecureFiguresSchema(Schema):
    rate = nested(RatioSchema, "Attempts in which 3-D Secure was requested, of all attempts.")
    split = nested(SplitSchema, "How those requests ended.")
    flows = nested(FlowsSchema, "How the customer was authenticated, where it is known.")


class ProcessingTimeSchema(Schema):
    n = _count("Payments that completed.")
    mean = _decimal("Mean seconds from created to completed.", 12.5)
    p50 = _decimal("Median, in seconds; two significant digits from 100 seconds on.", 12.5)
    p95 = _decimal("95th percentile, in seconds; two significant digits from 100 seconds on.", 12.5)


class VolumeSchema(Schema):
    currency = string("ISO currency code, lower case.", "usd")
    gross = _money("Captured in the range, in major units.")
    refunded = _money("Refunded in the range, in major units.")
    refund_failures = _money("Refunds of which the money came back in the range, whenever they were made.")
    net = _money("Gross less refunded plus refund failures; negative when more went back than came in.")


class FiguresSchema(Schema):
    payments = nested(PaymentCountsSchema, "How many payments were created, and how they stand.")
    success_rate = nested(RatioSchema, "Completed of those that completed or failed.")
    success_by_method = nested(
        MethodSuccessSchema, "The success rate of each type of payment method; most used first.", many=True
    )
    first_attempt_success = nested(
        RatioSchema, "Payments whose first attempt succeeded, of those with an attempt that has an outcome."
    )
    failure_reasons = nested(
        FailureReasonSchema,
        "Failed attempts by reason, as a share of all failed attempts; most frequent first.",
        many=True,
    )
    refund_rate = nested(RefundRateSchema, "How much went back, by count and by amount.")
    three_d_secure = nested(ThreeDSecureFiguresSchema, "3-D Secure, by attempts.")
    processing_time = nested(ProcessingTimeSchema, "From created to completed.")
    dispute_rate = nested(RatioSchema, "Completed payments with a chargeback, of all completed.")
    disputes_opened = _count("Chargebacks opened in the range.")
    volume = nested(VolumeSchema, "Money by the date on which it moved, each currency by itself.", many=True)


class StepSchema(FiguresSchema):
    start = string("When the step begins, local time with its offset.", "2025-01-01T00:00:00+01:00")


class RangeSchema(Schema):
    first = fields.String(
        required=True, data_key="from", metadata=described("Start, included.", "2025-01-01T00:00:00+01:00")
    )
    last = fields.String(
        required=True, data_key="to", metadata=described("End, excluded.", "2025-02-01T00:00:00+01:00")
    )
    timezone = string("The zone that days are of.", "Europe/Berlin")
    currency = string("The currency of the query.", "usd", null=True)


class PreviousSchema(FiguresSchema):
    range = nested(RangeSchema, "The range that the figures are of.")


class MetricsSchema(FiguresSchema):
    range = nested(RangeSchema, "The range that the figures are of.")
    series = nested(StepSchema, "The same figures for every step of the range.", many=True)
    previous = nested(PreviousSchema, "The same figures for the comparison range; null unless requested.", null=True)


def metrics(report: Report) -> Body:
    """A report as the body of the response."""
    span, currency = report.query.span, report.query.choice.currency
    before = report.previous_span
    return {
        "range": _range(span.start, span.end, span.zone, currency),
        **figures(report.figures),
        "series": [{"start": start.isoformat(), **figures(step)} for start, step in report.series],
        "previous": {"range": _range(before.start, before.end, span.zone, currency), **figures(report.previous)}
        if before and report.previous
        else None,
    }


def figures(figures_: Figures) -> Body:
    """Every figure of DESIGN section 5."""
    return {
        "payments": figures_.payments,
        "success_rate": _ratio(figures_.success_rate),
        "success_by_method": [{"method": m.method, **_ratio(m.ratio)} for m in figures_.success_by_method],
        "first_attempt_success": _ratio(figures_.first_attempt_success),
        "failure_reasons": [
            {"code": r.reason.code, "group": r.reason.group.value, "meaning": r.reason.meaning, **_ratio(r.ratio)}
            for r in figures_.failure_reasons
        ],
        "refund_rate": {
            "by_count": _ratio(figures_.refund_rate),
            "by_amount": [
                {
                    "currency": share.currency,
                    "refunded": share.refunded,
                    "captured": share.captured,
                    "value": _rounded(share.ratio.value),
                }
                for share in figures_.refunded_amounts
            ],
        },
        "three_d_secure": {
            "rate": _ratio(figures_.three_d_secure_rate),
            "split": figures_.three_d_secure_split,
            "flows": figures_.three_d_secure_flows,
        },
        "processing_time": {
            "n": figures_.timed,
            "mean": _rounded(figures_.mean_seconds),
            "p50": figures_.percentile_seconds(_P50),
            "p95": figures_.percentile_seconds(_P95),
        },
        "dispute_rate": _ratio(figures_.dispute_rate),
        "disputes_opened": figures_.disputes_opened,
        "volume": [
            {
                "currency": v.currency,
                "gross": v.gross,
                "refunded": v.refunded,
                "refund_failures": v.refund_failures,
                "net": v.net,
            }
            for v in figures_.volumes
        ],
    }


def _ratio(ratio: Ratio) -> Body:
    return {"value": _rounded(ratio.value), "n": ratio.n, "total": ratio.total}


def _rounded(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{round(value, _DIGITS):f}")


def _range(start: datetime, end: datetime, zone: Any, currency: str | None) -> Body:
    return {
        "from": start.astimezone(zone).isoformat(),
        "to": end.astimezone(zone).isoformat(),
        "timezone": zone.key,
        "currency": currency,
    }
