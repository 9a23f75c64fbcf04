"""One payment's events as five API versions write them, by hand from Stripe's documents and changelog.

A card is declined, a second one is authenticated by 3-D Secure and pays 20.00 EUR, 3.00 are refunded, and a dispute
over the payment is won.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
START = 1_700_000_000
AGES = ("2017-05-25", "2020-08-27", "2022-08-01", "2023-10-16", "2026-10-28.endive")
METADATA = {"order_id": "order-1", "customer_id": "customer-1", "paydesk_payment_id": "6" * 24}
DECLINED, CHALLENGED = ("pm_1", "4242", "ch_1"), ("pm_2", "3184", "ch_2")


def story(version: str) -> list[Json]:
    """The events in the order in which things happened."""
    age = _Age(version)
    error = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "generic_decline",
        "charge": "ch_1",
        "message": "Your card was declined.",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        **age.method(*DECLINED),
    }
    failed = age.charge(*DECLINED, created=10, status="failed")
    paid = age.charge(*CHALLENGED, created=30, status="succeeded")
    refund = age.refund()
    happened: list[tuple[int, str, Json]] = [
        (0, "payment_intent.created", age.intent("requires_payment_method")),
        (11, "charge.failed", failed),
        (11, "payment_intent.payment_failed", age.intent("requires_payment_method", charges=[failed], error=error)),
        (20, "payment_intent.requires_action", age.intent("requires_action", charges=[failed], method=CHALLENGED)),
        (31, "charge.succeeded", paid),
        (31, "payment_intent.succeeded", age.intent("succeeded", charges=[paid, failed], method=CHALLENGED)),
        (41, "charge.refunded", age.charge(*CHALLENGED, created=30, status="succeeded", refunds=[refund])),
        (42, "charge.refund.updated", refund),
        (51, "charge.dispute.created", age.dispute("needs_response")),
        (61, "charge.dispute.closed", age.dispute("won")),
    ]
    return [age.event(number, START + at, kind, target) for number, (at, kind, target) in enumerate(happened)]


class _Age:
    """Builds objects of one version. Each condition names the change that it is about."""

    def __init__(self, version: str) -> None:
        self.version = version

    def event(self, number: int, created: int, kind: str, target: Json) -> Json:
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "api_version": self.version,
            "created": created,
            "data": {"object": target},
            "livemode": False,
            "pending_webhooks": 1,
            # Before 2017-05-25 it was the id alone.
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        return event | ({"context": None} if self.version >= "2025-04-30" else {})

    def intent(
        self,
        status: str,
        *,
        charges: list[Json] | None = None,
        method: tuple[str, str, str] | None = None,
        error: Json | None = None,
    ) -> Json:
        charges = charges or []
        action: Json | None = None
        if status == "requires_action":
            urls = {"return_url": "https://shop.example.com", "url": "https://bank.example.com"}
            action = {"type": "redirect_to_url", "redirect_to_url": urls}
        intent: Json = {
            "id": "pi_1",
            "object": "payment_intent",
            "amount": 2000,
            "amount_capturable": 0,
            "amount_received": 2000 if status == "succeeded" else 0,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic",
            "client_secret": "pi_1_secret_canary",
            "confirmation_method": "automatic",
            "created": START,
            "currency": "eur",
            "customer": None,
            "description": None,
            "last_payment_error": error,
            "livemode": False,
            "metadata": METADATA,
            "receipt_email": "canary@example.com",
            "status": status,
        }
        if self.version < "2019-02-11":
            # Sources, not payment methods (docs.stripe.com/changelog/2019-02-11).
            words = {"requires_payment_method": "requires_source", "requires_action": "requires_source_action"}
            if action:
                action = {"type": "authorize_with_url", "authorize_with_url": action["redirect_to_url"]}
            intent |= {
                "allowed_source_types": ["card"],
                "next_source_action": action,
                "source": method and method[0],
                "status": words.get(status, status),
            }
        else:
            intent |= {
                "next_action": action,
                "payment_method": method and method[0],
                "payment_method_types": ["card"],
                "source": None,
            }
        if self.version < "2022-11-15":
            # docs.stripe.com/changelog/2022-11-15
            intent["charges"] = {"object": "list", "data": charges, "has_more": False, "url": "/v1/charges"}
        else:
            intent["latest_charge"] = charges[0]["id"] if charges else None
        if self.version < "2025-03-31":
            intent["invoice"] = None
        else:
            intent |= {"customer_account": None, "excluded_payment_method_types": None}
        return intent

    def method(self, method_id: str, last4: str, _: str) -> Json:
        """What ``last_payment_error`` says of it."""
        if self.version < "2019-02-11":
            return {"source": self._old_card(method_id, last4)}
        card = {**self._card(last4), "generated_from": None, "three_d_secure_usage": {"supported": True}}
        method = {"id": method_id, "object": "payment_method", "card": card, "type": "card"}
        more = {"advice_code": "try_again_later", "network_decline_code": "05"} if self.version >= "2025" else {}
        return {"payment_method": method, **more}

    def charge(
        self,
        method_id: str,
        last4: str,
        charge_id: str,
        *,
        created: int,
        status: str,
        refunds: list[Json] | None = None,
    ) -> Json:
        paid = status == "succeeded"
        charge: Json = {
            "id": charge_id,
            "object": "charge",
            "amount": 2000,
            "amount_refunded": sum(refund["amount"] for refund in refunds or []),
            "balance_transaction": "txn_1" if paid else None,
            "captured": paid,
            "created": START + created,
            "currency": "eur",
            "failure_code": None if paid else "card_declined",
            "failure_message": None if paid else "Your card was declined.",
            "livemode": False,
            "metadata": METADATA,
            "outcome": {
                "network_status": "approved_by_network" if paid else "declined_by_network",
                "reason": None if paid else "generic_decline",
                "risk_level": "normal",
                "seller_message": "Payment complete." if paid else "The bank did not return any further details.",
                "type": "authorized" if paid else "issuer_declined",
            },
            "paid": paid,
            "payment_intent": "pi_1",
            "receipt_email": "canary@example.com",
            "refunded": False,
            "status": status,
        }
        if self.version < "2019-02-11":
            source = self._old_card(method_id, last4)
            if paid:
                # A card that 3-D Secure has authenticated is a Source (docs.stripe.com/api/sources/object).
                secured = {**source, "authenticated": True, "card": "src_1", "three_d_secure": "optional"}
                source = {"id": method_id, "object": "source", "type": "three_d_secure", "three_d_secure": secured}
            return charge | {"source": source, "refunds": _list(refunds), "dispute": None}
        secure: Json | None = None
        if paid and self.version < "2020-08-28":
            secure = {"authenticated": True, "succeeded": True, "version": "2.1.0"}
        elif paid:
            secure = {"authentication_flow": "challenge", "result": "authenticated", "result_reason": None}
            secure |= {"version": "2.1.0"}
        card = {**self._card(last4), "installments": None, "network": "visa", "three_d_secure": secure}
        charge |= {"payment_method": method_id, "payment_method_details": {"card": card, "type": "card"}}
        if self.version >= "2020-08-28":
            charge["amount_captured"] = 2000 if paid else 0
        if self.version < "2022-11-15":
            charge |= {"refunds": _list(refunds), "source": None}
        if self.version >= "2025-03-31":
            more = {"advice_code": None, "network_advice_code": None, "network_decline_code": None if paid else "05"}
            charge["outcome"] |= more
            card |= {"authorization_code": "123456", "network_transaction_id": None, "regulated_status": "unregulated"}
        else:
            charge["invoice"] = None
        return charge

    def refund(self) -> Json:
        refund: Json = {
            "id": "re_1",
            "object": "refund",
            "amount": 300,
            "balance_transaction": "txn_2",
            "charge": "ch_2",
            "created": START + 40,
            "currency": "eur",
            "metadata": {},
            "payment_intent": "pi_1",
            "reason": "requested_by_customer",
            "receipt_number": None,
            "status": "succeeded",
        }
        return refund | ({"destination_details": {"type": "card"}} if self.version >= "2023" else {})

    def dispute(self, status: str) -> Json:
        dispute: Json = {
            "id": "dp_1",
            "object": "dispute",
            "amount": 2000,
            "balance_transactions": [],
            "charge": "ch_2",
            "created": START + 50,
            "currency": "eur",
            "evidence": {"customer_name": "canary"},
            "evidence_details": {"due_by": START + 600_000, "has_evidence": False, "past_due": False},
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "reason": "fraudulent",
            "status": status,
        }
        # Intents are newer than that version's disputes, which name the charge only.
        if self.version >= "2019-02-11":
            dispute["payment_intent"] = "pi_1"
        if self.version >= "2025":
            dispute |= {
                "enhanced_eligibility_types": [],
                "payment_method_details": {"card": {"case_type": "chargeback"}},
            }
        return dispute

    def _card(self, last4: str) -> Json:
        return {"brand": "visa", "country": "DE", "funding": "credit", "fingerprint": "canary", "last4": last4}

    def _old_card(self, method_id: str, last4: str) -> Json:
        names = {"id": method_id, "object": "card", "name": "canary", "cvc_check": "pass", "tokenization_method": None}
        return {**names, **self._card(last4), "brand": "Visa"}


def _list(refunds: list[Json] | None) -> Json:
    return {"object": "list", "data": refunds or [], "has_more": False, "url": "/v1/charges/ch_2/refunds"}
