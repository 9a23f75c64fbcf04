"""What MongoDB and Stripe may tell, and what is made of it; that it is read rightly is for tests/integration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.errors import StripeInvalidApiKey
from app.gateway.account import AccountSetup
from app.gateway.endpoints import EndpointSetup
from app.gateway.permissions import RIGHTS, MissingRight
from app.gateway.webhooks import APPLIED_TYPES
from app.models.server_info import Deployment
from app.services.preflight import database, serving, stripe
from app.services.preflight.runner import Check, State, Verdict, ok, run
from tests.support.verdicts import assert_is

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL
THREE = Deployment(
    version="7.0.5",
    replica_set="rs0",
    members=3,
    is_writable=True,
    is_sharded=False,
    is_authenticated=True,
    is_local=False,
    overruled=(),
    write_timeout=None,
    reads_from_primary=True,
)
ACCOUNT = AccountSetup(
    country="DE", charges_enabled=True, payouts_enabled=True, api_version="2023-10-16", clock_ahead=0
)
PATH = "/api/v1/payments/stripe/webhook"
ENDPOINT = EndpointSetup(
    id="we_1",
    url=f"https://pay.example.com{PATH}",
    is_enabled=True,
    livemode=True,
    api_version="2023-10-16",
    events=APPLIED_TYPES,
)
EXPECTED = stripe.EndpointSpec(path=PATH, host="pay.example.com", api_version="2023-10-16", livemode=True)


@pytest.mark.parametrize(
    ("check", "changes", "state", "told"),
    [
        (database.replica_set, {}, OK, "rs0 of 3"),
        (database.replica_set, {"members": 1}, WARN, "1 members"),
        (database.replica_set, {"replica_set": None, "members": 0}, FAIL, "single server"),
        (database.replica_set, {"is_writable": False}, FAIL, "no writable primary"),
        (database.replica_set, {"is_sharded": True, "replica_set": None}, OK, "sharded"),
        (database.authentication, {}, OK, "authenticated"),
        (database.authentication, {"is_authenticated": False}, FAIL, "no password"),
        (database.authentication, {"is_authenticated": False, "is_local": True}, WARN, "this machine"),
        (database.write_concern, {}, OK, "majority and the journal"),
        (database.write_concern, {"overruled": ("w", "journal")}, WARN, "w and journal"),
        (database.write_concern, {"write_timeout": 500}, WARN, "500 ms"),
        (database.reads, {}, OK, "primary"),
        (database.reads, {"reads_from_primary": False}, FAIL, "secondary"),
    ],
)
def test_mongodb(check: Any, changes: dict[str, Any], state: State, told: str) -> None:
    assert_is(check(replace(THREE, **changes)), state, told)


@pytest.mark.parametrize(
    ("check", "changes", "state", "told"),
    [
        (stripe.account, {}, OK, "DE"),
        (stripe.account, {"charges_enabled": False}, FAIL, "take payments"),
        (stripe.account, {"payouts_enabled": False}, WARN, "pays nothing out"),
        (lambda seen: stripe.version(seen, "2023-10-16"), {}, OK, "2023-10-16"),
        (lambda seen: stripe.version(seen, "2023-10-16"), {"api_version": "2024-06-20"}, FAIL, "2024-06-20"),
        (lambda seen: stripe.version(seen, "2024-06-20"), {"api_version": "2024-06-20"}, WARN, "not tested"),
        (lambda seen: stripe.version(seen, "2026-10-28.endive"), {"api_version": "2026-10-28.endive"}, OK, "2026"),
        (stripe.clock, {"clock_ahead": 60}, OK, "agrees"),
        (stripe.clock, {"clock_ahead": 61}, FAIL, "61 seconds ahead of"),
        (stripe.clock, {"clock_ahead": -300}, FAIL, "300 seconds behind"),
    ],
)
def test_account(check: Any, changes: dict[str, Any], state: State, told: str) -> None:
    assert_is(check(replace(ACCOUNT, **changes)), state, told)


@pytest.mark.parametrize(
    ("changes", "state", "told"),
    [
        ([{}], OK, "One endpoint"),
        ([], FAIL, "No webhook endpoint"),
        ([{"url": "https://pay.example.com/other"}], FAIL, "No webhook endpoint"),
        ([{"url": f"https://other.example.com{PATH}"}], FAIL, "No webhook endpoint"),
        ([{"is_enabled": False}], FAIL, "disabled"),
        ([{}, {"is_enabled": False}], OK, "One endpoint"),
        ([{}, {}], WARN, "2 enabled endpoints"),
        ([{"url": f"http://pay.example.com{PATH}"}], FAIL, "not https"),
        ([{"livemode": False}], FAIL, "other mode"),
        ([{"events": APPLIED_TYPES - {"refund.updated"}}], FAIL, "refund.updated"),
        ([{"events": frozenset({"*"})}], OK, "One endpoint"),
        # Only newer versions are certain to send it.
        ([{"events": APPLIED_TYPES - {"refund.failed"}}], OK, "One endpoint"),
        ([{"api_version": None}], WARN, "no version of its own"),
        ([{"api_version": "2024-06-20"}], WARN, "sends version 2024-06-20"),
        ([{"api_version": "2026-10-28.endive"}], OK, "2026-10-28.endive"),
    ],
)
def test_endpoint(changes: list[dict[str, Any]], state: State, told: str) -> None:
    assert_is(stripe.endpoint([replace(ENDPOINT, **each) for each in changes], EXPECTED), state, told)


def test_an_endpoint_is_known_by_its_path_where_our_name_is_not_known() -> None:
    elsewhere = replace(ENDPOINT, url=f"https://other.example.com{PATH}")
    assert_is(stripe.endpoint([elsewhere], replace(EXPECTED, host=None)), OK, "One endpoint")


def test_refunds_and_receipts() -> None:
    assert_is(stripe.refunds(True, livemode=True), OK, "live mode")
    assert_is(stripe.refunds(True, livemode=False), OK, "test mode")
    assert_is(stripe.refunds(False, livemode=True), WARN, "live mode")
    assert_is(stripe.refunds(False, livemode=False), FAIL, "test mode")
    assert_is(stripe.receipts(3, 100), OK, "3 of the latest 100")
    assert_is(stripe.receipts(0, 100), WARN, "None")


def test_what_is_seen_only_from_outside_and_was_not_named() -> None:
    assert_is(serving.https(None), WARN, "cannot be seen")
    assert_is(serving.https("http://pay.example.com"), FAIL, "not https")
    assert_is(serving.alerts(None), WARN, "cannot be seen")
    assert_is(serving.rate_limits(lambda: True, "Redis"), OK, "Redis")
    assert_is(serving.rate_limits(lambda: False, "Redis"), FAIL, "Redis cannot be reached")


def test_a_check_that_cannot_be_made_fails_without_a_word_of_its_cause_and_the_others_are_made() -> None:
    def known() -> Verdict:
        raise StripeInvalidApiKey

    def unforeseen() -> Verdict:
        raise RuntimeError("sk_live_secret")

    checks = [
        Check("known", known, "look here"),
        Check("unforeseen", unforeseen, "or here"),
        Check("fine", lambda: ok("fine")),
    ]
    results = list(run(checks))
    assert [result.state for result in results] == [FAIL, FAIL, OK]
    assert [result.advice for result in results] == ["look here", "or here", None]
    assert "RuntimeError" in results[1].message
    assert "sk_live" not in repr(results)


def test_permissions() -> None:
    assert_is(stripe.permissions([], is_restricted=False), OK, "may do everything")
    assert_is(stripe.permissions([], is_restricted=True), OK, "all that we need")
    lacking = [MissingRight(RIGHTS[1], "rak_charge_write"), MissingRight(RIGHTS[2], None)]
    verdict = stripe.permissions(lacking, is_restricted=True)
    assert_is(verdict, FAIL, "Charges and Refunds: Write (rak_charge_write); Disputes: Read (dispute_read)")
    assert "refund" in (verdict.advice or "")
