"""A client's Chat Completions request: what is read, and what is refused with which field."""

from typing import Any

import msgspec
import pytest

from signalbox.domain.errors import CallerError, MalformedRequest, UnsupportedRequest
from signalbox.domain.notes import Note
from signalbox.domain.request import (
    Declared,
    Document,
    Image,
    Message,
    Reasoning,
    Refusal,
    ResponseFormat,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.wires.openai_chat import ChatCall, read_request

PIXEL = "iVBORw0KGgo="
TOOL = {"type": "function", "function": {"name": "sum", "parameters": {"type": "object"}, "strict": True}}
OTHER_TOOL = {"type": "function", "function": {"name": "mean", "description": "the mean"}}


def chat(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "auto", "messages": [{"role": "user", "content": "hi"}], **fields})


def read(**fields: Any) -> ChatCall:
    return read_request(chat(**fields))


def refused(kind: type[CallerError], **fields: Any) -> CallerError:
    with pytest.raises(kind) as caught:
        read(**fields)
    return caught.value


def parts_of(message: dict[str, Any]) -> Message:
    return read(messages=[message]).request.messages[0]


def test_the_least_request() -> None:
    call = read()
    assert call.request.target == "auto"
    assert call.request.messages == (Message("user", (Text("hi"),)),)
    assert call.request.sampling == Sampling()
    assert call.request.declared == Declared()
    assert not call.request.stream
    assert not call.include_usage


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "system", "content": "a"}, Message("system", (Text("a"),))),
        ({"role": "developer", "content": "a", "name": "d"}, Message("developer", (Text("a"),), "d")),
        ({"content": "", "role": "user", "name": None}, Message("user", (Text(""),))),
        (
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a"},
                    {
                        "type": "image_url",
                        "image_url": {"url": f"data:image/PNG;base64,{PIXEL}", "detail": "low"},
                    },
                ],
            },
            Message("user", (Text("a"), Image("image/png", PIXEL, "low"))),
        ),
        (
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "sum", "arguments": '{"a":1}'}}
                ],
            },
            Message("assistant", (ToolUse("c1", "sum", '{"a":1}'),)),
        ),
        (
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}],
            },
            Message("assistant", (Text("a"), Refusal("no"))),
        ),
        ({"role": "assistant", "refusal": "no"}, Message("assistant", (Refusal("no"),))),
        (
            {
                "role": "assistant",
                "content": "a",
                "refusal": None,
                "annotations": [],
                "audio": None,
                "function_call": None,
                "tool_calls": None,
                "reasoning_content": "thought",
            },
            Message("assistant", (Thinking("thought"), Text("a"))),
        ),
        (
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "3"}]},
            Message("tool", (ToolResult("c1", (Text("3"),)),)),
        ),
    ],
)
def test_messages(message: dict[str, Any], expected: Message) -> None:
    assert parts_of(message) == expected


