"""The one exception that every endpoint raises, and its body in Stripe's format.

Source: docs.stripe.com/api/errors; facts §9 (four types on the wire; the HTTP status says the rest).
"""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """A response other than 200.

    ``stored`` says whether the idempotency key keeps the response: it does not for rejected parameters, rejected
    API keys, rate limits and conflicts (facts §3). ``kind`` is ``type`` on the wire; ``extra`` holds the fields of
    card errors.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        stored: bool = True,
        should_retry: bool | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.stored = stored
        self.should_retry = should_retry
        self.extra = extra

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body, with Stripe's link to the log of this request."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        error.update({name: value for name, value in self.extra.items() if value is not None})
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """A parameter that is rejected before any work, so the idempotency key keeps nothing."""
    return StripeError(400, message, param=param, code=code, stored=False)


def missing(noun: str, object_id: str, *, param: str, status: int = 404) -> StripeError:
    """No object has this id: 404 for the id in the path, 400 for most ids in parameters."""
    return StripeError(status, f"No such {noun}: '{object_id}'", code="resource_missing", param=param)
