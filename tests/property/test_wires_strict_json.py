"""The cheap rule for duplicate keys against the slow and obvious one."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from signalbox.domain.errors import MalformedRequest
from signalbox.wires.strict_json import refuse_duplicate_keys

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