@pytest.mark.parametrize(
    ("message", "kind", "param"),
    [
        ({"role": "user"}, MalformedRequest, "messages[0].content"),
        ({"role": "user", "content": None}, MalformedRequest, "messages[0].content"),
        ({"role": "user", "content": 7}, MalformedRequest, "messages[0].content"),
        ({"role": "user", "content": []}, MalformedRequest, "messages[0].content"),
        ({"role": "user", "content": [{"type": "text"}]}, MalformedRequest, "messages[0].content[0].text"),
        ({"role": "user", "content": [{"type": "x"}]}, MalformedRequest, "messages[0].content[0].type"),
        ({"role": "user", "content": "a", "secret": 1}, MalformedRequest, "messages[0].secret"),
        ({"role": "narrator", "content": "a"}, MalformedRequest, "messages[0].role"),
        ({"content": "a"}, MalformedRequest, "messages[0].role"),
        ({"role": "function", "name": "f", "content": "a"}, UnsupportedRequest, "messages[0].role"),
        ({"role": "assistant"}, MalformedRequest, "messages[0].content"),
        ({"role": "assistant", "content": None, "tool_calls": []}, MalformedRequest, "messages[0].content"),
        ({"role": "assistant", "audio": {"id": "a"}}, UnsupportedRequest, "messages[0].audio"),
        (
            {"role": "assistant", "function_call": {"name": "f", "arguments": ""}},
            UnsupportedRequest,
            "messages[0].function_call",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {}}]},
            UnsupportedRequest,
            "messages[0].tool_calls[0].type",
        ),
        ({"role": "tool", "content": "a"}, MalformedRequest, "messages[0].tool_call_id"),
        (
            {"role": "system", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]},
            MalformedRequest,
            "messages[0].content[0].type",
        ),
        (
            {"role": "user", "content": [{"type": "refusal", "refusal": "a"}]},
            MalformedRequest,
            "messages[0].content[0].type",
        ),
        (
            {
                "role": "user",
                "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}],
            },
            UnsupportedRequest,
            "messages[0].content[0].type",
        ),
        (
            {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]},
            UnsupportedRequest,
            "messages[0].content[0].file.file_id",
        ),
        (
            {"role": "user", "content": [{"type": "text", "text": "a", "prompt_cache_breakpoint": {}}]},
            MalformedRequest,
            "messages[0].content[0].prompt_cache_breakpoint.mode",
        ),
    ],
)
def test_messages_that_are_refused(message: dict[str, Any], kind: type[CallerError], param: str) -> None:
    assert refused(kind, messages=[message]).param == param


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.org/a.png", UnsupportedRequest),
        ("HTTP://example.org/a.png", UnsupportedRequest),
        ("file:///etc/passwd", MalformedRequest),
        ("data:image/svg+xml;base64," + PIXEL, MalformedRequest),
        ("data:image/png," + PIXEL, MalformedRequest),
        ("data:image/png;charset=utf-8;base64," + PIXEL, MalformedRequest),
        ("data:image/png;base64,", MalformedRequest),
        ("data:image/png;base64,not base64", MalformedRequest),
        ("data:image/png;base64,iVBORw0KGgo", MalformedRequest),
        ("data:image/png;base64,AA!AA", MalformedRequest),
        ("data:image/png;base64,é", MalformedRequest),
        ("", MalformedRequest),
    ],
)
def test_images_are_inline_and_of_a_known_type(url: str, kind: type[CallerError]) -> None:
    error = refused(
        kind, messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    )
    assert error.param == "messages[0].content[0].image_url.url"
    assert ("egress" in error.message) == (kind is UnsupportedRequest)


def test_tools() -> None:
    request = read(tools=[TOOL, OTHER_TOOL], parallel_tool_calls=False).request
    assert request.tools == (Tool("sum", "", {"type": "object"}, True), Tool("mean", "the mean"))
    assert request.parallel_tool_calls is False
    assert request.tool_choice is None


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "function": {"name": "mean"}}, ToolChoice("function", "mean")),
        (None, None),
    ],
)
def test_tool_choices(choice: Any, expected: ToolChoice | None) -> None:
    assert read(tools=[TOOL, OTHER_TOOL], tool_choice=choice).request.tool_choice == expected


