"""The sandbox serves every operation of Stripe's two OpenAPI documents, but for those that are listed here."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.contract import stripe_reference
from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running
from tests.contract.stripe_reference import VERSIONS

# What the sandbox does not serve, and why.
_LATER = "needs the bank's page for 3-D Secure without a payment, and cards that remember that they were set up"
NOT_SERVED = {
    **dict.fromkeys(
        (
            "GET /v1/setup_intents",
            "POST /v1/setup_intents",
            "GET /v1/setup_intents/*",
            "POST /v1/setup_intents/*",
            "POST /v1/setup_intents/*/confirm",
            "POST /v1/setup_intents/*/cancel",
        ),
        _LATER,
    )
}


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def operations(version: str) -> set[str]:
    """Every operation of the document as ``METHOD /path``, ids as ``*``."""
    return {
        f"{method.upper()} {'/'.join('*' if part.startswith('{') else part for part in path.split('/'))}"
        for path, methods in stripe_reference.openapi(version)["paths"].items()
        for method in methods
        if method in ("get", "post", "delete")
    }


def test_every_operation_is_served_or_listed(api: Api, version: str) -> None:
    unknown = {operation for operation in operations(version) if _is_unknown(api, operation)}
    assert unknown == set(NOT_SERVED)


def _is_unknown(api: Api, operation: str) -> bool:
    method, path = operation.split()
    response = api.send(method, path.removeprefix("/v1/").replace("*", "unknown_1"))
    message = response.json().get("error", {}).get("message", "")
    # A path that is taken for an id, such as charges/search, is not served either.
    taken_for_an_id = message == f"No such {path.split('/')[2].removesuffix('s')}: 'search'"
    return response.status_code == 404 and (message.startswith("Unrecognized request URL") or taken_for_an_id)


def paid(api: Api, control: Running, **params: Any) -> dict[str, Any]:
    intent = api.intent(**params)
    control.pay(intent["id"])
    return api.get(f"payment_intents/{intent['id']}", {"expand[]": "latest_charge"})["latest_charge"]


def test_customer_and_its_payment_methods_live(api: Api) -> None:
    customer = api.post("customers", {"email": "a@example.com"})
    other = api.post("customers", {"email": "b@example.com"})
    path = f"customers/{customer['id']}"
    assert api.post(path, {"name": "A", "metadata[a]": "1"})["name"] == "A"
    assert [found["id"] for found in api.get("customers", {"email": "b@example.com"})["data"]] == [other["id"]]
    method = api.post("payment_methods/pm_card_visa/attach", {"customer": customer["id"]})
    assert api.get(f"{path}/payment_methods")["data"] == [method]
    assert api.get("payment_methods", {"customer": customer["id"], "type": "card"})["data"] == [method]
    assert api.get("payment_methods", {"customer": other["id"]})["data"] == []
    changed = api.post(f"payment_methods/{method['id']}", {"card[exp_year]": 2040})
    assert changed["card"]["exp_year"] == 2040
    attach = f"payment_methods/{method['id']}/attach"
    assert api.refused("POST", attach, {"customer": other["id"]})[1]["code"] == "payment_method_unexpected_state"
    assert api.post(f"payment_methods/{method['id']}/detach")["customer"] is None
    assert api.get(f"{path}/payment_methods")["data"] == []
    assert api.send("DELETE", path).json() == {"id": customer["id"], "object": "customer", "deleted": True}
    assert api.get(path)["deleted"] is True
    assert api.refused("POST", path, {"name": "B"})[1]["code"] == "resource_missing"
    assert [found["id"] for found in api.get("customers")["data"]] == [other["id"]]
    assert {"customer.deleted", "payment_method.attached", "payment_method.detached"} <= set(api.event_types())


def test_declining_card_cannot_be_attached(api: Api) -> None:
    customer = api.post("customers")
    path = "payment_methods/pm_card_visa_chargeDeclined/attach"
    status, error = api.refused("POST", path, {"customer": customer["id"]})
    assert (status, error["code"]) == (402, "card_declined")


def test_charge_takes_words_and_a_fraud_report(api: Api, control: Running) -> None:
    charge = paid(api, control)
    path = f"charges/{charge['id']}"
    changed = api.post(path, {"fraud_details[user_report]": "safe", "metadata[a]": "1", "description": "words"})
    assert (changed["fraud_details"], changed["metadata"]) == ({"user_report": "safe"}, {"a": "1"})
    assert changed["amount"] == charge["amount"]
    assert api.get(path) == changed
    assert api.refused("POST", path, {"amount": 1})[1]["code"] == "parameter_unknown"
    assert api.refused("POST", f"{path}/capture")[1]["code"] == "charge_already_captured"


@pytest.mark.parametrize(
    ("kind", "text", "statuses", "bookings"),
    [
        ("chargeback", "winning_evidence", ("won",), [-1000, 1000]),
        ("chargeback", "losing_evidence", ("lost",), [-1000]),
        ("chargeback", "words", ("under_review",), [-1000]),
        ("inquiry", "winning_evidence", ("warning_closed",), []),
        ("inquiry", "words", ("warning_under_review",), []),
        ("inquiry", "escalate_inquiry_evidence", ("needs_response",), [-1000]),
    ],
)
def test_dispute_is_answered(
    api: Api, control: Running, kind: str, text: str, statuses: tuple[str], bookings: list[int]
) -> None:
    charge = paid(api, control)
    dispute = control.post(f"charges/{charge['id']}/dispute", kind=kind)
    path = f"disputes/{dispute['id']}"
    staged = api.post(path, {"evidence[product_description]": "a shoe", "submit": "False"})
    assert (staged["status"], staged["evidence_details"]["submission_count"]) == (dispute["status"], 0)
    assert staged["evidence_details"]["has_evidence"] is True
    answered = api.post(path, {"evidence[uncategorized_text]": text})
    assert (answered["status"],) == statuses
    assert [booking["amount"] for booking in answered["balance_transactions"]] == bookings
    assert api.get(path) == answered
    assert answered["evidence_details"]["submission_count"] == 1


def test_dispute_is_given_up(api: Api, control: Running) -> None:
    charge = paid(api, control)
    dispute = control.post(f"charges/{charge['id']}/dispute")
    path = f"disputes/{dispute['id']}"
    assert api.post(f"{path}/close")["status"] == "lost"
    assert api.refused("POST", f"{path}/close")[0] == 400
    assert api.refused("POST", path, {"evidence[uncategorized_text]": "late"})[0] == 400


def test_refund_that_requires_action_is_canceled(api: Api, control: Running) -> None:
    method = "payment_method_types" if api.version < "2026-09-30" else "allowed_payment_method_types"
    values = {"amount": 1000, "currency": "jpy", f"{method}[0]": "konbini"}
    intent = api.post("payment_intents", values)
    control.post(f"payment_intents/{intent['id']}/pay", type="konbini")
    control.post(f"payment_intents/{intent['id']}/process", outcome="succeeded")
    refund = api.post("refunds", {"payment_intent": intent["id"]})
    assert refund["status"] == "requires_action"
    canceled = api.post(f"refunds/{refund['id']}/cancel")
    assert canceled["status"] == "canceled"
    returned = api.get(f"balance_transactions/{canceled['failure_balance_transaction']}")
    assert (returned["amount"], returned["reporting_category"]) == (1000, "refund_failure")
    assert api.get(f"charges/{refund['charge']}")["amount_refunded"] == 0
    assert api.refused("POST", f"refunds/{refund['id']}/cancel")[0] == 400


def test_balance_is_the_sum_of_its_transactions(api: Api, control: Running) -> None:
    charge = paid(api, control)
    paid(api, control, currency="eur", amount=5000)
    api.post("refunds", {"charge": charge["id"], "amount": 300})
    listed = api.get("balance_transactions", {"currency": "usd"})["data"]
    assert [(booking["type"], booking["net"]) for booking in listed] == [("refund", -300), ("charge", 941)]
    assert api.get(f"balance_transactions/{listed[1]['id']}") == listed[1]
    assert _by_currency(api.get("balance")["pending"]) == {"usd": 641, "eur": 4825}
    assert _by_currency(api.get("balance")["available"]) == {"usd": 0, "eur": 0}
    control.put("clock", offset=2 * 86400 + 60)
    assert _by_currency(api.get("balance")["available"]) == {"usd": 641, "eur": 4825}
    assert _by_currency(api.get("balance")["pending"]) == {"usd": 0, "eur": 0}
    assert api.get(f"balance_transactions/{listed[1]['id']}")["status"] == "available"


def _by_currency(amounts: list[dict[str, Any]]) -> dict[str, int]:
    return {amount["currency"]: amount["amount"] for amount in amounts}


def paid_out(api: Api, control: Running) -> dict[str, Any]:
    """A charge, a refund, a dispute and what is left of them on its way to the bank."""
    charge, disputed = paid(api, control), paid(api, control, amount=9000)
    api.post("refunds", {"charge": charge["id"], "amount": 300})
    control.post(f"charges/{disputed['id']}/dispute", amount=2000)
    assert control.call("POST", "payouts", {}).status_code == 409
    control.put("clock", offset=2 * 86400 + 60)
    return control.post("payouts")


def test_automatic_payout_is_the_sum_of_its_transactions(api: Api, control: Running) -> None:
    payout = paid_out(api, control)
    path, of_payout = f"payouts/{payout['id']}", {"payout": payout["id"]}
    # 10.00 - 0.59, 90.00 - 2.91, a refund of 3.00, a dispute of 20.00 and its fee of 15.00.
    assert payout["amount"] == 941 + 8709 - 300 - 2000 - 1500
    assert (payout["status"], payout["automatic"]) == ("pending", True)
    assert _by_currency(api.get("balance")["available"]) == {"usd": 0}
    assert api.refused("GET", "balance_transactions", of_payout)[1]["code"] == "payout_reconciliation_not_ready"
    control.post(f"{path}/proceed", outcome="in_transit")
    control.post(f"{path}/proceed", outcome="paid")
    assert api.get(path)["reconciliation_status"] == "completed"
    bookings = api.get("balance_transactions", of_payout)["data"]
    assert sum(booking["net"] for booking in bookings) == 0
    assert [booking["net"] for booking in bookings if booking["type"] == "payout"] == [-payout["amount"]]
    assert len(bookings) == 5
    control.post(f"{path}/proceed", outcome="failed", failure_code="account_closed")
    failed = api.get(path, {"expand[]": "failure_balance_transaction"})
    returned = failed["failure_balance_transaction"]
    assert (failed["status"], failed["failure_code"]) == ("failed", "account_closed")
    assert (returned["amount"], returned["reporting_category"]) == (payout["amount"], "payout_reversal")
    assert _by_currency(api.get("balance")["available"]) == {"usd": payout["amount"]}
    names = ["created", "updated", "paid", "reconciliation_completed", "failed"]
    assert [name for name in api.event_types() if name.startswith("payout")] == [f"payout.{name}" for name in names]
    assert control.post("payouts")["amount"] == payout["amount"], "what came back goes into the next payout"
    assert control.call("POST", f"{path}/proceed", {"outcome": "paid"}).status_code == 409


def test_manual_payout_is_canceled(api: Api, control: Running) -> None:
    paid(api, control)
    new = {"amount": 500, "currency": "usd"}
    assert api.refused("POST", "payouts", new)[1]["code"] == "balance_insufficient"
    control.put("clock", offset=2 * 86400 + 60)
    payout = api.post("payouts", new | {"metadata[a]": "1"})
    path = f"payouts/{payout['id']}"
    assert (payout["automatic"], payout["reconciliation_status"]) == (False, "not_applicable")
    assert _by_currency(api.get("balance")["available"]) == {"usd": 441}
    assert api.post(path, {"metadata[b]": "2"})["metadata"] == {"a": "1", "b": "2"}
    message = api.refused("GET", "balance_transactions", {"payout": payout["id"]})[1]["message"]
    assert message == "Balance transaction history can only be filtered on automatic transfers, not manual."
    assert api.post(f"{path}/cancel")["status"] == "canceled"
    assert _by_currency(api.get("balance")["available"]) == {"usd": 941}
    assert api.refused("POST", f"{path}/cancel")[0] == 400
    assert api.refused("POST", f"{path}/reverse")[0] == 400
    assert api.refused("POST", "payouts", new | {"method": "instant"})[1]["code"] == "instant_payouts_unsupported"
    assert [found["id"] for found in api.get("payouts", {"status": "canceled"})["data"]] == [payout["id"]]
    assert api.get("payouts", {"arrival_date[lt]": payout["arrival_date"]})["data"] == []
    assert len(api.get("payouts", {"arrival_date[lte]": payout["arrival_date"]})["data"]) == 1


def test_search(api: Api, control: Running) -> None:
    first = api.intent(**{"metadata[order_id]": "it's 7", "amount": 700})
    second = api.intent(**{"metadata[order_id]": "8", "amount": 800})
    control.pay(second["id"])

    def found(query: str, noun: str = "payment_intents", **params: Any) -> list[str]:
        return [item["id"] for item in api.get(f"{noun}/search", {"query": query, **params})["data"]]

    assert found("metadata['order_id']:'8'") == [second["id"]]
    assert found('metadata["order_id"]:"it\'s 7"') == [first["id"]]
    assert found("amount>=700 AND -status:'succeeded'") == [first["id"]]
    assert found("amount<750 OR status:'succeeded'") == [second["id"], first["id"]]
    assert found("amount<750 status:'succeeded'") == []
    assert len(found("payment_method_details.card.last4:4242", "charges", **{"expand[]": "data.payment_intent"})) == 1
    page = api.get("payment_intents/search", {"query": "currency:'usd'", "limit": 1})
    assert (page["object"], page["has_more"], page["data"][0]["id"]) == ("search_result", True, second["id"])
    assert found("currency:'usd'", limit=1, page=page["next_page"]) == [first["id"]]
    for wrong in ("colour:'red'", "amount", "metadata:'x'", "amount>1 AND amount>2 OR amount>3", "amount>'x'"):
        assert api.refused("GET", "payment_intents/search", {"query": wrong})[1]["param"] == "query"
    assert api.refused("GET", "charges/search")[1]["code"] == "parameter_missing"


PDF = b"%PDF-1.7 a receipt"


def upload(api: Api, content: bytes = PDF, *, purpose: str = "dispute_evidence", key: str = "") -> requests.Response:
    """A file sent as Stripe's libraries send it."""
    return api.session.post(
        f"{api.base_url}/v1/files",
        data={"purpose": purpose},
        files={"file": ("receipt.pdf", content, "application/pdf")},
        headers=api.headers | ({"Idempotency-Key": key} if key else {}),
        timeout=20,
    )


