"""Form decoding as Stripe does it."""

from __future__ import annotations

import contextlib
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.forms import decode, with_lists
from sandbox.core.errors import StripeError


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("", {}),
        ("a=1&b=two+words", {"a": "1", "b": "two words"}),
        ("a=", {"a": ""}),
        ("a[b]=1&a[c][d]=2", {"a": {"b": "1", "c": {"d": "2"}}}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[1]=2&a[0]=1", {"a": ["1", "2"]}),
        ("types%5B0%5D=x&types%5B%5D=y", {"types": ["x", "y"]}),
        ("a[0][b]=1&a[1][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a[10]=k&a[9]=j", {"a": ["j", "k"]}),
        ("metadata[order%20id]=%C3%BC", {"metadata": {"order id": "ü"}}),
    ],
)
def test_decoding(text: str, decoded: dict[str, object]) -> None:
    assert with_lists(decode(text)) == decoded


@pytest.mark.parametrize(
    "text", ["a=1&a[b]=2", "a[b]=1&a=2", "a[b=1", "a]=1", "[a]=1", "a[b]c=1", "a[b]=1&a[b][c]=2", "a=%ff"]
)
def test_malformed_form_is_refused(text: str) -> None:
    with pytest.raises(StripeError) as caught:
        decode(text)
    assert caught.value.status == 400
    assert caught.value.stored is False


names = st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=1, max_size=10)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(names, values, max_size=5), st.booleans())
def test_encoded_form_is_decoded(metadata: dict[str, str], escaped: bool) -> None:
    pairs = {f"metadata[{name}]": value for name, value in metadata.items()}
    if escaped:
        text = urlencode(pairs)
    else:
        text = "&".join(f"metadata[{quote(name, safe='')}]={quote(value, safe='')}" for name, value in metadata.items())
    assert decode(text) == ({"metadata": metadata} if metadata else {})


@given(st.text(max_size=60))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    with contextlib.suppress(StripeError):
        assert isinstance(decode(text), dict)