def test_allowed_tools_are_the_only_ones_that_travel() -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "mean"}}]}
    request = read(
        tools=[TOOL, OTHER_TOOL], tool_choice={"type": "allowed_tools", "allowed_tools": allowed}
    ).request
    assert [tool.name for tool in request.tools] == ["mean"]
    assert request.tool_choice == ToolChoice("required")


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_a_choice_among_no_tools_says_nothing(choice: str) -> None:
    request = read(tool_choice=choice, parallel_tool_calls=True, tools=[]).request
    assert request.tool_choice is None
    assert request.parallel_tool_calls is None


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, UnsupportedRequest, "tools[0].type"),
        ({"tools": [TOOL, {"type": "mcp", "server_url": "x"}]}, UnsupportedRequest, "tools[1].type"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, UnsupportedRequest, "tools[0].type"),
        ({"tools": [TOOL, TOOL]}, MalformedRequest, "tools[1].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "a b"}}]},
            MalformedRequest,
            "tools[0].function.name",
        ),
        ({"tools": [TOOL] * 129}, MalformedRequest, "tools"),
        ({"tool_choice": "required"}, MalformedRequest, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": "any"}, MalformedRequest, "tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "mean"}}},
            MalformedRequest,
            "tool_choice",
        ),
        (
            {"tools": [TOOL], "tool_choice": {"type": "custom", "custom": {}}},
            UnsupportedRequest,
            "tool_choice.type",
        ),
        ({"messages": []}, MalformedRequest, "messages"),
        ({"messages": [{"role": "user", "content": "a"}] * 2049}, MalformedRequest, "messages"),
        ({"model": ""}, MalformedRequest, "model"),
        ({"model": 5}, MalformedRequest, "model"),
        ({"temperature": 2.1}, MalformedRequest, "temperature"),
        ({"temperature": True}, MalformedRequest, "temperature"),
        ({"temperature": "1"}, MalformedRequest, "temperature"),
        ({"top_p": -0.1}, MalformedRequest, "top_p"),
        ({"n": 0}, MalformedRequest, "n"),
        ({"n": 9}, MalformedRequest, "n"),
        ({"n": 1.0}, MalformedRequest, "n"),
        ({"seed": 2**63}, MalformedRequest, "seed"),
        ({"max_tokens": 0}, MalformedRequest, "max_tokens"),
        ({"max_tokens": 10**30}, MalformedRequest, "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 6}, MalformedRequest, "max_tokens"),
        ({"frequency_penalty": 3}, MalformedRequest, "frequency_penalty"),
        ({"presence_penalty": -3}, MalformedRequest, "presence_penalty"),
        ({"stop": ["a"] * 5}, MalformedRequest, "stop"),
        ({"stop": ""}, MalformedRequest, "stop"),
        ({"stop": ["a", ""]}, MalformedRequest, "stop[1]"),
        ({"response_format": {"type": "xml"}}, MalformedRequest, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, MalformedRequest, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
            MalformedRequest,
            "response_format.json_schema.schema",
        ),
        ({"stream": 1}, MalformedRequest, "stream"),
        ({"stream_options": {"include_usage": True}}, MalformedRequest, "stream_options"),
        (
            {"stream": True, "stream_options": {"include_obfuscation": True}},
            UnsupportedRequest,
            "stream_options.include_obfuscation",
        ),
        ({"stream": True, "stream_options": {"x": 1}}, MalformedRequest, "stream_options.x"),
        ({"metadata": {"a": 1}}, MalformedRequest, "metadata[...]"),
        ({"metadata": {"k" * 65: "1"}}, MalformedRequest, "metadata"),
        ({"metadata": {"deadline_ms": "soon"}}, MalformedRequest, "metadata.deadline_ms"),
        ({"metadata": {"deadline_ms": "0"}}, MalformedRequest, "metadata.deadline_ms"),
        ({"metadata": {"deadline_ms": "²"}}, MalformedRequest, "metadata.deadline_ms"),
        ({"metadata": {"app": "word", "signalbox_app": "excel"}}, MalformedRequest, "metadata.signalbox_app"),
        ({"user": "ada", "metadata": {"user": "bob"}}, MalformedRequest, "metadata.user"),
        ({"guided_json": {}}, MalformedRequest, "guided_json"),
    ],
)
def test_fields_that_are_refused(fields: dict[str, Any], kind: type[CallerError], param: str) -> None:
    error = refused(kind, **fields)
    assert error.param == param
    assert error.status == 400
    assert param in error.message


