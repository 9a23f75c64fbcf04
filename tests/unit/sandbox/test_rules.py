"""Money, cards, metadata, signatures, the log: rules that need no process."""

from __future__ import annotations

import time

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.idempotency import IdempotencyKeys
from sandbox.api.params import merged_metadata
from sandbox.behaviour.cards import CARDS, passes_luhn
from sandbox.core import money
from sandbox.core.errors import StripeError
from sandbox.core.records import StoredAnswer
from sandbox.core.settings import Settings
from sandbox.core.store import Store
from sandbox.webhooks import signatures
from sandbox.webhooks.event_log import EventLog


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (1000, "usd", "$10.00"),
        (500, "jpy", "¥500"),
        (5120, "kwd", "5.120 KWD"),
        (123456, "chf", "1,234.56 CHF"),
    ],
)
def test_amounts_in_messages(amount: int, currency: str, shown: str) -> None:
    assert money.shown(amount, currency) == shown


def test_special_currencies_are_supported_ones() -> None:
    assert money.ZERO_DECIMAL | money.THREE_DECIMAL | money.WHOLE_UNITS_ONLY <= money.SUPPORTED
    assert not money.ZERO_DECIMAL & money.THREE_DECIMAL


def test_every_test_number_has_a_right_check_digit_and_is_there_once() -> None:
    assert all(passes_luhn(card.number) for card in CARDS)
    assert len({card.number for card in CARDS}) == len(CARDS)
    assert not passes_luhn("4242424242424241")


signing_secrets = st.from_regex(r"whsec_[A-Za-z0-9]{8,32}", fullmatch=True)
bodies = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(bodies, signing_secrets, signing_secrets)
def test_stripes_library_agrees_on_signatures(text: str, secret: str, other: str) -> None:
    verify = stripe.WebhookSignature.verify_header
    header = signatures.header(text.encode(), [other, secret], int(time.time()))
    assert verify(text, header, secret, tolerance=300)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(text + ".", header, secret, tolerance=300)
    old = signatures.header(text.encode(), [secret], int(time.time()) - 301)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(text, old, secret, tolerance=300)


def test_metadata() -> None:
    assert merged_metadata({"a": "1", "b": "2"}, {"a": "", "c": "3"}) == {"b": "2", "c": "3"}
    assert merged_metadata({"a": "1"}, {}) == {}
    full = {f"k{n}": "v" for n in range(50)}
    assert len(merged_metadata(full, {"k1": "other"})) == 50
    with pytest.raises(StripeError):
        merged_metadata(full, {"one": "more"})


def test_idempotency_keys_are_forgotten_after_a_day() -> None:
    store = Store()
    keys = IdempotencyKeys(store)
    assert keys.begin("k", "asked") is None
    keys.finish("k", "asked", (200, "{}"))
    known = keys.begin("k", "asked")
    assert isinstance(known, StoredAnswer)
    known.created -= 86401
    assert keys.begin("k", "something else") is None


def test_a_key_is_free_again_when_nothing_is_kept() -> None:
    keys = IdempotencyKeys(Store())
    assert keys.begin("k", "asked") is None
    with pytest.raises(StripeError) as caught:
        keys.begin("k", "asked")
    assert (caught.value.status, caught.value.code) == (409, "idempotency_key_in_use")
    keys.finish("k", "asked", None)
    assert keys.begin("k", "asked") is None


def test_a_snapshot_is_not_the_object() -> None:
    store = Store()
    log = EventLog(store, Settings())
    snapshot = {"id": "pi_1", "metadata": {"a": "1"}}
    log.emit("payment_intent.created", snapshot)
    snapshot["metadata"] = {}
    [event] = store.events.by_id.values()
    assert event.data == '{"object": {"id": "pi_1", "metadata": {"a": "1"}}}'
    assert event.delivered


def test_muted_and_left_out_events_are_not_written() -> None:
    store, settings = Store(), Settings(refund_events=False)
    log = EventLog(store, settings)
    log.emit("refund.created", {"id": "re_1"})
    log.muted = True
    log.emit("charge.refunded", {"id": "ch_1"})
    assert len(store.events) == 0
