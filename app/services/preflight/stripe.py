"""The checks of the production checklist that only Stripe can answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.gateway.account import AccountSetup, StripeAccount
from app.gateway.client import StripeGateway
from app.gateway.endpoints import EndpointSetup, StripeEndpoints
from app.gateway.permissions import MissingRight, StripePermissions
from app.services.preflight.runner import Check, Verdict, fail, ok, warn

_ASK = "Check STRIPE_SECRET_KEY and that this machine reaches Stripe; a restricted key must be allowed to read this."
# Signatures older than five minutes are refused, so a clock may not come near that.
_MOST_SKEW_SECONDS = 60
# In which every flow is tested, for calls and for events independently. Others are read as far as they are alike.
PROVEN_VERSIONS = ("2023-10-16", "2026-10-28.endive")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSpec:
    """What a webhook endpoint must be like. ``host`` is None when our public name is unknown."""

    path: str
    host: str | None
    api_version: str
    livemode: bool

    def is_met_by(self, seen: EndpointSetup) -> bool:
        """Whether the endpoint points here."""
        parts = urlsplit(seen.url)
        return parts.path == self.path and (self.host is None or parts.hostname == self.host)


class StripePreflight:
    """The checks, bound to the account of the key that requests are made with."""

    def __init__(self, gateway: StripeGateway, *, api_version: str, livemode: bool) -> None:
        self._account = StripeAccount(gateway)
        self._endpoints = StripeEndpoints(gateway)
        self._permissions = StripePermissions(gateway)
        self._api_version = api_version
        self._livemode = livemode

    def checks(self, *, webhook_path: str, host: str | None) -> list[Check]:
        """Every check that asks Stripe. ``webhook_path`` is where deliveries are taken, ``host`` our public name."""
        at, live = self._account, self._livemode
        return [
            Check("stripe_account", lambda: account(at.account()), _ASK),
            Check("stripe_api_version", lambda: version(at.account(), self._api_version), _ASK),
            Check("clock", lambda: clock(at.account()), _ASK),
            *self.setup_checks(webhook_path=webhook_path, host=host),
            Check("refunds", lambda: refunds(at.has_refunded(), livemode=live), _ASK),
            Check("receipts", lambda: receipts(*at.receipts()), _ASK),
        ]

    def setup_checks(self, *, webhook_path: str, host: str | None, for_setup: bool = False) -> list[Check]:
        """What ``flask stripe setup`` puts right, or says is missing; ``for_setup``, with the right to do so."""
        expected = EndpointSpec(path=webhook_path, host=host, api_version=self._api_version, livemode=self._livemode)
        restricted = self._permissions.is_restricted
        return [
            Check(
                "stripe_permissions",
                lambda: permissions(self._permissions.missing(for_setup=for_setup), is_restricted=restricted),
                _ASK,
            ),
            Check("webhook_endpoint", lambda: endpoint(self._endpoints.all(), expected), _ASK),
        ]


def account(seen: AccountSetup) -> Verdict:
    """The key works and the account may take payments."""
    if not seen.charges_enabled:
        return fail(
            "Stripe does not let this account take payments.", "Finish the account's activation in Stripe's dashboard."
        )
    if not seen.payouts_enabled:
        return warn(
            "Stripe takes payments for this account but pays nothing out.",
            "Complete the bank account in Stripe's dashboard.",
        )
    return ok(f"The key works; the account ({seen.country or 'no country'}) may take payments.")


def version(seen: AccountSetup, expected: str) -> Verdict:
    """Stripe answers in the version that we ask for, and every flow is tested in it."""
    if seen.api_version != expected:
        return fail(
            f"Stripe answered in version {seen.api_version}, and STRIPE_API_VERSION is {expected}.",
            "Look at STRIPE_API_VERSION, and at a proxy that changes headers.",
        )
    if expected not in PROVEN_VERSIONS:
        return warn(
            f"Stripe answers in version {expected}, in which this service is not tested.",
            f"Set STRIPE_API_VERSION to {' or '.join(PROVEN_VERSIONS)}.",
        )
    return ok(f"Stripe answers in version {expected}.")


def clock(seen: AccountSetup) -> Verdict:
    """Our clock agrees with Stripe's."""
    ahead = seen.clock_ahead
    if abs(ahead) > _MOST_SKEW_SECONDS:
        direction = "ahead of" if ahead > 0 else "behind"
        return fail(
            f"The clock of this machine is {abs(ahead)} seconds {direction} Stripe's: deliveries would be refused.",
            "Let the machine keep its time by NTP.",
        )
    return ok("The clock agrees with Stripe's.")


