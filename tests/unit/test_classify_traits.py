"""Traits of whole requests: sensitivity, needs, size, latency, and that no corner goes unscanned."""

from typing import Any

import msgspec
import pytest

from signalbox.classify import classify
from signalbox.classify.sensitivity import IMPLIED, parse_label, sensitivity_of
from signalbox.domain.errors import MalformedRequest
from signalbox.domain.principal import Tenant
from signalbox.domain.request import (
    Declared,
    Document,
    Image,
    Message,
    Refusal,
    Request,
    ResponseFormat,
    Sampling,
    SearchResult,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.domain.traits import Capability, LatencyClass, Sensitivity, TaskType, Traits

TENANT = Tenant(id="t", default_boundary="eu")
CARD = "4111 1111 1111 1111"


def traits(
    *messages: Message, declared: Declared | None = None, tenant: Tenant = TENANT, **rest: Any
) -> Traits:
    request = Request(target="auto", messages=messages or (user("Hello"),), **rest)
    return classify(request, declared or Declared(), tenant, len)


def user(*parts: str | Text | Image | ToolUse | ToolResult | Refusal, name: str = "") -> Message:
    return Message("user", tuple(Text(part) if isinstance(part, str) else part for part in parts), name)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("public", 0),
        ("General", 1),
        ("confidential", 2),
        ("highly-confidential", 3),
        ("Highly Confidential", 3),
        (" HIGHLY_CONFIDENTIAL ", 3),
        ("top secret", 3),
        ("geheim", 3),
        ("  ", 3),
    ],
)
def test_labels(label: str, expected: int) -> None:
    assert parse_label(label) == expected


def test_a_label_raises_and_never_lowers_what_was_found() -> None:
    secret = user("password: hunter2")
    assert traits(secret, declared=Declared(label="public")).sensitivity is Sensitivity.HIGHLY_CONFIDENTIAL
    assert traits(declared=Declared(label="confidential")).sensitivity is Sensitivity.CONFIDENTIAL
    assert traits(declared=Declared(label="public")).sensitivity is Sensitivity.PUBLIC


def test_no_label_is_the_tenants_default() -> None:
    strict = Tenant(id="t", default_label=Sensitivity.CONFIDENTIAL)
    assert traits().sensitivity is Sensitivity.GENERAL
    assert traits(tenant=strict).sensitivity is Sensitivity.CONFIDENTIAL


def test_an_image_is_at_least_the_tenants_default() -> None:
    image = user(Image("image/png", "AA=="))
    assert traits(image, declared=Declared(label="public")).sensitivity is Sensitivity.GENERAL


@pytest.mark.parametrize("category", sorted(IMPLIED))
def test_what_is_found_is_at_least_confidential(category: str) -> None:
    found = sensitivity_of("public", Sensitivity.PUBLIC, (category,), has_images=False)
    assert found >= Sensitivity.CONFIDENTIAL


def test_the_highest_of_all_that_is_known_counts() -> None:
    public, highest = Sensitivity.PUBLIC, Sensitivity.HIGHLY_CONFIDENTIAL
    assert sensitivity_of("", public, ("payment", "personal"), has_images=False) is highest
    assert sensitivity_of("highly confidential", public, ("bank",), has_images=True) is highest


