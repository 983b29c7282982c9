"""The cheap rule for duplicate keys against the slow and obvious one."""

import json
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from signalbox.domain.errors import MalformedRequest
from signalbox.wires.strict_json import DEPTH_MAX, decode_if_clear, refuse_duplicate_keys

TEXT = st.text(alphabet='ab:"\\, {}[]\n\té', max_size=6)
SPACE = st.sampled_from(["", " ", "\n", "\t ", "\r\n"])


def quoted(text: str, escape: bool) -> str:
    """JSON text of a string, with every colon and `a` written as an escape or as it is."""
    written = json.JSONEncoder(ensure_ascii=False).encode(text)
    return written.replace(":", "\\u003A").replace("a", "\\u0061") if escape else written


STRING = st.builds(quoted, TEXT, st.booleans())


def written_object(members: list[tuple[str, str, str, str]]) -> str:
    return "{" + ",".join(f"{key}{before}:{after}{value}" for key, before, after, value in members) + "}"


JSON_TEXT = st.recursive(
    STRING | st.sampled_from(["1", "-2.5", "true", "null", "10000000000000000000000"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]")
        | st.lists(st.tuples(STRING, SPACE, SPACE, inner), max_size=4).map(written_object)
    ),
    max_leaves=12,
)


def has_duplicates(text: str) -> bool:
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in pairs}) < len(pairs)

    json.loads(text, object_pairs_hook=look)
    return found


def is_refused(text: str) -> bool:
    try:
        refuse_duplicate_keys(text.encode())
    except MalformedRequest as error:
        return error.message.startswith("duplicate key")
    return False


@given(JSON_TEXT)
@example('{"a":1,"a":"\\u003a"}')
@example('{"a":{"b":1},"a":"\\u003A\\u003A"}')
@example('{"a":"\\\\u003a"}')
def test_refused_exactly_where_a_key_repeats(text: str) -> None:
    assert is_refused(text) == has_duplicates(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        refuse_duplicate_keys(body)
    except MalformedRequest:
        return
    json.loads(body)


AROUND = st.sampled_from([("[", "]"), ('{"":', "}"), ('["",', "]"), ('{"a":[],"":', "}")])
NESTS = st.lists(AROUND, max_size=DEPTH_MAX + 2) | AROUND.flatmap(
    lambda around: st.integers(DEPTH_MAX - 2, DEPTH_MAX + 2).map(lambda times: [around] * times)
)


@given(NESTS, st.sampled_from(["1", "[]", "{}", '":[{"']))
@example([('{"":', "}")] * DEPTH_MAX, "{}")
@example([("[", "]")] * DEPTH_MAX, "{}")
def test_what_is_read_quickly_is_not_too_deep(nests: list[tuple[str, str]], innermost: str) -> None:
    text = innermost
    for before, after in nests:
        text = before + text + after
    levels = len(nests) + (innermost in ("[]", "{}"))
    read = decode_if_clear(text.encode(), msgspec.json.decode, lambda value: [value])
    assert levels <= DEPTH_MAX if read is not None else levels > DEPTH_MAX // 2
