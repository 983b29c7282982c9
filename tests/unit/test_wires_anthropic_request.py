"""What the Messages wire refuses of a client, what it reads, and what it notes in writing."""

from typing import Any

import msgspec
import pytest

from signalbox.domain.errors import CallerError, MalformedRequest, UnsupportedRequest
from signalbox.domain.notes import Note
from signalbox.domain.request import (
    Citation,
    Document,
    Effort,
    Image,
    Message,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.wires.anthropic import read_count_request, read_request, write_request

HELLO = {"role": "user", "content": "hi"}
TOOL = {"name": "f", "input_schema": {"type": "object"}}


def encoded(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": [HELLO], **fields})


def content(*blocks: Any, role: str = "user") -> bytes:
    return encoded(messages=[{"role": role, "content": list(blocks)}])


def refused(body: bytes) -> CallerError:
    with pytest.raises(CallerError) as caught:
        read_request(body)
    return caught.value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("container", "c"),
        ("mcp_servers", [{"type": "url", "url": "https://x", "name": "x"}]),
        ("fallbacks", [{"model": "other"}]),
        ("inference_geo", "us"),
        ("service_tier", "priority"),
        ("speed", "fast"),
        ("diagnostics", {"previous_message_id": "msg_1"}),
        ("context_management", {"edits": [{"type": "clear"}]}),
        ("thread", {"type": "create"}),
        ("compaction", {"type": "x"}),
        ("user_profile_id", "u"),
        ("max_tokens", 0),
        ("thinking", {"type": "between_tools"}),
    ],
)
def test_egress_and_state_of_the_vendors_own_are_refused_in_words(field: str, value: Any) -> None:
    error = refused(encoded(**{field: value}))
    assert type(error) is UnsupportedRequest
    assert (error.param or "").split(".")[0] == field
    assert "offered" in error.message or "boundary" in error.message


def test_the_sdk_is_told_to_go_on_without_a_thread() -> None:
    assert refused(encoded(thread={"type": "create"})).code == "thread_unsupported_request"
    assert refused(encoded(container="c")).code == "unsupported"


@pytest.mark.parametrize(
    "fields",
    [
        {"container": None, "mcp_servers": [], "fallbacks": None, "inference_geo": None, "speed": "standard"},
        {"service_tier": "auto", "diagnostics": {"previous_message_id": None}},
        {
            "service_tier": "standard_only",
            "context_management": {"edits": []},
            "thinking": None,
            "tools": None,
        },
    ],
)
def test_what_asks_for_nothing_special_is_left(fields: dict[str, Any]) -> None:
    assert read_request(encoded(**fields)) == read_request(encoded())


@pytest.mark.parametrize(
    "kind",
    ["web_search_20260318", "code_execution_20260521", "computer_20250124", "bash_20250124",
     "memory_20250818", "text_editor_20250728", "browser_toolset_20260801", "web_fetch_20260318",
     "mcp_toolset"],
)  # fmt: skip
def test_hosted_tools_are_refused(kind: str) -> None:
    error = refused(encoded(tools=[TOOL, {"type": kind, "name": "x", "max_uses": 3}]))
    assert type(error) is UnsupportedRequest
    assert error.param == "tools[1].type"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("defer_loading", True),
        ("input_examples", [{"a": 1}]),
        ("eager_input_streaming", True),
        ("allowed_callers", ["code_execution_20260521"]),
    ],
)
def test_hosted_features_of_tools_are_refused(field: str, value: Any) -> None:
    error = refused(encoded(tools=[{**TOOL, field: value}]))
    assert type(error) is UnsupportedRequest
    assert error.param == f"tools[0].{field}"
    harmless = {"defer_loading": False, "input_examples": [], "allowed_callers": ["direct"], "type": "custom"}
    assert read_request(encoded(tools=[{**TOOL, **harmless}])).tools == (Tool("f", "", {"type": "object"}),)


