"""The real tokenizer: exact where it says so, bounded and from above beyond."""

import pytest

from signalbox.adapters.tokenizer import EXACT_MAX, Tokenizer

TOKENIZER = Tokenizer()
SENTENCE = "Please summarise the minutes of 2026-11-22: the board approved 1,250,000 EUR. "


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("hello world", 2), ("antidisestablishmentarianism", 6), ("Straße", 2), ("<|endoftext|>", 7)],
)
def test_counts_o200k_tokens(text: str, tokens: int) -> None:
    assert TOKENIZER.count(text) == tokens


@pytest.mark.parametrize(
    "text", [SENTENCE, "Übrigens, größere Änderungen über Zürich. ", "漢字かな交じり文", "7", "-", "a"]
)
def test_a_long_text_is_estimated_from_above(text: str) -> None:
    whole = text * (4 * EXACT_MAX // len(text))
    pieces = [whole[at : at + EXACT_MAX] for at in range(0, len(whole), EXACT_MAX)]
    exact = sum(map(TOKENIZER.count, pieces))
    assert exact <= TOKENIZER.count(whole) <= max(exact * 1.2, exact + len(pieces))


def test_never_more_than_a_token_a_byte() -> None:
    text = "\U0001f9ff\u0378" * EXACT_MAX
    assert TOKENIZER.count(text) <= len(text.encode())


def test_half_a_surrogate_pair_is_counted_too() -> None:
    assert TOKENIZER.count("a\ud800b") > 0


def test_warms_once() -> None:
    tokenizer = Tokenizer()
    tokenizer.warm()
    tokenizer.warm()
    assert tokenizer.count("hello world") == 2
