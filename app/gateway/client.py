"""Every call that we make to Stripe: what is sent, under which idempotency key, and what comes back as facts.

Sources: docs.stripe.com/api/payment_intents/create, /api/refunds/create, /api/idempotent_requests.

Uses errors, metadata, payment_methods, snapshots.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar

import stripe
import structlog

from app import telemetry
from app.domain.money import Money
from app.domain.payments.facts import IntentFact, RefundFact
from app.domain.payments.states import CaptureMethod, IntentStatus
from app.errors import StripeNotInitialized, StripeUnavailable
from app.gateway import metadata
from app.gateway.errors import CONFIGURATION, ConfigurationFault, configuration_fault, outcome_of, translate
from app.gateway.payment_methods import chosen
from app.gateway.snapshots import intent_fact, refund_fact
from app.telemetry import OTHER

T = TypeVar("T")
logger = structlog.get_logger(__name__)

# Telemetry would write a file to the home directory and send timings of earlier calls with every request.
stripe.enable_telemetry = False

# How long a call may take at most; gunicorn.conf.py waits for it.
CONNECT_SECONDS = 3.0
# A call whose answer is lost is made once more under the same idempotency key; a StripeClient by itself does not retry.
RETRIES = 1
_EXPAND = ["latest_charge"]
# What the payment path asks Stripe for: alerts watch whether it fails.
_OPERATIONS = (
    *("create_intent", "retrieve_intent", "find_intent", "capture_intent", "cancel_intent"),
    *("create_refund", "list_refunds"),
)


@dataclass(frozen=True, slots=True)
class IntentHandle:
    """An intent with the secret that the customer's browser needs; the secret is for passing on, never for keeping.

    Stripe leaves the secret out where a key may not read it; everything but the browser's part works without.
    """

    fact: IntentFact
    secret: str | None = field(repr=False)

    @property
    def client_secret(self) -> str:
        """Raises StripeUnavailable where the answer held none: without it no customer can pay."""
        if not self.secret:
            raise StripeUnavailable(retry_after=2)
        return self.secret


class ConfigurationReports(Protocol):
    """Who keeps what an operator has to mend at Stripe."""

    def refused(self, fault: ConfigurationFault) -> None:
        """Stripe refused a call because of how this service or the account is set up."""

    def worked(self, operation: str) -> None:
        """Stripe did what it was asked."""


class StripeGateway:
    """Stripe as this service uses it. Thread-safe: the SDK keeps one HTTP session for each thread.

    Every method raises StripeNotInitialized without a key, and else the errors of ``gateway.errors.translate``.
    """

    def __init__(
        self,
        *,
        secret_key: str,
        api_version: str,
        api_base: str,
        timeout_seconds: float,
        reports: ConfigurationReports,
        payment_methods: Sequence[str] = ("card",),
    ) -> None:
        telemetry.expect_stripe_calls(_OPERATIONS)
        self._reports = reports
        self._client: stripe.StripeClient | None = None
        self._payment_methods = chosen(payment_methods, api_version)
        self.is_restricted = secret_key.startswith("rk_")
        if secret_key:
            self._client = stripe.StripeClient(
                secret_key,
                stripe_version=api_version,
                base_addresses={"api": api_base.rstrip("/")} if api_base else {},
                max_network_retries=RETRIES,
                http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, timeout_seconds)),
            )

    def create_intent(
        self,
        *,
        payment_id: str,
        order_id: str,
        customer_id: str,
        money: Money,
        description: str | None,
        receipt_email: str | None,
        capture_method: CaptureMethod,
        key_number: int,
    ) -> IntentHandle:
        """Create the intent of a payment row; called again for the same row, Stripe answers with the same intent.

        The capture method is always sent, because Stripe's default depends on the API version. Raises KeyUsedUp.
        """
        params: dict[str, Any] = {
            "amount": money.minor,
            "currency": money.currency,
            "capture_method": capture_method.value,
            **self._payment_methods,
            "metadata": metadata.of_intent(payment_id=payment_id, order_id=order_id, customer_id=customer_id),
        }
        if description:
            params["description"] = description
        if receipt_email:
            params["receipt_email"] = receipt_email
        options = {"idempotency_key": _numbered(f"paydesk-intent-{payment_id}", key_number)}
        answer = self.call("create_intent", lambda v1: v1.payment_intents.create(params, options))
        intent = object_of(answer, "payment_intent")
        if _is_replay(answer):
            # It shows the intent as it was when it was created; since then it may have been changed, paid or canceled.
            return self.retrieve_intent(intent["id"])
        return IntentHandle(intent_fact(intent, as_of=intent["created"]), intent.get("client_secret"))

    def retrieve_intent(self, intent_id: str) -> IntentHandle:
        """The intent as it is now, with its latest charge. Raises NotFound when Stripe has none of that id."""
        answer = self.call("retrieve_intent", lambda v1: v1.payment_intents.retrieve(intent_id, {"expand": _EXPAND}))
        intent = object_of(answer, "payment_intent")
        return IntentHandle(intent_fact(intent, as_of=answered_at(answer)), intent.get("client_secret"))

    def capture_intent(self, intent_id: str, *, closing_id: str, amount: int, key_number: int) -> IntentFact:
        """Capture ``amount`` minor units of a hold; Stripe releases the rest. Raises KeyUsedUp."""
        params = {"amount_to_capture": amount, "expand": _EXPAND}
        options = {"idempotency_key": _numbered(f"paydesk-capture-{closing_id}", key_number)}
        return self._closed("capture_intent", lambda v1: v1.payment_intents.capture(intent_id, params, options))

    def cancel_intent(self, intent_id: str, *, closing_id: str, key_number: int) -> IntentFact:
        """Cancel an open intent, or release its hold. Raises KeyUsedUp."""
        params = {"cancellation_reason": "abandoned", "expand": _EXPAND}
        options = {"idempotency_key": _numbered(f"paydesk-cancel-{closing_id}", key_number)}
        return self._closed("cancel_intent", lambda v1: v1.payment_intents.cancel(intent_id, params, options))

    def _closed(self, operation: str, ask: Callable[[Any], Any]) -> IntentFact:
        answer = self.call(operation, ask)
        return intent_fact(object_of(answer, "payment_intent"), as_of=answered_at(answer))

    def find_intent(self, payment_id: str, *, created_from: int) -> IntentHandle | None:
        """The intent whose metadata names the payment, among those created since a Unix time.

        Lists are used, because Stripe's search is up to a minute late (docs.stripe.com/search).
        """

        def search(v1: Any) -> Any:
            page = v1.payment_intents.list({"created": {"gte": created_from}, "limit": 100})
            for intent in listed(page):
                if metadata.names_payment(metadata.metadata_of(intent.to_dict()), payment_id):
                    return intent
            return None

        intent = self.call("find_intent", search)
        return self.retrieve_intent(intent["id"]) if intent is not None else None

    def create_refund(
        self,
        *,
        refund_id: str,
        payment_id: str,
        intent_id: str,
        amount: int,
        stripe_reason: str | None,
        texts: dict[str, str],
        key_number: int,
    ) -> RefundFact:
        """Refund ``amount`` minor units; called again with the same ``refund_id``, Stripe refunds only once.

        ``texts`` are kept beside our ids in its metadata.
        """
        params: dict[str, Any] = {
            "payment_intent": intent_id,
            "amount": amount,
            "metadata": metadata.of_refund(refund_id=refund_id, payment_id=payment_id, texts=texts),
        }
        if stripe_reason:
            params["reason"] = stripe_reason
        options = {"idempotency_key": _numbered(f"paydesk-refund-{refund_id}", key_number)}
        answer = self.call("create_refund", lambda v1: v1.refunds.create(params, options))
        refund = object_of(answer, "refund")
        # A replayed answer shows the refund as it was when it was created, so that is the snapshot's time.
        return refund_fact(refund, as_of=refund["created"])

    def refunds_of(self, intent_id: str) -> list[RefundFact]:
        """Every refund of an intent, made here or at Stripe."""

        def collect(v1: Any) -> list[RefundFact]:
            page = v1.refunds.list({"payment_intent": intent_id, "limit": 100})
            return [refund_fact(refund.to_dict(), as_of=answered_at(page)) for refund in listed(page)]

        return self.call("list_refunds", collect)

    @property
    def configured(self) -> bool:
        """True when there is a key to call Stripe with."""
        return self._client is not None

    def call(self, operation: str, ask: Callable[[Any], T]) -> T:
        """What ``ask`` gets from Stripe; counted, timed and logged as ``operation``. For this package only."""
        if self._client is None:
            raise StripeNotInitialized
        started = time.perf_counter()
        outcome, kind, request_id = "ok", OTHER, None
        try:
            answer = ask(self._client.v1)
            request_id, kind = getattr(getattr(answer, "last_response", None), "request_id", None), "ok"
            self._reports.worked(operation)
            return answer
        except stripe.StripeError as error:
            outcome, request_id = type(error).__name__, error.request_id
            kind = outcome_of(error)
            if fault := configuration_fault(error, operation):
                kind = CONFIGURATION
                logger.error("stripe_configuration_error", **asdict(fault), stripe_request_id=request_id)
                self._reports.refused(fault)
            raise translate(error, operation) from error
        except (UnicodeDecodeError, RecursionError) as error:
            # The SDK decodes an answer before it looks at it: bytes of a proxy, or JSON of endless depth.
            outcome, kind = type(error).__name__, "unavailable"
            raise StripeUnavailable(retry_after=2) from error
        finally:
            seconds = time.perf_counter() - started
            telemetry.stripe_called(operation, kind, seconds)
            logger.info(
                "stripe_call",
                operation=operation,
                outcome=outcome,
                stripe_request_id=request_id,
                duration_ms=round(seconds * 1000, 1),
            )


def object_of(answer: Any, kind: str) -> dict[str, Any]:
    """The answer as a plain dictionary. Raises StripeUnavailable for a 200 that is not what was requested."""
    content: dict[str, Any] = answer.to_dict() if isinstance(answer, stripe.StripeObject) else {}
    if content.get("object") != kind:
        raise StripeUnavailable(retry_after=2)
    return content


def listed(page: Any) -> Iterator[Any]:
    """Every object of a list, over all its pages. Raises StripeUnavailable when the answer is no list."""
    object_of(page, "list")
    yield from page.auto_paging_iter()


def answered_at(answer: Any) -> int:
    """When Stripe answered, by Stripe's own clock, so that ours may be wrong; events carry times of that clock too."""
    try:
        return int(parsedate_to_datetime(answer.last_response.headers["Date"]).timestamp())
    except (KeyError, TypeError, ValueError):
        return int(time.time())


def _numbered(key: str, number: int) -> str:
    """The idempotency key; once Stripe keeps an error under one, the next number makes another."""
    return key if number == 1 else f"{key}-{number}"


def _is_replay(answer: Any) -> bool:
    """True for the stored answer to an earlier call with the same key (docs.stripe.com/error-low-level)."""
    return bool(answer.last_response.headers.get("Idempotent-Replayed") == "true")


def settling(fact: IntentFact, open_before: frozenset[str]) -> IntentFact:
    """The fetched fact, which also answers the 3-D Secure requests that were open before the fetch began."""
    still_open = {fact.payment_method_id} if fact.status == IntentStatus.REQUIRES_ACTION else set()
    return replace(fact, settled=frozenset(open_before - still_open))
