"""Laws of seals: what is sealed comes back, and what is bare is the dialect's own."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.request import ThinkingFormat
from signalbox.wires.seals import seal, unseal, unseal_named

FORMATS = st.sampled_from(get_args(ThinkingFormat))
SIGNATURES = st.text(max_size=40) | st.text("sb1.+%25E", max_size=12)


@given(FORMATS, SIGNATURES, SIGNATURES, FORMATS)
def test_a_seal_gives_back_what_it_was_made_of(
    format: ThinkingFormat, signature: str, id: str, native: ThinkingFormat
) -> None:
    assert unseal_named(seal(format, signature, id), native) == (format, signature, id)
    assert unseal(seal(format, signature), native) == (format, signature)


@given(FORMATS, SIGNATURES.filter(lambda text: text and not text.startswith("sb1.")))
def test_a_bare_signature_is_the_dialects_own(native: ThinkingFormat, signature: str) -> None:
    assert unseal_named(signature, native) == (native, signature, "")


def test_the_agreed_shape() -> None:
    assert seal("openai", "gAAA") == "sb1.openai.gAAA"
    assert seal("openai", "gAAA", "rs_1") == "sb1.openai+rs_1.gAAA"


@pytest.mark.parametrize("text", ["", "sb1.", "sb1.openai", "sb1.cohere.x", "sb1.openai+x"])
def test_a_broken_seal_is_nobodys_and_kept(text: str) -> None:
    assert unseal(text, "anthropic") == ("", text)