def test_sampling() -> None:
    sampling = read(
        max_completion_tokens=9, temperature=1, top_p=0.5, stop=["a", "b"], seed=-1, n=8,
        frequency_penalty=-2, presence_penalty=2.0,
    ).request.sampling  # fmt: skip
    assert sampling == Sampling(
        max_tokens=9, temperature=1.0, top_p=0.5, stop=("a", "b"), seed=-1, n=8,
        frequency_penalty=-2.0, presence_penalty=2.0,
    )  # fmt: skip
    assert read(max_tokens=9, max_completion_tokens=9).request.sampling.max_tokens == 9
    assert read(max_tokens=4, stop="x").request.sampling == Sampling(max_tokens=4, stop=("x",))


def test_null_is_absent() -> None:
    names = (
        "tools tool_choice parallel_tool_calls response_format max_tokens max_completion_tokens temperature "
        "top_p stop seed n frequency_penalty presence_penalty stream stream_options user metadata store audio"
    )
    assert read(**dict.fromkeys(names.split())) == read()


def test_response_formats() -> None:
    assert read(response_format={"type": "text"}).request.response_format is None
    assert read(response_format={"type": "json_object"}).request.response_format == ResponseFormat(
        "json_object"
    )
    schema = {"name": "a", "schema": {"type": "object"}, "strict": True, "description": "d"}
    assert read(response_format={"type": "json_schema", "json_schema": schema}).request.response_format == (
        ResponseFormat("json_schema", "a", {"type": "object"}, True, "d")
    )


def test_streams() -> None:
    assert read(stream=True).request.stream
    assert not read(stream=True).include_usage
    assert read(
        stream=True, stream_options={"include_usage": True, "include_obfuscation": False}
    ).include_usage


def test_context_in_metadata() -> None:
    declared = read(
        user="ada",
        metadata={
            "app": "excel", "signalbox_feature": "formula", "task": "computation",
            "sensitivity": "confidential",
            "latency_class": "interactive", "data_boundary": "eu", "user": "ada", "deadline_ms": "1500",
            "trace": "kept by the client, sent nowhere", "signalbox_app": "excel",
        },
    ).request.declared  # fmt: skip
    assert declared == Declared(
        app="excel", feature="formula", task="computation", label="confidential", latency_class="interactive",
        boundary="eu", user="ada", deadline_ms=1500,
    )  # fmt: skip


def test_empty_context_says_nothing() -> None:
    declared = read(
        user="", metadata={"app": "", "signalbox_app": "excel", "deadline_ms": ""}
    ).request.declared
    assert declared == Declared(app="excel")


@pytest.mark.parametrize(
    ("field", "harmless", "harmful"),
    [
        ("store", False, True),
        ("logprobs", False, True),
        ("top_logprobs", 0, 3),
        ("logit_bias", {}, {"50256": -100}),
        ("service_tier", "auto", "priority"),
        ("service_tier", "default", "flex"),
        ("modalities", ["text"], ["text", "audio"]),
        ("functions", [], [{"name": "f"}]),
        ("function_call", "auto", {"name": "f"}),
        ("verbosity", "medium", "low"),
        ("web_search_options", None, {}),
        ("prediction", None, {"type": "content", "content": "a"}),
        ("prompt_cache_options", {"mode": "implicit"}, {"mode": "explicit"}),
        ("prompt_cache_retention", "in_memory", "24h"),
        ("moderation", None, {"model": "m"}),
        ("audio", None, {"voice": "a", "format": "wav"}),
        ("top_logprobs", 0, False),
    ],
)
def test_what_is_known_and_not_offered(field: str, harmless: Any, harmful: Any) -> None:
    assert read(**{field: harmless}) == read()
    error = refused(UnsupportedRequest, **{field: harmful})
    assert error.param == field
    assert f"`{field}`" in error.message


