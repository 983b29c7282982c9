"""The fast road of reading a request says what the slow one says, of good bodies and bad ones."""

import json
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.domain.errors import CallerError
from signalbox.wires.openai_chat import read_request

ROAD = "signalbox.wires.openai_chat_read.decode_if_clear"
TEXTS = st.sampled_from(["", "hello", "at 10:30", "\\u003a", ':"', "é"])
NESTED = st.recursive(st.just(1), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner))
ODD: st.SearchStrategy[Any] = (
    st.sampled_from([None, 0, 1, -1, 1.5, 2**64, True, False, "auto", [], {}, ["x"]]) | NESTED
)
PARTS = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}), min_size=1, max_size=2)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "developer"]), "content": TEXTS | PARTS},
    optional={"name": TEXTS, "refusal": st.none(), "annotations": NESTED, "audio": ODD},
)
TOOLS = st.fixed_dictionaries(
    {
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {"name": st.just("f"), "parameters": st.dictionaries(TEXTS, NESTED)}
        ),
    }
)
BODIES = st.fixed_dictionaries(
    {"model": st.just("auto"), "messages": st.lists(MESSAGES, min_size=1, max_size=3)},
    optional={
        "tools": st.lists(TOOLS, max_size=2),
        "max_tokens": st.sampled_from([1, 256, 256.0]),
        "temperature": st.sampled_from([0, 1, 0.5]),
        "stop": TEXTS | st.lists(TEXTS, max_size=2),
        "metadata": st.dictionaries(st.sampled_from(["app", "signalbox_app", "x"]), TEXTS),
        "stream": st.booleans(),
        "logprobs": st.booleans() | st.none(),
        "nonsense": ODD,
    },
)


def outcome(body: bytes) -> Any:
    try:
        return read_request(body)
    except CallerError as error:
        return type(error), error.message, error.param


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """A body in one of the ways to write it, sometimes with a member more at some object's beginning."""
    text = json.JSONEncoder(
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")])),
    ).encode(draw(BODIES))
    more = draw(st.sampled_from(["", '"role":"user",', '"content":"\\u003a",', '"model":1,', '"text":"::",']))
    places = [place for place, char in enumerate(text) if char == "{"]
    place = draw(st.sampled_from(places)) + 1
    return (text[:place] + more + text[place:]).encode()


@settings(max_examples=300)
@given(written())
def test_both_roads_lead_to_the_same(body: bytes) -> None:
    quick = outcome(body)
    with patch(ROAD, return_value=None):
        assert outcome(body) == quick
