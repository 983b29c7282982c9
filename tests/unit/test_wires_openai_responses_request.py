"""What a Responses request may say, and in which words the rest is refused."""

from typing import Any

import msgspec
import pytest

from signalbox.domain.errors import CallerError, MalformedRequest, UnsupportedRequest
from signalbox.domain.notes import Note
from signalbox.domain.request import (
    Declared,
    Document,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    Sampling,
    SearchResult,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.testing import values
from signalbox.wires.openai_responses import read_request, write_request

FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}


def read(**fields: Any) -> Request:
    return read_request(msgspec.json.encode({"model": "auto", "input": "hi", **fields})).request


def refused(kind: type[CallerError], **fields: Any) -> CallerError:
    with pytest.raises(kind) as caught:
        read(**fields)
    return caught.value


def test_the_least_request() -> None:
    request = read()
    assert request == Request(target="auto", messages=(Message("user", (Text("hi"),)),))


def test_a_request_with_all_that_is_offered() -> None:
    request = read(
        instructions="be kind",
        tools=[FUNCTION, {**FUNCTION, "name": "g", "strict": False, "description": "d"}],
        tool_choice={
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "g"}],
        },
        parallel_tool_calls=False,
        max_output_tokens=5,
        temperature=1,
        top_p=0.5,
        text={"format": {"type": "text"}, "verbosity": "medium"},
        reasoning={"effort": "low", "summary": "concise", "context": "auto", "mode": "standard"},
        stream=True,
        stream_options={"include_obfuscation": False},
        store=False,
        include=["reasoning.encrypted_content"],
        metadata={"app": "word", "mine": "x"},
        user="ada",
        safety_identifier="u",
        prompt_cache_key="k",
        truncation="disabled",
        service_tier="auto",
        background=False,
        previous_response_id=None,
        max_tool_calls=None,
    )
    assert request == Request(
        target="auto",
        messages=(Message("system", (Text("be kind"),)), Message("user", (Text("hi"),))),
        tools=(Tool("g", "d", {"type": "object"}, False),),
        tool_choice=ToolChoice("required"),
        parallel_tool_calls=False,
        sampling=Sampling(max_tokens=5, temperature=1.0, top_p=0.5),
        reasoning=Reasoning(effort="low", visible=True),
        stream=True,
        notes=(
            Note.CACHE_KEY_LEFT_OUT,
            Note.SAFETY_IDENTIFIER_LEFT_OUT,
            Note.SUMMARY_STYLE_LEFT_OUT,
        ),
        declared=Declared(app="word", user="ada"),
    )


HOSTED = [
    {"type": "web_search", "filters": {}},
    {"type": "web_search_preview"},
    {"type": "file_search", "vector_store_ids": ["v"]},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "computer_use_preview", "display_width": 1},
    {"type": "mcp", "server_label": "x", "server_url": "https://x"},
    {"type": "image_generation"},
    {"type": "local_shell"},
    {"type": "custom", "name": "c"},
]


@pytest.mark.parametrize("tool", HOSTED, ids=lambda tool: tool["type"])
def test_hosted_tools_are_refused_in_words(tool: dict[str, Any]) -> None:
    error = refused(UnsupportedRequest, tools=[FUNCTION, tool])
    assert error.param == "tools[1].type"
    assert "egress" in error.message
    error = refused(UnsupportedRequest, tools=[FUNCTION], tool_choice={"type": tool["type"]})
    assert error.param == "tool_choice.type"


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"store": True}, "store", "nothing is stored"),
        ({"previous_response_id": "resp_1"}, "previous_response_id", "whole conversation"),
        ({"conversation": "conv_1"}, "conversation", "whole conversation"),
        ({"conversation": {"id": "conv_1"}}, "conversation", "whole conversation"),
        ({"background": True}, "background", "nothing is kept"),
        ({"prompt": {"id": "p"}}, "prompt", "not offered"),
        ({"truncation": "auto"}, "truncation", "nothing is cut"),
        ({"max_tool_calls": 3}, "max_tool_calls", "not offered"),
        ({"service_tier": "priority"}, "service_tier", "not offered"),
        ({"top_logprobs": 3}, "top_logprobs", "not offered"),
        ({"context_management": [{"type": "compaction"}]}, "context_management", "not offered"),
        ({"moderation": {"model": "m"}}, "moderation", "not offered"),
        ({"include": ["reasoning.encrypted_content", "web_search_call.results"]}, "include[1]", "only"),
        ({"text": {"verbosity": "low"}}, "text.verbosity", "not offered"),
        ({"reasoning": {"context": "all_turns"}}, "reasoning.context", "not offered"),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode", "not offered"),
        (
            {"stream": True, "stream_options": {"include_obfuscation": True}},
            "stream_options.include_obfuscation",
            "not offered",
        ),
    ],
)
def test_what_is_known_and_not_offered(fields: dict[str, Any], param: str, words: str) -> None:
    error = refused(UnsupportedRequest, **fields)
    assert error.param == param
    assert words in error.message


ITEM = "input[0]"
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "1"}


