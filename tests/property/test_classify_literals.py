"""The screens miss nothing: literals against one search for each, numbers against a search without screen."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.classify.detectors import _PREFIXES, _WORDS
from signalbox.classify.detectors.literals import _SLICE, Literals
from signalbox.classify.detectors.numbers import (
    _ACCOUNT,
    _BY_LITERAL,
    _BY_ONES,
    _DECOYS,
    _KINDS,
    _RUN_MIN,
    _SCREEN,
    _SHAPE,
    _SLACK,
    find_numbers,
)

# Literals that hide one another: overlapping, inside, at the beginning and at the end.
TANGLED = (b"aba", b"bab", b"ab", b"abab", b"ba", b"bcb", b"cbabc", b"c")


@given(st.sets(st.sampled_from(TANGLED), min_size=1), st.text(alphabet="abc ", max_size=30).map(str.encode))
def test_every_literal_that_occurs_is_named(literals: set[bytes], data: bytes) -> None:
    standing = Literals(sorted(literals)).standing_in(data)
    assert {literal for literal in literals if literal in data} <= standing <= literals


@given(st.text(alphabet="xyz ", max_size=100).map(str.encode))
def test_nothing_is_named_where_nothing_is(data: bytes) -> None:
    assert not Literals(TANGLED).standing_in(data)


@given(st.data(), st.integers(0, 8))
def test_no_word_hides_another(data: st.DataObject, cut: int) -> None:
    table = data.draw(st.sampled_from((_WORDS, _PREFIXES)))
    first, second = (data.draw(st.sampled_from(table.literals)) for _ in range(2))
    text = first[: len(first) - cut] + second
    standing = table.standing_in(text)
    assert {literal for literal in table.literals if literal in text} <= standing


@pytest.mark.parametrize("place", [*range(_SLICE - 4, _SLICE + 2), 3 * _SLICE - 2])
def test_a_literal_across_a_slice_is_found(place: int) -> None:
    data = b" " * place + b"abab" + b" " * (4 * _SLICE - place)
    assert b"abab" in Literals(TANGLED).standing_in(data)


NUMBERS = [
    "4111111111111111", "378282246310005", "6200000000000005", "30569309025904", "DE89370400440532013000",
    "GB29NWBK60161331926819", "MT84MALT011000012345MTLCAST001S", "NO9386011117947", "219099999",
    "184127645108946", "151022A11111177", "RSSMRA85T10A562S", "12345678Z", "X1234567L", "AB123456C",
    "86095742719", "52998224725", "93051822361", "7569217076985", "8112289874", "44051401359", "111222333",
]  # fmt: skip
GROUPS = [[1] * 19, [2] * 10, [3] * 8, [4] * 6, [8, 4, 4], [4, 6, 5], [3, 2, 4], [2, 3, 3, 3], [3, 3, 3, 2]]
GROUPS += [
    [2, 2, 2, 3, 2],
    [1, 2, 2, 2, 3, 3, 2],
    [13, 2],
    [3, 4, 4, 2],
    [4, 2, 3],
    [6, 4],
    [8, 1],
    [5, 9, 9],
]


def printed(number: str, groups: list[int], separators: list[str]) -> str:
    """`number` cut into `groups`, what remains in one piece, with the separators in turn between them."""
    text = ""
    for place, size in enumerate(groups):
        text += number[:size] + separators[place % len(separators)]
        number = number[size:]
    return text + number


separators = st.lists(
    st.sampled_from([" ", "-", ".", "/", "\n", "\x00"] * 3 + ["", "  ", "\t", ",", "x"]),
    min_size=1,
    max_size=4,
)
groups = st.sampled_from(GROUPS) | st.lists(st.integers(1, 8), max_size=8)
numbers = st.builds(printed, st.sampled_from(NUMBERS), groups, separators)
texts = st.lists(
    numbers
    | st.text("0123456789 .-/ABab", max_size=12)
    | st.sampled_from(["bsn ", "ssn ", " due ", "pesel", "cpf"]),
    max_size=4,
).map("".join)


@settings(max_examples=500)
@given(texts | texts.map(str.lower))
def test_the_screen_lets_all_numbers_pass(text: str) -> None:
    data = text.encode()
    everything = (frozenset(_BY_LITERAL), 0, len(data))
    with patch.object(Literals, "found_in", return_value=everything):
        expected = find_numbers(data)
    assert find_numbers(data) == expected


def test_whatever_is_sought_is_screened() -> None:
    sought = [needle.encode() for needle in (*(kind.needle for kind in _KINDS), _RUN_MIN, _BY_ONES, _ACCOUNT)]
    assert not [needle for needle in sought if not any(each in needle for each in _SCREEN.literals)]
    assert max(map(len, sought)) <= _SLACK


def test_every_kind_is_proved_once_under_a_literal_of_its_needle() -> None:
    proved = [
        (literal, needle, kind)
        for literal, needles in _BY_LITERAL.items()
        for needle, kinds in needles
        for kind in kinds
    ]
    assert sorted(repr(kind) for _, _, kind in proved) == sorted(map(repr, _KINDS))
    assert all(
        needle == kind.needle and literal in needle.encode() and literal in _SCREEN.literals
        for literal, needle, kind in proved
    )


def test_no_shape_has_a_decoy() -> None:
    every_byte = bytes(range(256)).translate(_SHAPE)
    assert not set(every_byte) & set("".join(_DECOYS).encode())


@given(st.sets(st.sampled_from(TANGLED), min_size=1), st.text(alphabet="abc ", max_size=30).map(str.encode))
def test_every_literal_that_occurs_is_named_and_overlaps_the_span(literals: set[bytes], data: bytes) -> None:
    found = Literals(sorted(literals)).found_in(data)
    places = [(at, at + len(one)) for one in literals for at in range(len(data)) if data.startswith(one, at)]
    assert (found is None) == (not places)
    if found is not None:
        standing, first, last = found
        assert {literal for literal in literals if literal in data} <= standing <= literals
        assert all(start < last and end > first for start, end in places)


def test_what_is_found_reaches_over_slices() -> None:
    data = b"." + b" " * (2 * _SLICE) + b"abab" + b" " * _SLICE + b"bcb."
    found = Literals(TANGLED).found_in(data)
    assert found is not None
    assert found[1:] == (data.index(b"abab"), len(data) - 1)
    assert {b"abab", b"bcb"} <= found[0]