WEB = {"type": "web_search_result_location", "cited_text": "x", "encrypted_index": "Ab==", "url": "u"}


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"type": "image", "source": {"type": "url", "url": "https://x"}}, "source.type"),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "source.type"),
        ({"type": "document", "source": {"type": "url", "url": "https://x"}}, "source.type"),
        ({"type": "document", "source": {"type": "file", "file_id": "f"}}, "source.type"),
        ({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, "type"),
        ({"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, "type"),
        ({"type": "mcp_tool_use", "id": "s"}, "type"),
        ({"type": "container_upload", "file_id": "f"}, "type"),
        ({"type": "fallback"}, "type"),
        ({"type": "compaction"}, "type"),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "tool_reference"}]},
            "content[0].type",
        ),
        ({"type": "text", "text": "x", "citations": [WEB]}, "citations[0]"),
        (
            {"type": "image", "transformations": {"oversized_image": "error"},
             "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            "transformations.oversized_image",
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]}},
            "source.content[0].type",
        ),
    ],
)  # fmt: skip
def test_blocks_that_are_egress_or_state_are_refused(block: dict[str, Any], param: str) -> None:
    error = refused(content(block))
    assert type(error) is UnsupportedRequest
    assert error.param == f"messages[0].content[0].{param}"
    assert "https" not in error.message


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (encoded(nonsense=1), "nonsense"),
        (encoded(messages=[]), "messages"),
        (encoded(messages=[{**HELLO, "name": "x"}]), "messages[0].name"),
        (encoded(messages=[{"role": "tool", "content": "x"}]), "messages[0].role"),
        (msgspec.json.encode({"model": "m", "messages": [HELLO]}), "max_tokens"),
        (encoded(max_tokens=-1), "max_tokens"),
        (encoded(temperature=1.1), "temperature"),
        (encoded(metadata={"user_id": "u", "app": "x"}), "metadata.app"),
        (encoded(stop_sequences=[""]), "stop_sequences[0]"),
        (encoded(thinking={"type": "enabled", "budget_tokens": 1000}), "thinking.budget_tokens"),
        (encoded(output_config={"effort": "huge"}), "output_config.effort"),
        (encoded(tools=[TOOL, TOOL]), "tools[1].name"),
        (encoded(tools=[{"name": "f"}]), "tools[0].input_schema"),
        (encoded(tool_choice={"type": "any"}), "tool_choice"),
        (encoded(tools=[TOOL], tool_choice={"type": "tool", "name": "g"}), "tool_choice.name"),
        (encoded(cache_control={"type": "ephemeral", "ttl": "2h"}), "cache_control.ttl"),
        (content(), "messages[0].content"),
        (content({"type": "nonsense"}), "messages[0].content[0].type"),
        (
            content({"type": "tool_use", "id": "a", "name": "f", "input": {}}),
            "messages[0].content[0].type",
        ),
        (
            content({"type": "tool_result", "tool_use_id": "a"}, role="assistant"),
            "messages[0].content[0].type",
        ),
        (
            content({"type": "thinking", "thinking": "", "signature": ""}, role="system"),
            "messages[0].content[0].type",
        ),
        (
            content({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "?"}}),
            "messages[0].content[0].source.data",
        ),
        (
            content(
                {"type": "image", "source": {"type": "base64", "media_type": "image/bmp", "data": "AA=="}}
            ),
            "messages[0].content[0].source.media_type",
        ),
        (
            content({"type": "document", "source": {"type": "base64", "media_type": "x/y", "data": "AA=="}}),
            "messages[0].content[0].source.media_type",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_name(body: bytes, param: str) -> None:
    error = refused(body)
    assert type(error) is MalformedRequest
    assert error.param == param


def test_a_duplicate_key_is_refused_even_in_a_tools_input() -> None:
    body = content({"type": "tool_use", "id": "a", "name": "f", "input": {"k": 1}}, role="assistant")
    assert "duplicate key `k`" in refused(body.replace(b'{"k":1}', b'{"k":1,"k":2}')).message


@pytest.mark.parametrize("turns", [1, 60])
def test_nesting_without_end_is_refused_in_short_bodies_and_long_ones(turns: int) -> None:
    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {"x": deep}}
    messages = [{"role": "assistant", "content": [call]}, *[HELLO] * turns]
    assert "levels deep" in refused(encoded(messages=messages)).message


def test_a_document_of_blocks_is_one_text_and_noted() -> None:
    blocks = [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "b"},
    ]
    request = read_request(content({"type": "document", "source": {"type": "content", "content": blocks}}))
    assert request.messages[0].parts == (Document("text/plain", "a\n\nb"),)
    assert request.notes == (Note.CACHE_MARKS_LEFT_OUT, Note.DOCUMENT_BLOCKS_JOINED)


