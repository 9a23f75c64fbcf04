"""How often one caller may ask, counted in MongoDB here and in Redis in tests/e2e/test_shared_limits.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from app.domain.permissions import Scope
from app.factory import create_app
from config import Settings, SettingsError
from tests.integration.api.caller import Caller, settings_for
from tests.integration.api.stripe_double import StripeDouble
from tests.support.applications import Applications
from tests.support.prometheus import samples

WRITES, READS = 3, 5


@pytest.fixture
def erp(indexed_uri: str, stripe: StripeDouble, applications: Applications) -> Caller:
    changes = {"rate_limit_writes": WRITES, "rate_limit_reads": READS, "cors_origins": ("https://erp.example.com",)}
    return Caller(applications.on(settings_for(indexed_uri, stripe.url, **changes)))


def test_writes_have_a_limit_for_each_caller(erp: Caller) -> None:
    assert [erp.create().status_code for _ in range(WRITES)] == [201] * WRITES
    refused = erp.create()
    assert (refused.status_code, refused.json["error"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.json["request_id"] == refused.headers["X-Request-ID"]


def refusals(erp: Caller) -> float:
    found = samples(erp.client.get("/metrics").text)
    return found.get("rejected_requests_total{error=rate_limited}", 0)


def test_refusals_are_counted(erp: Caller) -> None:
    before = refusals(erp)
    answers = [erp.create().status_code for _ in range(WRITES + 2)]
    assert answers[-2:] == [429, 429]
    assert refusals(erp) == before + 2


def test_all_writes_count_together(erp: Caller) -> None:
    erp.create()
    erp.confirm("pi_1", "order-1")
    erp.refund("0" * 24)
    for refused in (erp.create(), erp.confirm("pi_1", "order-1"), erp.refund("0" * 24)):
        assert refused.status_code == 429


def test_reads_have_a_limit_of_their_own(erp: Caller) -> None:
    for _ in range(WRITES + 1):
        erp.create()
    claims = {"scope": "payments:read metrics:read"}
    paths = ["", "/metrics", "/" + "0" * 24, "", ""]
    assert 429 not in [erp.ask("GET", path, claims=claims).status_code for path in paths]
    assert erp.ask("GET", "", claims=claims).status_code == 429


def test_callers_do_not_share(erp: Caller) -> None:
    for _ in range(WRITES + 1):
        erp.create()
    assert erp.create(claims={"sub": "another"}).status_code == 201


def test_every_endpoint_with_a_token_has_a_limit(mongo_uri: str, stripe: StripeDouble) -> None:
    changes = {"rate_limit_writes": 1, "rate_limit_reads": 1}
    erp = Caller(create_app(settings_for(mongo_uri, stripe.url, **changes)))
    views = erp.app.view_functions
    rules = [
        rule for rule in erp.app.url_map.iter_rules() if getattr(views[rule.endpoint], "guard", "").startswith("bearer")
    ]
    assert len(rules) >= 6
    for rule in rules:
        claims = {"sub": rule.rule, "scope": " ".join(Scope)}
        (method,) = rule.methods - {"HEAD", "OPTIONS"}
        path = rule.rule.removeprefix("/api/v1/payments").replace("<payment_id>", "0" * 24)
        first, second = (erp.ask(method, path, claims=claims).status_code for _ in range(2))
        assert (first != 429, second) == (True, 429), rule.rule


def test_limits_are_shared_by_processes_and_pages_may_read_retry_after(erp: Caller) -> None:
    for _ in range(WRITES):
        erp.create()
    another = Caller(create_app(erp.app.extensions["paydesk_settings"]))
    refused = another.ask("POST", "/stripe/create-intent", headers={"Origin": "https://erp.example.com"})
    assert refused.status_code == 429
    assert {"Retry-After", "X-Request-ID"} <= set(refused.headers["Access-Control-Expose-Headers"].split(", "))


def test_after_the_window_the_caller_may_write_again(erp: Caller, database: Database[dict[str, Any]]) -> None:
    for _ in range(WRITES + 1):
        refused = erp.create()
    assert refused.status_code == 429
    # MongoDB counts by its own clock, so the window is moved and not the time.
    (window,) = database["rate_limit_windows"].find()
    passed = {"expireAt": window["expireAt"] - timedelta(minutes=2)}
    database["rate_limit_windows"].update_one({"_id": window["_id"]}, {"$set": passed})
    assert erp.create().status_code == 201


def test_who_is_not_let_in_uses_up_nobodys_limit(erp: Caller) -> None:
    for _ in range(WRITES + 1):
        assert erp.create(claims={"exp": 1}).status_code == 401
        assert erp.create(claims={"scope": "payments:read"}).status_code == 403
    assert erp.create().status_code == 201


def test_deliveries_and_machine_endpoints_have_no_limit(erp: Caller) -> None:
    for _ in range(READS + WRITES):
        assert erp.deliver(b"{}", secret="whsec_other").status_code == 400
        assert erp.client.get("/api/v1/payments/stripe/config").status_code == 200
        assert erp.client.get("/healthz").status_code == 200


def test_a_limit_is_refused_before_anything_is_done(erp: Caller, stripe: StripeDouble) -> None:
    for _ in range(WRITES):
        erp.create()
    before, known = erp.stored(), len(stripe.intents)
    assert erp.create().status_code == 429
    assert (erp.stored(), len(stripe.intents)) == (before, known)


@pytest.mark.parametrize("name", ["rate_limit_writes", "rate_limit_reads"])
@pytest.mark.parametrize("value", ["0", "-1", "1000001", "many"])
def test_limits_that_cannot_work_are_refused_at_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()):
        Settings.from_env({name.upper(): value})