CORNERS: dict[str, dict[str, Any]] = {
    "system": {"messages": (Message("system", (Text(CARD),)),)},
    "history": {"messages": (user(CARD), Message("assistant", (Text("ok"),)), user("and now?"))},
    "second part": {"messages": (user("see", CARD),)},
    "name": {"messages": (user("hi", name=CARD),)},
    "refusal": {"messages": (Message("assistant", (Refusal(CARD),)),)},
    "tool arguments": {"messages": (Message("assistant", (ToolUse("1", "pay", f'{{"card": "{CARD}"}}'),)),)},
    "escaped arguments": {
        "messages": (
            Message("assistant", (ToolUse("1", "pay", r'{"card": "4111\u0020111111111\u0031\u00311"}'),)),
        )
    },
    "broken arguments": {
        "messages": (Message("assistant", (ToolUse("1", "pay", r'{"card": "4111\n1111\n1111\n1111'),)),)
    },
    "tool result": {"messages": (Message("tool", (ToolResult("1", (Text(CARD),)),)),)},
    "tool name": {"tools": (Tool("card_4111111111111111"),)},
    "tool description": {"tools": (Tool("pay", CARD),)},
    "tool schema": {"tools": (Tool("pay", "", {"properties": {"a": {"enum": [CARD]}}}),)},
    "tool schema number": {"tools": (Tool("pay", "", {"const": 4111111111111111}),)},
    "tool schema newline": {"tools": (Tool("pay", "", {"const": "4111\n1111\n1111\n1111"}),)},
    "reply schema": {"response_format": ResponseFormat("json_schema", "x", {"const": CARD})},
    "reply description": {"response_format": ResponseFormat("json_schema", "x", None, None, CARD)},
    "stop": {"sampling": Sampling(stop=(CARD,))},
    "boundary inside": {"messages": (user("4111\x1f 1111 1111 1111"),)},
}


@pytest.mark.parametrize("corner", sorted(CORNERS))
def test_every_corner_is_scanned(corner: str) -> None:
    where = dict(CORNERS[corner])
    found = traits(*where.pop("messages", ()), **where)
    assert found.categories == ("payment",)
    assert found.sensitivity is Sensitivity.HIGHLY_CONFIDENTIAL


UNKNOWN_CLASS = "unknown latency class `soon`: use one of interactive, near-interactive, batch"
FORCED = Capability.TOOLS | Capability.FORCED_TOOL
OBJECT_BESIDE_TOOLS = Capability.TOOLS | Capability.JSON_OBJECT | Capability.NATIVE_OBJECT
SCHEMA_BESIDE_TOOLS = Capability.TOOLS | Capability.JSON_SCHEMA | Capability.NATIVE_SCHEMA
IMAGE = Image("image/png", "AA==")


@pytest.mark.parametrize(
    ("rest", "needs"),
    [
        ({}, 0),
        ({"stream": True}, Capability.STREAMING),
        ({"tools": (Tool("f"),)}, Capability.TOOLS),
        ({"tools": (Tool("f"),), "parallel_tool_calls": True}, Capability.TOOLS | Capability.PARALLEL_TOOLS),
        ({"tools": (Tool("f"),), "parallel_tool_calls": False}, Capability.TOOLS),
        ({"tools": (Tool("f"),), "tool_choice": ToolChoice("auto")}, Capability.TOOLS),
        ({"tools": (Tool("f"),), "tool_choice": ToolChoice("required")}, FORCED),
        ({"tools": (Tool("f"),), "tool_choice": ToolChoice("function", "f")}, FORCED),
        ({"response_format": ResponseFormat("json_object")}, Capability.JSON_OBJECT),
        ({"response_format": ResponseFormat("json_schema", "x", {})}, Capability.JSON_SCHEMA),
        ({"response_format": ResponseFormat("json_object"), "tools": (Tool("f"),)}, OBJECT_BESIDE_TOOLS),
        ({"response_format": ResponseFormat("json_schema", "x"), "tools": (Tool("f"),)}, SCHEMA_BESIDE_TOOLS),
        ({"messages": (user(IMAGE),)}, Capability.VISION),
        ({"messages": (Message("tool", (ToolResult("1", (IMAGE,)),)),)}, Capability.VISION),
        ({"sampling": Sampling(n=2)}, Capability.MANY_CHOICES),
        ({"sampling": Sampling(seed=0)}, Capability.SEED),
        ({"sampling": Sampling(frequency_penalty=0.5)}, Capability.PENALTIES),
        ({"sampling": Sampling(presence_penalty=0.0, n=1)}, 0),
    ],
)  # fmt: skip
def test_needs(rest: dict[str, Any], needs: int) -> None:
    rest = dict(rest)
    assert traits(*rest.pop("messages", ()), **rest).needs == needs | Capability.CHAT