def part(**fields: Any) -> dict[str, Any]:
    return {"role": "user", "content": [fields]}


@pytest.mark.parametrize(
    ("item", "kind", "param"),
    [
        ({"type": "item_reference", "id": "x"}, UnsupportedRequest, f"{ITEM}.type"),
        ({"type": "web_search_call", "id": "x", "action": {}}, UnsupportedRequest, f"{ITEM}.type"),
        ({"type": "mcp_call", "id": "x"}, UnsupportedRequest, f"{ITEM}.type"),
        ({"type": "custom_tool_call", "call_id": "x"}, UnsupportedRequest, f"{ITEM}.type"),
        ({"content": "a"}, MalformedRequest, f"{ITEM}.role"),
        ({"role": "user"}, MalformedRequest, f"{ITEM}.content"),
        ({"role": "user", "content": []}, MalformedRequest, f"{ITEM}.content"),
        ({"role": "tool", "content": "a"}, MalformedRequest, f"{ITEM}.role"),
        ({"role": "user", "content": "a", "secret": 1}, MalformedRequest, f"{ITEM}.secret"),
        ({"role": "user", "content": "a", "output": "b"}, MalformedRequest, f"{ITEM}.output"),
        ({"role": "user", "content": "a", "phase": "commentary"}, MalformedRequest, f"{ITEM}.phase"),
        ({"role": "assistant"}, MalformedRequest, f"{ITEM}.content"),
        ({**CALL, "role": "assistant"}, MalformedRequest, f"{ITEM}.role"),
        ({**CALL, "call_id": None}, MalformedRequest, f"{ITEM}.call_id"),
        ({**CALL, "name": None}, MalformedRequest, f"{ITEM}.name"),
        ({**CALL, "arguments": None}, MalformedRequest, f"{ITEM}.arguments"),
        ({**CALL, "namespace": "n"}, UnsupportedRequest, f"{ITEM}.namespace"),
        ({**CALL, "async": True}, UnsupportedRequest, f"{ITEM}.async"),
        ({**CALL, "caller": {"type": "program", "caller_id": "p"}}, UnsupportedRequest, f"{ITEM}.caller"),
        ({**OUTPUT, "output": None}, MalformedRequest, f"{ITEM}.output"),
        ({**OUTPUT, "arguments": "{}"}, MalformedRequest, f"{ITEM}.arguments"),
        ({"type": "reasoning", "content": "a"}, MalformedRequest, f"{ITEM}.content"),
        ({"type": "reasoning", "summary": [], "role": "user"}, MalformedRequest, f"{ITEM}.role"),
        (part(type="input_audio"), UnsupportedRequest, f"{ITEM}.content[0].type"),
        (part(type="output_text", text="a"), MalformedRequest, f"{ITEM}.content[0].type"),
        (part(type="input_image", file_id="f"), UnsupportedRequest, f"{ITEM}.content[0].file_id"),
        (
            part(type="input_image", image_url="https://a/b.png"),
            UnsupportedRequest,
            f"{ITEM}.content[0].image_url",
        ),
        (part(type="input_image"), MalformedRequest, f"{ITEM}.content[0].image_url"),
        (part(type="input_file", file_id="f"), UnsupportedRequest, f"{ITEM}.content[0].file_id"),
        (part(type="input_file", file_url="https://a"), UnsupportedRequest, f"{ITEM}.content[0].file_url"),
        (part(type="input_file", detail="high"), UnsupportedRequest, f"{ITEM}.content[0].detail"),
        (part(type="input_file"), MalformedRequest, f"{ITEM}.content[0].file_data"),
        (
            {
                "role": "system",
                "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}],
            },
            MalformedRequest,
            f"{ITEM}.content[0].type",
        ),
        (
            {"role": "assistant", "content": [{"type": "input_image", "image_url": "x"}]},
            MalformedRequest,
            f"{ITEM}.content[0].type",
        ),
        (
            part(type="input_text", text="a", prompt_cache_breakpoint={"mode": "explicit", "ttl": "12h"}),
            UnsupportedRequest,
            f"{ITEM}.content[0].prompt_cache_breakpoint.ttl",
        ),
    ],
)
def test_items_that_are_refused(item: dict[str, Any], kind: type[CallerError], param: str) -> None:
    assert refused(kind, input=[item]).param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, "input"),
        ({"input": 7}, "input"),
        ({"secret": 1}, "secret"),
        ({"tools": [FUNCTION, FUNCTION]}, "tools[1].name"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{**FUNCTION, "secret": 1}]}, "tools[0].secret"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "always"}, "tool_choice"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "g"}}, "tool_choice"),
        ({"stream_options": {}}, "stream_options"),
        ({"reasoning": {"effort": "a lot"}}, "reasoning.effort"),
        ({"metadata": {"user": "a"}, "user": "b"}, "metadata.user"),
    ],
)
def test_malformed_requests(fields: dict[str, Any], param: str) -> None:
    assert refused(MalformedRequest, **fields).param == param


def test_duplicate_keys_are_refused() -> None:
    with pytest.raises(MalformedRequest, match="duplicate key `input`"):
        read_request(b'{"model":"a","input":"b","input":"c"}')