def test_the_user_is_declared_and_never_sent() -> None:
    request = read_request(encoded(metadata={"user_id": "ada"}))
    assert request.declared.user == "ada"
    assert b"ada" not in write_request(request, model="m", stream=False, output_limit=1).body
    assert read_request(encoded(metadata={"user_id": None})).declared.user == ""


def test_system_messages_within_a_conversation_are_read_in_place() -> None:
    request = read_request(encoded(system="a", messages=[HELLO, {"role": "system", "content": "b"}]))
    assert [message.role for message in request.messages] == ["system", "user", "system"]


def test_counting_takes_no_limit() -> None:
    body = {"model": "m", "messages": [HELLO], "tools": [TOOL]}
    assert read_count_request(msgspec.json.encode(body)).sampling == Sampling()
    with pytest.raises(MalformedRequest, match="unknown field `max_tokens`"):
        read_count_request(encoded())


# -- writing


def said(text: str, role: Any = "user", name: str = "") -> Message:
    return Message(role, (Text(text),), name)


def written(
    *messages: Message, model: str = "claude-opus-4-6", **fields: Any
) -> tuple[dict[str, Any], tuple[str, ...]]:
    request = Request(target="auto", messages=messages, **{"sampling": Sampling(max_tokens=9_000), **fields})
    result = write_request(request, model=model, stream=False, output_limit=4_096)
    return msgspec.json.decode(result.body), result.notes


def test_system_and_developer_messages_go_to_the_front() -> None:
    body, notes = written(
        said("s", "system"), said("d", "developer"), said("u"), said("a", "assistant"), said("t", "system")
    )
    assert [block["text"] for block in body["system"]] == ["s", "d", "t"]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    assert notes == (Note.DEVELOPER_AS_SYSTEM, Note.SYSTEM_MERGED)


def test_a_system_message_alone_is_asked() -> None:
    body, notes = written(said("s", "system"))
    assert (body["messages"], notes) == ([{"role": "user", "content": "s"}], (Note.SYSTEM_AS_USER,))
    assert "system" not in body


def test_turns_of_one_speaker_are_merged() -> None:
    body, notes = written(said("a", name="ada"), said("b"), said("c", "assistant"))
    assert [block["text"] for block in body["messages"][0]["content"]] == ["a", "b"]
    assert notes == (Note.NAMES_LEFT_OUT, Note.TURNS_MERGED)


def test_parallel_results_are_one_turn_and_nothing_is_owed_a_note_for_it() -> None:
    body, notes = written(
        said("u"),
        Message("assistant", (ToolUse("a", "f", "{}"), ToolUse("b", "f", '{"x": 1.0}'))),
        Message("tool", (ToolResult("a", (Text("1"),)),)),
        Message("tool", (ToolResult("b", ()),)),
        said("go"),
        tools=(Tool("f"),),
    )
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "a", "content": "1"},
        {"type": "tool_result", "tool_use_id": "b"},
        {"type": "text", "text": "go"},
    ]
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    assert notes == ()


def test_what_only_other_vendors_understand_is_noted() -> None:
    page = Citation(kind="url", url="https://x", start=0, end=1)
    body, notes = written(
        Message("user", (Text("u"), Image("image/png", "AAAA", "high"))),
        Message(
            "assistant",
            (
                Thinking("o", "enc", "openai"),
                Thinking("free"),
                Text(" "),
                Text(""),
                Text("a", "", (page,)),
                Refusal("no"),
                ToolUse("functions.f:0", "f", '{"a'),
            ),
        ),
        Message("tool", (ToolResult("functions.f:0", (Text("1"),), True),)),
        sampling=Sampling(temperature=1.5),
    )
    blocks = body["messages"][1]["content"]
    assert [block.get("text") for block in blocks] == ["a", "no", None]
    assert blocks[2]["input"] == {"INVALID_JSON": '{"a'}
    assert blocks[2]["id"] == body["messages"][2]["content"][0]["tool_use_id"]
    assert blocks[2]["id"].startswith("sb_")
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    assert body["tool_choice"] == {"type": "none"}
    assert (body["max_tokens"], body["temperature"]) == (4_096, 1)
    assert set(notes) == {
        Note.IMAGE_DETAIL_LEFT_OUT,
        Note.THINKING_LEFT_OUT,
        Note.THINKING_UNSEALED,
        Note.BLANK_TEXT_LEFT_OUT,
        Note.CITATIONS_LEFT_OUT,
        Note.REFUSAL_AS_TEXT,
        Note.ARGUMENTS_WRAPPED,
        Note.TOOL_ID_REWRITTEN,
        Note.TOOLS_REDECLARED,
        Note.MAX_TOKENS_SET,
        Note.TEMPERATURE_CAPPED,
    }