@pytest.mark.parametrize("body", [b"[]", b"null", b'"a"', b"7"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest, match="expected `object`"):
        read_request(body)


def test_duplicate_keys_are_refused_wherever_they_stand() -> None:
    with pytest.raises(MalformedRequest, match="duplicate key `role`"):
        read_request(b'{"model":"a","messages":[{"role":"user","role":"system","content":"a"}]}')


def test_errors_never_repeat_what_the_caller_wrote() -> None:
    secret = "the merger is on friday"
    for fields in (
        {"messages": [{"role": secret, "content": secret}]},
        {"messages": [{"role": "user", "content": [{"type": secret, "text": secret}]}]},
        {"response_format": {"type": secret}},
        {"tool_choice": secret},
        {"tools": [{"type": secret}]},
        {"temperature": secret},
        {"metadata": {"deadline_ms": secret}},
        {"service_tier": secret},
    ):
        assert secret not in refused(CallerError, **fields).message


def test_files_are_documents() -> None:
    pdf = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
    plain = {"file_data": "data:text/plain;charset=utf-8;base64,w6k="}
    (message,) = read(
        messages=[
            {"role": "user", "content": [{"type": "file", "file": pdf}, {"type": "file", "file": plain}]}
        ]
    ).request.messages
    assert message.parts == (
        Document("application/pdf", "JVBERi0=", "a.pdf"),
        Document("text/plain", "é"),
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("data:text/plain;base64,/w==", MalformedRequest),
        ("data:application/pdf;base64,", MalformedRequest),
        ("data:application/pdf;base64,?", MalformedRequest),
        ("data:application/zip;base64,AAAA", MalformedRequest),
        ("JVBERi0=", MalformedRequest),
        ("https://example.com/a.pdf", UnsupportedRequest),
    ],
)
def test_files_are_inline_and_of_a_known_type(data: str, kind: type[CallerError]) -> None:
    content = [{"type": "file", "file": {"file_data": data}}]
    error = refused(kind, messages=[{"role": "user", "content": content}])
    assert error.param == "messages[0].content[0].file.file_data"


def test_a_cache_breakpoint_asks_for_the_hour_that_vendors_have() -> None:
    def text(point: dict[str, Any]) -> dict[str, Any]:
        return {"type": "text", "text": "a", "prompt_cache_breakpoint": point}

    for point in ({"mode": "explicit"}, {"mode": "explicit", "ttl": "30m"}):
        assert parts_of({"role": "system", "content": [text(point)]}).parts == (Text("a", "1h"),)
    long = [{"role": "user", "content": [text({"mode": "explicit", "ttl": "12h"})]}]
    error = refused(UnsupportedRequest, messages=long)
    assert error.param == "messages[0].content[0].prompt_cache_breakpoint.ttl"


def test_thinking_comes_back_with_its_seals() -> None:
    details = [
        {"type": "thinking", "text": "hm", "signature": "s", "format": "anthropic", "id": "", "index": 0},
        {"type": "redacted_thinking", "signature": "r", "format": "anthropic"},
    ]
    message = parts_of(
        {"role": "assistant", "content": "a", "reasoning_content": "hm", "reasoning_details": details}
    )
    assert message.parts == (
        Thinking("hm", "s", "anthropic"),
        Thinking("", "r", "anthropic", True),
        Text("a"),
    )
    thought = {"role": "assistant", "reasoning_details": details}
    assert refused(MalformedRequest, messages=[thought]).param == "messages[0].content"


def test_what_is_left_out_is_noted_once() -> None:
    cited = {"role": "assistant", "content": "a", "annotations": [{"type": "url_citation"}]}
    request = read(messages=[cited, cited], prompt_cache_key="k", safety_identifier="u").request
    assert request.notes == (
        Note.CACHE_KEY_LEFT_OUT,
        Note.SAFETY_IDENTIFIER_LEFT_OUT,
        Note.CITATIONS_LEFT_OUT,
    )


def test_reasoning_effort() -> None:
    assert read(reasoning_effort="xhigh").request.reasoning == Reasoning(effort="xhigh")
    assert read(reasoning_effort=None).request.reasoning is None
    assert refused(MalformedRequest, reasoning_effort="a lot").param == "reasoning_effort"
