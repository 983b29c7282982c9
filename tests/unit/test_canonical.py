"""Hashed bytes against an implementation of RFC 8785 that is not ours."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.canonical import INTEGER_MAX, canonical, content_hash

_KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
_SCALARS = st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.text(max_size=20)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4)
)


@given(_VALUES)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1.5, [0.0], {"a": {"b": 1.0}}])
def test_a_float_has_no_place_in_hashed_bytes(value: Any) -> None:
    with pytest.raises(TypeError, match="float"):
        canonical(value)


def test_integers_that_json_readers_would_round_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2\^53"):
        canonical([INTEGER_MAX + 1])


def test_the_hash_names_the_content_whatever_the_order_it_was_written_in() -> None:
    assert content_hash({"b": 1, "a": 2}) == content_hash({"a": 2, "b": 1}) != content_hash({"a": 2, "b": 2})
