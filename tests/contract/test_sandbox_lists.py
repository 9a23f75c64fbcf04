"""Cursor pagination, filters and expand[]."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running


@pytest.fixture
def spread(api: Api, control: Running) -> list[str]:
    """Seven intents, newest first and a day apart; the oldest was created last."""
    ids = []
    for days in range(7):
        control.put("clock", offset=-days * 86400)
        ids.append(api.intent()["id"])
    control.delete("clock")
    return ids


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["data"]]


def test_pages_forward_and_back(api: Api, spread: list[str]) -> None:
    first = api.get("payment_intents", {"limit": 3})
    assert (ids(first), first["has_more"], first["url"]) == (spread[:3], True, "/v1/payment_intents")
    second = api.get("payment_intents", {"limit": 3, "starting_after": spread[2]})
    assert (ids(second), second["has_more"]) == (spread[3:6], True)
    last = api.get("payment_intents", {"limit": 3, "starting_after": spread[5]})
    assert (ids(last), last["has_more"]) == (spread[6:], False)
    back = api.get("payment_intents", {"limit": 2, "ending_before": spread[5]})
    assert (ids(back), back["has_more"]) == (spread[3:5], True)
    start = api.get("payment_intents", {"limit": 10, "ending_before": spread[2]})
    assert (ids(start), start["has_more"]) == (spread[:2], False)
    assert ids(api.get("payment_intents", {"limit": 3, "ending_before": spread[0]})) == []


def test_created(api: Api, spread: list[str]) -> None:
    created = [api.get(f"payment_intents/{name}")["created"] for name in spread]
    assert abs(created[0] - created[6] - 6 * 86400) <= 2
    for bounds, expected in (
        ({"created[gte]": created[2]}, spread[:3]),
        ({"created[gt]": created[2]}, spread[:2]),
        ({"created[lte]": created[4]}, spread[4:]),
        ({"created[lt]": created[4], "created[gte]": created[5]}, [spread[5]]),
        ({"created": created[3]}, [spread[3]]),
        ({"created[gte]": created[5], "starting_after": spread[3]}, spread[4:6]),
    ):
        assert ids(api.get("payment_intents", bounds)) == expected


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"limit": "0"}, "parameter_invalid_integer", "limit"),
        ({"limit": "101"}, "parameter_invalid_integer", "limit"),
        ({"limit": "many"}, "parameter_invalid_integer", "limit"),
        ({"starting_after": "pi_none"}, "resource_missing", "starting_after"),
        ({"created[since]": "1"}, "parameter_unknown", "created[since]"),
        ({"status": "succeeded"}, "parameter_unknown", "status"),
        ({"expand[]": "latest_charge"}, None, "expand"),
        ({"expand[]": "data.nothing"}, None, "expand"),
    ],
)
def test_invalid_parameters_are_rejected(api: Api, params: dict[str, str], code: str | None, param: str) -> None:
    status, error = api.refused("GET", "payment_intents", params)
    assert (status, error.get("code"), error["param"]) == (400, code, param)


def test_two_cursors_are_rejected(api: Api) -> None:
    intent = api.intent()["id"]
    status, error = api.refused("GET", "payment_intents", {"starting_after": intent, "ending_before": intent})
    assert (status, error["code"]) == (400, "parameters_exclusive")


def test_filters(api: Api, control: Running) -> None:
    customer = api.post("customers", {"email": "c@example.com"})["id"]
    intent = api.intent(customer=customer, payment_method="pm_card_visa", confirm="true")
    other = api.intent(payment_method="pm_card_visa", confirm="true")
    refund = api.post("refunds", {"payment_intent": intent["id"]})["id"]
    api.post("refunds", {"payment_intent": other["id"]})
    assert ids(api.get("payment_intents", {"customer": customer})) == [intent["id"]]
    assert ids(api.get("charges", {"payment_intent": intent["id"]})) == [intent["latest_charge"]]
    assert ids(api.get("refunds", {"payment_intent": intent["id"]})) == [refund]
    assert ids(api.get("refunds", {"charge": intent["latest_charge"]})) == [refund]
    assert api.refused("GET", "refunds", {"charge": "ch_none"})[0] == 404
    transactions = api.get("balance_transactions", {"source": intent["latest_charge"], "expand[]": "data.source"})
    assert [item["source"]["id"] for item in transactions["data"]] == [intent["latest_charge"]]


def test_events_by_type(api: Api, control: Running) -> None:
    for _ in range(3):
        control.pay(api.intent()["id"])
    everything = api.get("events", {"limit": 100})["data"]
    names = ["charge.succeeded", "payment_intent.created"]
    types = {"types[]": names, "limit": 4}
    expected = [event["id"] for event in everything if event["type"] in names]
    first = api.get("events", types)
    rest = api.get("events", {**types, "starting_after": first["data"][-1]["id"]})
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert ids(first) + ids(rest) == expected
    assert len(api.get("events", {"type": "payment_intent.*"})["data"]) == 6
    assert api.get("events", {"type": "invoice.paid"})["data"] == []
    assert api.refused("GET", "events", {"type": "a", "types[]": "b"})[0] == 400
    assert api.refused("GET", "events", {"types[]": [f"t{n}" for n in range(21)]})[0] == 400
    oldest = everything[-1]["id"]
    assert ids(api.get("events", {"ending_before": oldest, "limit": 2})) == ids({"data": everything[-3:-1]})


def test_expand(api: Api) -> None:
    paths = ["latest_charge.balance_transaction", "latest_charge.refunds", "payment_method"]
    intent = api.intent(payment_method="pm_card_visa", confirm="true")
    api.post("refunds", {"payment_intent": intent["id"], "amount": 1})
    expanded = api.get(f"payment_intents/{intent['id']}", {"expand[]": paths})
    assert expanded["latest_charge"]["balance_transaction"]["amount"] == 1000
    assert [refund["amount"] for refund in expanded["latest_charge"]["refunds"]["data"]] == [1]
    assert expanded["payment_method"]["card"]["last4"] == "4242"
    listed = api.get("payment_intents", {"expand[]": "data.latest_charge.payment_intent"})
    assert listed["data"][0]["latest_charge"]["payment_intent"]["id"] == intent["id"]
    refunds = api.get("refunds", {"expand[0]": "data.charge", "expand[1]": "data.payment_intent"})
    assert refunds["data"][0]["charge"]["id"] == intent["latest_charge"]


def test_books_of_a_long_history_are_paged(control: Running) -> None:
    control.post("bulk", payments=200, seed=1)
    result = control.post("bulk", payments=5000, seed=2)
    assert result["payments"] == 5000
    books = control.get("books", limit=1000, after=5000)
    assert (len(books["data"]), books["next"]) == (200, None)