def test_single_calls_are_asked_for_where_nothing_was_chosen() -> None:
    body, _ = written(said("u"), tools=(Tool("f", parameters={}),), parallel_tool_calls=False)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert body["tools"][0]["input_schema"] == {"type": "object"}


def test_a_schemas_description_is_noted() -> None:
    format = ResponseFormat("json_schema", "n", {"type": "object"}, True, "what it is")
    body, notes = written(said("u"), response_format=format)
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    assert notes == (Note.SCHEMA_DESCRIPTION_LEFT_OUT,)


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking", "effort", "notes"),
    [
        ("claude-opus-4-6", Reasoning(effort="high"), {"type": "adaptive"}, "high", ()),
        ("x", Reasoning(effort="minimal"), {"type": "adaptive"}, "low", (Note.EFFORT_ROUNDED,)),
        (
            "claude-sonnet-4-20250514", Reasoning(effort="low", visible=True),
            {"type": "enabled", "budget_tokens": 2048, "display": "summarized"}, None,
            (Note.EFFORT_AS_BUDGET,),
        ),
        (
            "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", Reasoning(adaptive=True),
            {"type": "enabled", "budget_tokens": 4500}, None, (Note.EFFORT_AS_BUDGET,),
        ),
        (
            "claude-opus-4-5", Reasoning(effort="low"),
            {"type": "enabled", "budget_tokens": 2048}, "low", (Note.EFFORT_AS_BUDGET,),
        ),
        (
            "claude-opus-5", Reasoning(budget_tokens=10_000), {"type": "adaptive"}, "medium",
            (Note.BUDGET_AS_EFFORT,),
        ),
        ("x", Reasoning(budget_tokens=10_000), {"type": "enabled", "budget_tokens": 10_000}, None, ()),
        ("x", Reasoning(effort="none"), {"type": "disabled"}, None, ()),
        ("x", Reasoning(effort="low", thinking="off"), {"type": "disabled"}, "low", ()),
        ("x", Reasoning(effort="low", thinking="unsaid"), None, "low", ()),
        (
            "claude-haiku-4-5", Reasoning(effort="low", thinking="unsaid"), None, None,
            (Note.REASONING_LEFT_OUT,),
        ),
    ],
)  # fmt: skip
def test_how_much_to_think_is_said_in_the_models_own_words(
    model: str, reasoning: Reasoning, thinking: Any, effort: Effort | None, notes: tuple[Note, ...]
) -> None:
    body, said_of_it = written(said("u"), model=model, reasoning=reasoning)
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort
    assert said_of_it == notes


def test_thinking_is_left_out_where_the_vendor_would_refuse_it() -> None:
    forced: dict[str, Any] = {"tools": (Tool("f"),), "tool_choice": ToolChoice("required")}
    body, notes = written(said("u"), reasoning=Reasoning(effort="high"), **forced)
    assert ("thinking" in body, notes) == (False, (Note.REASONING_BEFORE_FORCED_TOOL,))
    body, notes = written(
        said("u"),
        model="claude-sonnet-4-5",
        reasoning=Reasoning(effort="high"),
        sampling=Sampling(max_tokens=2_000),
    )
    assert ("thinking" in body, notes) == (False, (Note.REASONING_WITHOUT_ROOM,))


@pytest.mark.parametrize(
    "fields",
    [
        {"sampling": Sampling(n=2)},
        {"sampling": Sampling(seed=1)},
        {"sampling": Sampling(presence_penalty=0.5)},
        {"response_format": ResponseFormat("json_object")},
    ],
)
def test_what_capabilities_keep_away_is_a_bug_if_it_comes(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="this far"):
        written(said("u"), **fields)
    written(said("u"), sampling=Sampling(max_tokens=1, frequency_penalty=0.0))