def test_a_turn_of_the_model_is_one_message() -> None:
    items = [
        {"role": "user", "content": "hi"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
        {
            "type": "reasoning",
            "id": "rs_2",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "t"}],
        },
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "phase": "commentary",
            "content": [
                {
                    "type": "output_text",
                    "text": "a",
                    "annotations": [{"type": "url_citation"}],
                    "logprobs": [],
                },
                {"type": "refusal", "refusal": "no"},
            ],
        },
        {**CALL, "id": "fc_1", "status": "completed", "caller": {"type": "direct"}},
        OUTPUT,
        {"role": "assistant", "content": "done"},
    ]
    request = read(input=items)
    assert request.messages == (
        Message("user", (Text("hi"),)),
        Message(
            "assistant",
            (
                Thinking("", "gAAA", "openai", id="rs_1"),
                Thinking("t"),
                Text("a"),
                Refusal("no"),
                ToolUse("c", "f", "{}"),
            ),
        ),
        Message("tool", (ToolResult("c", (Text("1"),)),)),
        Message("assistant", (Text("done"),)),
    )
    assert request.notes == (
        Note.MESSAGE_IDS_LEFT_OUT,
        Note.MESSAGE_PHASES_LEFT_OUT,
        Note.CITATIONS_LEFT_OUT,
    )


def test_errors_never_repeat_what_the_caller_wrote() -> None:
    secret = "the merger is on friday"
    for fields in (
        {"input": [{"role": secret, "content": secret}]},
        {"input": [{"type": secret}]},
        {"input": [part(type=secret, text=secret)]},
        {"tools": [{"type": secret}]},
        {"tool_choice": secret},
        {"tool_choice": {"type": secret}},
        {"include": [secret]},
        {"reasoning": {"effort": secret}},
        {"temperature": secret},
    ):
        assert secret not in refused(CallerError, **fields).message


def written(*parts: Part, role: Any = "user", **changes: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    request = values.request(messages=(Message(role, parts or (Text("a"),), "ada"[: not parts]),), **changes)
    out = write_request(request, model="m", stream=False)
    return msgspec.json.decode(out.body), out.notes


def test_a_vendor_is_asked_to_keep_nothing_and_to_seal_its_thinking() -> None:
    body, notes = written(Text("a"))
    assert body == {
        "model": "m",
        "input": [{"role": "user", "content": "a"}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    assert notes == ()
    request = values.request("a", reasoning=Reasoning(effort="high"))
    out = write_request(request, model="m", stream=False, reasoning=False)
    assert msgspec.json.decode(out.body) == {
        "model": "m",
        "input": [{"role": "user", "content": "a"}],
        "store": False,
    }
    assert out.notes == (Note.REASONING_LEFT_OUT,)


@pytest.mark.parametrize(
    ("parts", "role", "items", "notes"),
    [
        (
            (Thinking("hm", "s", "anthropic"), Thinking("hm"), Text("a")),
            "assistant",
            [{"role": "assistant", "content": [{"type": "output_text", "text": "a"}]}],
            (Note.THINKING_LEFT_OUT, Note.THINKING_UNSEALED),
        ),
        (
            (Text("a", "5m"), SearchResult("s", "t", ("x",)), Document("text/plain", "d", "n")),
            "user",
            [
                {
                    "role": "user",
                    "content": [{"type": "input_text", "text": text} for text in ("a", "t\ns\nx", "n\nd")],
                }
            ],
            (Note.CACHE_MARKS_LEFT_OUT, Note.SEARCH_RESULTS_AS_TEXT, Note.DOCUMENT_AS_TEXT),
        ),
        (
            (ToolResult("c", (Text("no"),), failed=True),),
            "tool",
            [{**OUTPUT, "output": "error: no"}],
            (Note.FAILED_AS_TEXT,),
        ),
        (
            (Text("a"), ToolUse("c", "f", "{}"), Text("b")),
            "assistant",
            [
                {"role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
                CALL,
                {"role": "assistant", "content": [{"type": "output_text", "text": "b"}]},
            ],
            (),
        ),
    ],
)
def test_what_the_dialect_has_no_word_for(
    parts: tuple[Part, ...], role: Any, items: list[Any], notes: tuple[str, ...]
) -> None:
    body, noted = written(*parts, role=role)
    assert (body["input"], noted) == (items, notes)


def test_names_and_sampling_that_cannot_be_said_are_noted() -> None:
    assert written()[1] == (Note.NAMES_LEFT_OUT,)
    for sampling in (Sampling(stop=("x",)), Sampling(n=2), Sampling(seed=1), Sampling(top_k=1)):
        assert written(Text("a"), sampling=sampling)[1] == (Note.SAMPLING_LEFT_OUT,)
    assert written(Text("a"), sampling=Sampling(frequency_penalty=0.0))[1] == ()


def test_a_tool_of_which_nothing_was_said_is_not_strict() -> None:
    body, _ = written(Text("a"), tools=(Tool("f"), Tool("g", strict=True)))
    assert [tool["strict"] for tool in body["tools"]] == [False, True]