def test_file_becomes_evidence(api: Api, control: Running) -> None:
    sent = upload(api, key="file").json()
    assert (sent["filename"], sent["purpose"], sent["size"], sent["type"]) == (
        "receipt.pdf",
        "dispute_evidence",
        len(PDF),
        "pdf",
    )
    assert upload(api, key="file").json() == sent
    assert upload(api, PDF + b"!", key="file").json()["error"]["type"] == "idempotency_error"
    logo = upload(api, b"\x89PNG\r\n\x1a\n", purpose="business_logo").json()
    assert api.get(f"files/{sent['id']}") == sent
    assert api.get("files")["data"] == [logo, sent]
    assert api.get("files", {"purpose": "dispute_evidence"})["data"] == [sent]
    assert api.event_types() == ["file.created", "file.created"]
    dispute = control.post(f"charges/{paid(api, control)['id']}/dispute")
    path = f"disputes/{dispute['id']}"
    for wrong in ("file_unknown", logo["id"]):
        assert api.refused("POST", path, {"evidence[receipt]": wrong})[1]["param"] == "evidence[receipt]"
    answered = api.post(path, {"evidence[receipt]": sent["id"]})
    assert (answered["evidence"]["receipt"], answered["status"]) == (sent["id"], "under_review")


def test_file_is_refused(api: Api) -> None:
    assert api.refused("POST", "files", {"purpose": "dispute_evidence"})[1]["code"] == "parameter_missing"
    assert api.refused("POST", "files", {"purpose": "dispute_evidence", "file": "text"})[1]["param"] == "file"
    assert upload(api, purpose="holiday").json()["error"]["param"] == "purpose"
    for content in (b"", b"not a PDF", PDF + bytes(5 * 1024 * 1024)):
        assert upload(api, content).json()["error"]["param"] == "file"
    assert api.get("files")["data"] == []
    assert api.refused("GET", "files/file_unknown")[0] == 404
