"""INVARIANT: adding content never lowers the sensitivity nor removes a category."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signalbox.classify import classify
from signalbox.classify.detectors import detect
from signalbox.domain.principal import Tenant
from signalbox.domain.request import (
    Declared,
    Image,
    Message,
    Part,
    Refusal,
    Request,
    ResponseFormat,
    Text,
    Tool,
    ToolResult,
    ToolUse,
)
from signalbox.domain.traits import Capability, Sensitivity, Traits

FOUND = [
    "4111 1111 1111 1111", "5555555555554444", "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19",
    "86095742719", "219-09-9999", "12345678Z", "BSN 111222333", "RSSMRA85T10A562S", "AB123456C",
    "password: hunter2", "AKIAIOSFODNN7EXAMPLE", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123",
    "MSIP_Label_1a2b3c4d-0000-4444-8888-9f8e7d6c5b4a_Name=Confidential", "Sensitivity: Company-Confidential",
    "MSIP_Label_1a2b3c4d-0000-4444-8888-9f8e7d6c5b4a_Enabled=true",
    "the patient takes insulin", "Diagnose F32.1", "811228-9874", "4111\u200b1111\u200b1111\u200b1111",
]  # fmt: skip
FRAGMENTS = [
    "1", "1111", " ", "-", ".", "\n", "\x1f", "\x00", "\t", "\u00a0", "\u200b", "４", "é", "A", "bsn",
    "password:", "patient", "insulin", "eyJ", "2026-11-22", "\\u0031", '"', "4111 1111 1111", "DE", "€", "漢",
]  # fmt: skip

texts = st.lists(st.sampled_from(FOUND + FRAGMENTS) | st.text(max_size=8), max_size=6).map("".join)
images = st.builds(Image, st.just("image/png"), st.just("AA=="))
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, texts),
    st.builds(Refusal, texts),
    st.builds(ToolUse, st.just("1"), texts, texts),
    st.builds(ToolResult, st.just("1"), st.lists(st.builds(Text, texts) | images, max_size=2).map(tuple)),
    images,
)
messages = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    st.lists(parts, max_size=3).map(tuple),
    st.just("") | texts,
)
tools = st.builds(Tool, texts, texts, st.none() | st.dictionaries(texts, texts, max_size=2))
formats = st.none() | st.builds(
    ResponseFormat, st.just("json_schema"), texts, st.dictionaries(texts, texts, max_size=2)
)
requests = st.builds(
    Request,
    target=st.just("auto"),
    messages=st.lists(messages, min_size=1, max_size=3).map(tuple),
    tools=st.lists(tools, max_size=2).map(tuple),
    response_format=formats,
)
tenants = st.sampled_from(Sensitivity).map(lambda label: Tenant(id="t", default_label=label))
declared = st.sampled_from(["", "public", "General", "confidential", "secret"]).map(
    lambda label: Declared(label=label)
)


def with_inserted(items: tuple[Any, ...], item: Any, place: int) -> tuple[Any, ...]:
    place %= len(items) + 1
    return (*items[:place], item, *items[place:])


@st.composite
def grown(draw: st.DrawFn) -> tuple[Request, Request]:
    """A request, and the same one with a message, a part or a tool more, at any place."""
    less = draw(requests)
    place = draw(st.integers(0, 5))
    match draw(st.sampled_from(["message", "part", "tool", "format"])):
        case "message":
            more = with_inserted(less.messages, draw(messages), place)
            return less, _replaced(less, messages=more)
        case "part":
            at = place % len(less.messages)
            old = less.messages[at]
            new = Message(old.role, with_inserted(old.parts, draw(parts), draw(st.integers(0, 5))), old.name)
            return less, _replaced(less, messages=(*less.messages[:at], new, *less.messages[at + 1 :]))
        case "tool":
            return less, _replaced(less, tools=with_inserted(less.tools, draw(tools), place))
        case _:
            bare = _replaced(less, response_format=None)
            return bare, less


def _replaced(request: Request, **changes: Any) -> Request:
    fields = {name: getattr(request, name) for name in ("target", "messages", "tools", "response_format")}
    return Request(**(fields | changes))


def _traits(request: Request, said: Declared, tenant: Tenant) -> Traits:
    return classify(request, said, tenant, len)


# Thinking has to travel back within the turn that it belongs to; a message after it ends that turn.
_OF_ONE_TURN = Capability.ANTHROPIC_THINKING | Capability.OPENAI_THINKING


@given(grown(), declared, tenants)
def test_more_content_is_never_less_sensitive(
    pair: tuple[Request, Request], said: Declared, tenant: Tenant
) -> None:
    less, more = (_traits(request, said, tenant) for request in pair)
    assert more.sensitivity >= less.sensitivity
    assert set(more.categories) >= set(less.categories)
    kept = less.needs & ~_OF_ONE_TURN
    assert more.needs & kept == kept
    assert more.tokens_in >= less.tokens_in


@given(requests, tenants)
def test_a_label_only_raises_what_was_found(request: Request, tenant: Tenant) -> None:
    found = _traits(request, Declared(label="public"), Tenant(id="t", default_label=Sensitivity.PUBLIC))
    for label in ("", "public", "general", "confidential", "highly confidential", "unheard of"):
        assert _traits(request, Declared(label=label), tenant).sensitivity >= found.sensitivity


@given(st.sampled_from(FOUND), texts, texts, st.sampled_from([" ; ", "\n\n", ", ", " | "]))
def test_text_set_apart_by_a_separator_hides_nothing(
    found: str, before: str, after: str, separator: str
) -> None:
    assert set(detect(f"{before}{separator}{found}{separator}{after}")) >= set(detect(found))
