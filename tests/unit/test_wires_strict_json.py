"""Duplicate keys, depth and bytes that are not JSON."""

import pytest

from signalbox.domain.errors import MalformedRequest
from signalbox.wires.strict_json import DEPTH_MAX, refuse_duplicate_keys


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"model":"a","model":"b"}', "model"),
        (b'{"m": [{"role" : "a", "x":1, "role"\n:"b"}]}', "role"),
        (b'{"a":{"x":{"y":1}},"a":1}', "a"),
        (b'{"a":1,"\\u0061":2}', "a"),
        (b'{"a":1,"a":"\\u003a"}', "a"),
        (b'{"a":1,"a":"\\u003A"}', "a"),
        (b'{"":1,"":2}', ""),
        (b'{"a:b":1,"a:b":"::"}', "a:b"),
    ],
)
def test_a_duplicate_key_is_named(body: bytes, key: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        refuse_duplicate_keys(body)
    assert caught.value.message == f"duplicate key `{key}`"
    assert caught.value.param == key


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"b":[{"a":1},{"a":2}]}',
        b'{"text":"he said: \\"key\\": \\"key\\" : 10:30"}',
        b'{"text":"\\u003a \\u003a","text2" : ":"}',
        b"[]",
        b'"a:b"',
        b"1",
        b'{"n":1000000000000000000000000000000}',
    ],
)
def test_what_has_none_passes(body: bytes) -> None:
    refuse_duplicate_keys(body)


def test_the_name_of_a_key_is_shown_within_bounds() -> None:
    key = b"k" * 5_000
    with pytest.raises(MalformedRequest) as caught:
        refuse_duplicate_keys(b'{"%b":1,"%b":2}' % (key, key))
    assert len(caught.value.message) < 100


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 900, 100_000])
def test_nesting_is_bounded(opening: bytes, depth: int) -> None:
    closing = b"]" if opening == b"[" else b"}"
    with pytest.raises(MalformedRequest, match="nested more than 64"):
        refuse_duplicate_keys(opening * depth + b"1" + closing * depth)


def test_nesting_up_to_the_bound_passes() -> None:
    refuse_duplicate_keys(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)
    refuse_duplicate_keys(b"[" + b"[]," * 500 + b"[]]")


def test_nesting_hidden_under_a_duplicate_key_does_not_reach_the_stack() -> None:
    for depth in (*range(800, 1_000), 5_000):
        with pytest.raises(MalformedRequest):
            refuse_duplicate_keys(b'{"a":' + b"[" * depth + b"]" * depth + b',"a":1}')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b'{"a":NaN}', "invalid character (byte 5)"),
        (b'{"a":Infinity}', "not valid JSON"),
        (b'{"a":"\xff"}', "not valid UTF-8"),
        (b'{"a":"\\ud800"}', "not valid JSON"),
        (b"{'a':1}", "not valid JSON"),
        (b'{"a":1} {}', "trailing characters"),
        (b'\xef\xbb\xbf{"a":1}', "not valid JSON"),
        (b'{"a":1e999}', "out of range"),
    ],
)
def test_bytes_that_are_not_json_are_refused_without_repeating_them(body: bytes, words: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        refuse_duplicate_keys(body)
    assert words in caught.value.message
    assert caught.value.message.startswith("the body is not valid")
