"""The signature header against Stripe's own library."""

from __future__ import annotations

import time

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sandbox.webhooks import signatures

signing_secrets = st.from_regex(r"whsec_[A-Za-z0-9]{8,32}", fullmatch=True)
bodies = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(bodies, signing_secrets, signing_secrets)
def test_stripe_library_accepts_signatures(text: str, secret: str, other: str) -> None:
    verify = stripe.WebhookSignature.verify_header
    header = signatures.header(text.encode(), [other, secret], int(time.time()))
    assert verify(text, header, secret, tolerance=300)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(text + ".", header, secret, tolerance=300)
    old = signatures.header(text.encode(), [secret], int(time.time()) - 301)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(text, old, secret, tolerance=300)