PDF, QUOTED = Document("application/pdf", "AA=="), Document("text/plain", "Hello", cited=True)
HIT = SearchResult("wiki", "Hello", ("Hello",), cited=True)
SEALED = Thinking("Hm", "seal", "anthropic")


@pytest.mark.parametrize(
    ("messages", "needs"),
    [
        ((Message("user", (PDF,)),), Capability.DOCUMENTS),
        ((user("Hello"), Message("user", (Text("See"), QUOTED))), Capability.CITATIONS),
        ((Message("user", (HIT,)), user("Hello")), Capability.CITATIONS),
        ((Message("tool", (ToolResult("1", (PDF,)),)), user("Hello")), Capability.DOCUMENTS),
        ((Message("tool", (ToolResult("1", (HIT,)),)), user("Hello")), Capability.CITATIONS),
        (
            (Message("assistant", (SEALED,)), Message("tool", (ToolResult("1", ()),))),
            Capability.ANTHROPIC_THINKING,
        ),
    ],
)
def test_what_is_not_text_needs_what_can_take_it(messages: tuple[Message, ...], needs: int) -> None:
    assert traits(*messages).needs == needs | Capability.CHAT


def test_size_counts_text_framing_tools_and_images() -> None:
    assert traits(user("abcde")).tokens_in == 5 + 4 + 3
    tool = Tool("f", "does", {"a": 1})
    assert (
        traits(user("abcde"), tools=(tool,)).tokens_in == len("abcde|f|does|") + len('{"a":1}') + 4 + 3 + 12
    )
    low, high = Image("image/png", "AA==", "low"), Image("image/png", "AA==")
    assert traits(user(low, high)).tokens_in == 85 + 1_600 + 4 + 3


def test_output_is_bounded_by_the_limit_the_feature_or_the_task() -> None:
    assert traits(sampling=Sampling(max_tokens=7, n=3)).tokens_out_max == 21
    assert (
        traits(sampling=Sampling(n=2), declared=Declared(app="excel", feature="formula")).tokens_out_max
        == 1_024
    )
    assert traits(declared=Declared(task="classification")).tokens_out_max == 512


def test_latency_and_deadline() -> None:
    assert traits().latency_class is LatencyClass.NEAR_INTERACTIVE
    assert traits().deadline_ms == 120_000
    formula = traits(declared=Declared(app="excel", feature="formula"))
    assert (formula.latency_class, formula.deadline_ms) == (LatencyClass.INTERACTIVE, 60_000)
    declared = traits(declared=Declared(app="excel", feature="formula", latency_class="Batch", deadline_ms=5))
    assert (declared.latency_class, declared.deadline_ms) == (LatencyClass.BATCH, 5)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (Declared(latency_class="soon"), UNKNOWN_CLASS),
        (Declared(deadline_ms=0), "deadline of `0` ms is out of range: use 1 to 600000"),
        (Declared(deadline_ms=600_001), "deadline of `600001` ms is out of range: use 1 to 600000"),
    ],
)  # fmt: skip
def test_bad_declarations_are_refused(declared: Declared, message: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        traits(declared=declared)
    assert caught.value.message == message


def test_only_what_was_declared_to_it_is_read() -> None:
    request = Request(
        target="auto", messages=(user("Hello"),), declared=Declared(task="coding", boundary="us")
    )
    found = classify(request, Declared(), TENANT, len)
    assert (found.task, found.boundary) == (TaskType.CHAT, "eu")
    assert classify(request, Declared(boundary="de"), TENANT, len).boundary == "de"


def test_the_same_request_has_the_same_traits() -> None:
    one = traits(user("Summarise", CARD), stream=True)
    assert msgspec.json.encode(one) == msgspec.json.encode(traits(user("Summarise", CARD), stream=True))
