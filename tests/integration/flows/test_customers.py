"""A token that is bound to a customer never reaches another customer's payment, replays included."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.flows.conftest import EVERYTHING
from tests.integration.flows.erp import Erp, new_order
from tests.integration.flows.test_every_card import paid
from tests.support.sandbox import SandboxProcess


def test_a_replay_is_for_the_customer_who_may_see_it(
    erp: Erp, sandbox: SandboxProcess, token: Callable[..., str]
) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    order, intent = payment["order_id"], payment["payment_intent_id"]
    owner = Erp(erp.base_url, token(scope=EVERYTHING, customer_id="customer-1"))
    stranger = Erp(erp.base_url, token(scope=EVERYTHING, customer_id="customer-2"))
    key = f"shared-{new_order()}"
    assert owner.confirm(intent, order, key)[0] == 200
    assert stranger.confirm(intent, order, key)[0] == 404
    assert stranger.confirm(intent, order)[0] == 404
    assert stranger.refund(payment["id"], amount=1.0)[0] == 404
    assert stranger.refund(payment["id"], key, amount=1.0)[0] == 404
    assert stranger.get(f"/payments/{payment['id']}")[0] == 404
    assert stranger.open(order)[0] == 404
    assert stranger.get(f"/payments?order_id={order}")[1]["data"] == []
    assert owner.get(f"/payments/{payment['id']}")[0] == 200
