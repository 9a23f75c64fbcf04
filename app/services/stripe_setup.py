"""Set Stripe up for this service: one webhook endpoint with exactly the events and the version that we read.

The Dashboard offers only the account's default version and the latest one; the API takes every version
(docs.stripe.com/webhooks, docs.stripe.com/api/webhook_endpoints/create).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from app.errors import StripeNotInitialized, ValidationFailed
from app.gateway.client import StripeGateway
from app.gateway.endpoints import MOST_ENDPOINTS, EndpointSetup, EventRefused, NewEndpoint, StripeEndpoints
from app.gateway.webhooks import APPLIED_TYPES, FAILED_REFUND

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPlan:
    """What has to be done for ``url``: nothing, where ``current`` is right; else update it, or create one (None).

    ``others`` also deliver to this address, and would deliver every event a second time.
    """

    url: str
    current: EndpointSetup | None
    others: tuple[EndpointSetup, ...]

    @property
    def is_right(self) -> bool:
        """True when Stripe already delivers what we read and nothing else."""
        seen = self.current
        return seen is not None and seen.is_enabled and not seen.missing_events and not seen.needless_events


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupResult:
    """``secret`` is there where an endpoint was made. ``without`` names events that Stripe refused in this version."""

    endpoint: EndpointSetup
    secret: str | None
    without: tuple[str, ...]


class StripeSetup:
    """Every method raises the errors of the gateway, StripeNotInitialized without a key among them."""

    def __init__(self, gateway: StripeGateway, *, api_version: str, livemode: bool) -> None:
        self._gateway = gateway
        self._endpoints = StripeEndpoints(gateway)
        self._api_version = api_version
        self._livemode = livemode

    def address(self, url: str, webhook_path: str) -> str:
        """The whole address of the webhook: ``https://pay.example.com`` is enough.

        Raises ValidationFailed for one that Stripe cannot deliver to, and StripeNotInitialized.
        """
        if not self._gateway.configured:
            raise StripeNotInitialized("Set STRIPE_SECRET_KEY first: endpoints are made with it.")
        return webhook_url(url, webhook_path, livemode=self._livemode)

    def plan(self, url: str) -> SetupPlan:
        """What has to be done so that Stripe delivers to this address. Nothing is changed.

        Raises ValidationFailed when the account can have no more endpoints.
        """
        existing = self._endpoints.all()
        here = [each for each in existing if each.url == url]
        current = _best([each for each in here if each.api_version == self._api_version])
        if current is None and len(existing) >= MOST_ENDPOINTS:
            raise ValidationFailed(
                f"The account has {len(existing)} webhook endpoints, and Stripe allows {MOST_ENDPOINTS}. Delete one "
                "that is no longer used in Stripe's dashboard (Developers > Webhooks)."
            )
        others = tuple(each for each in here if each is not current and each.is_enabled)
        return SetupPlan(url=url, current=current, others=others)

    def carry_out(self, plan: SetupPlan) -> SetupResult:
        """Create or update the endpoint. Carrying out a plan for an endpoint that is right changes nothing."""
        if plan.current is not None and plan.is_right:
            return SetupResult(endpoint=plan.current, secret=None, without=_lacking(plan.current))
        try:
            return self._write(plan, APPLIED_TYPES)
        except EventRefused:
            # It is not documented whether an older version takes this event, and others say the same.
            return self._write(plan, APPLIED_TYPES - {FAILED_REFUND})

    def _write(self, plan: SetupPlan, events: frozenset[str]) -> SetupResult:
        if plan.current is not None:
            endpoint = self._endpoints.update(plan.current.id, events)
            return SetupResult(endpoint=endpoint, secret=None, without=_lacking(endpoint))
        made: NewEndpoint = self._endpoints.create(plan.url, events, self._api_version)
        return SetupResult(endpoint=made.setup, secret=made.secret, without=_lacking(made.setup))


def webhook_url(address: str, webhook_path: str, *, livemode: bool) -> str:
    """The whole address of the webhook: ``https://pay.example.com`` is enough. Raises ValidationFailed."""
    try:
        parts = urlsplit(address.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValidationFailed("The URL is invalid: use https://pay.example.com.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ValidationFailed("The URL needs a scheme and a host: use https://pay.example.com.")
    if parts.scheme == "http" and (livemode or host not in _LOOPBACK):
        raise ValidationFailed("The URL must be https. Only the sandbox on this machine may deliver by http.")
    if parts.username or parts.query or parts.fragment:
        raise ValidationFailed("The URL must have no user, query or fragment.")
    path = parts.path.rstrip("/")
    if path not in {"", webhook_path}:
        raise ValidationFailed(f"The path of the URL must be {webhook_path}, or left out.")
    return urlunsplit((parts.scheme, parts.netloc.lower(), webhook_path, "", ""))


def _best(candidates: Sequence[EndpointSetup]) -> EndpointSetup | None:
    """The endpoint to keep of several: one that is enabled, and the fewest changes away from right."""
    return min(
        candidates,
        key=lambda each: (not each.is_enabled, len(each.missing_events) + len(each.needless_events), each.id),
        default=None,
    )


def _lacking(endpoint: EndpointSetup) -> tuple[str, ...]:
    return tuple(sorted(APPLIED_TYPES - endpoint.events))