def permissions(missing: Sequence[MissingRight], *, is_restricted: bool) -> Verdict:
    """The key may do what we ask of Stripe."""
    if not is_restricted:
        return ok("The key may do everything. A restricted key with few rights is safer (docs/deploy.md).")
    if missing:
        lacking = "; ".join(f"{m.right.resource}: {m.right.access} ({m.named or m.right.name})" for m in missing)
        needed = ", ".join(dict.fromkeys(m.right.purpose for m in missing))
        return fail(
            f"The restricted key lacks {lacking}.",
            f"Without it we cannot {needed}. Edit the key in Stripe's dashboard.",
        )
    return ok("The restricted key may do all that we need.")


def endpoint(seen: Sequence[EndpointSetup], expected: EndpointSpec) -> Verdict:
    """Stripe delivers every event that we need, once, to us, in our version."""
    matching = [each for each in seen if expected.is_met_by(each)]
    enabled = [each for each in matching if each.is_enabled]
    if not matching:
        return fail(
            "No webhook endpoint at Stripe points here.",
            f"Run flask stripe setup --url https://{expected.host or '…'}, or register {expected.path} in Stripe's "
            f"dashboard (Developers > Webhooks) with version {expected.api_version}.",
        )
    if not enabled:
        return fail("The webhook endpoint at Stripe is disabled.", "Enable it in Stripe's dashboard.")
    if len(enabled) > 1:
        return warn(
            f"{len(enabled)} enabled endpoints point here, so every event comes as often.",
            "Disable all but one; harmless while a secret is rolled that way.",
        )
    return _check_endpoint(enabled[0], expected)


def refunds(succeeded: bool, *, livemode: bool) -> Verdict:
    """A refund was tried before it is needed."""
    if succeeded:
        return ok(f"A refund has succeeded in {'live' if livemode else 'test'} mode.")
    if livemode:
        return warn(
            "No refund has succeeded in live mode yet, and test mode cannot be seen with a live key.",
            "Refund a test payment, and run flask preflight --test-mode with the test keys.",
        )
    return fail("No refund has succeeded in test mode.", "Pay with 4242 4242 4242 4242 and refund it.")


def receipts(named: int, looked_at: int) -> Verdict:
    """Customers get a receipt."""
    if named:
        return ok(f"{named} of the latest {looked_at} payments name an address for the receipt.")
    return warn(
        f"None of the latest {looked_at} payments names an address for the receipt.",
        "Send receipt_email with create-intent, or let Stripe mail every customer (Settings > Customer emails).",
    )


def _check_endpoint(seen: EndpointSetup, expected: EndpointSpec) -> Verdict:
    if expected.livemode and urlsplit(seen.url).scheme != "https":
        return fail("The webhook endpoint is not https.", "Change its address in Stripe's dashboard.")
    if seen.livemode != expected.livemode:
        return fail("The webhook endpoint is of the other mode.", "Register it in the mode of the keys.")
    if seen.missing_events:
        return fail(
            f"The webhook endpoint does not get {', '.join(seen.missing_events)}.",
            f"Run flask stripe setup --url {_origin(seen)}, or add these events in Stripe's dashboard.",
        )
    if seen.api_version is None:
        return warn(
            "The webhook endpoint has no version of its own, so an upgrade of the account would change its events.",
            f"Run flask stripe setup --url {_origin(seen)}: it makes one with version {expected.api_version}.",
        )
    if seen.api_version not in PROVEN_VERSIONS:
        return warn(
            f"The webhook endpoint sends version {seen.api_version}, in which this service is not tested.",
            f"Run flask stripe setup --url {_origin(seen)}: it makes one with version {expected.api_version}, as the "
            "version of an endpoint cannot be changed.",
        )
    return ok(f"One endpoint points here, with every event that is needed, in version {seen.api_version}.")


def _origin(seen: EndpointSetup) -> str:
    parts = urlsplit(seen.url)
    return f"{parts.scheme}://{parts.netloc}"
