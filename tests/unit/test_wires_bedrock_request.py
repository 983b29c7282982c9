"""What a Converse request says of a domain request, and what it notes where it cannot say it."""

import json
from typing import Any

import msgspec
import pytest

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.notes import Note
from signalbox.domain.request import (
    Citation,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
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
from signalbox.domain.traits import Capability
from signalbox.testing import values
from signalbox.wires.bedrock import ConverseOptions, Unsayable, converse_options, read_request, write_request
from signalbox.wires.bedrock_model import NEWEST, claude_version

MODEL = "eu.anthropic.claude-sonnet-4-20250514-v1:0"
EVERYTHING = sum(bit for name, bit in vars(Capability).items() if name.isupper())
SONNET_4 = converse_options(MODEL, capabilities=EVERYTHING, output_limit=8_192)
OPUS_4_8 = converse_options("anthropic.claude-opus-4-8-v1", capabilities=EVERYTHING, output_limit=8_192)
LLAMA = converse_options("meta.llama4-scout-17b-instruct-v1:0", capabilities=0, output_limit=8_192)
NOVA = converse_options("us.amazon.nova-pro-v1:0", capabilities=EVERYTHING, output_limit=8_192)
LOOK = Tool("look", "Looks.", {"type": "object"})
USE, RESULT = ToolUse("c1", "look", "{}"), ToolResult("c1", (Text("18"),))
CALLED = (
    Message("user", (Text("hi"),)),
    Message("assistant", (USE,)),
    Message("tool", (RESULT,)),
)


def written(request: Request, options: ConverseOptions = SONNET_4) -> tuple[dict[str, Any], set[str]]:
    done = write_request(request, options=options, request_id="ab" * 16)
    assert len(set(done.notes)) == len(done.notes)
    return json.loads(done.body), set(done.notes)


def said(*parts: Part, role: Any = "user", options: ConverseOptions = SONNET_4) -> tuple[Any, set[str]]:
    body, notes = written(Request(target="auto", messages=(Message(role, parts),)), options)
    return body["messages"][0]["content"], notes


def test_an_attempt_can_be_found_in_the_vendors_log() -> None:
    assert written(values.request())[0]["requestMetadata"] == {"signalbox-attempt": "ab" * 16}


# -- turns


def test_results_of_parallel_calls_and_what_follows_share_a_turn() -> None:
    second = ToolUse("c2", "look", "{}"), ToolResult("c2", (Text("19"),), failed=True)
    body, notes = written(
        Request(
            target="auto",
            messages=(
                Message("user", (Text("hi"),)),
                Message("assistant", (USE, second[0])),
                Message("tool", (RESULT,)),
                Message("tool", (second[1],)),
                Message("user", (Text("and?"),)),
            ),
            tools=(LOOK,),
        )
    )
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    first, other, text = body["messages"][2]["content"]
    assert first == {"toolResult": {"toolUseId": "c1", "content": [{"text": "18"}]}}
    assert other["toolResult"]["status"] == "error"
    assert text == {"text": "and?"}
    assert notes == set()


@pytest.mark.parametrize(
    ("messages", "roles", "note"),
    [
        ([("user", "a"), ("user", "b")], ["user"], Note.TURNS_MERGED),
        ([("system", "s"), ("user", "a")], ["user"], None),
        ([("developer", "s"), ("user", "a")], ["user"], Note.DEVELOPER_AS_SYSTEM),
        ([("user", "a"), ("system", "s")], ["user"], Note.SYSTEM_MERGED),
        ([("system", "s")], ["user"], Note.SYSTEM_AS_USER),
        ([("user", "a"), ("assistant", " "), ("user", "b")], ["user"], Note.BLANK_TEXT_LEFT_OUT),
        ([("user", "a"), ("assistant", ""), ("user", "b")], ["user"], Note.TURNS_MERGED),
    ],
)
def test_roles_alternate(messages: Any, roles: list[str], note: Note | None) -> None:
    request = Request(target="auto", messages=tuple(Message(r, (Text(text),)) for r, text in messages))
    body, notes = written(request)
    assert [turn["role"] for turn in body["messages"]] == roles
    assert (note in notes) if note else not notes
    assert "s" not in body["messages"][0]["content"][0]["text"] or note is Note.SYSTEM_AS_USER


# -- blocks


def test_plain_text_documents_are_text_where_places_in_them_are_told() -> None:
    cited = Document("text/plain", "héllo", title="A", cited=True, context="c")
    content, notes = said(cited, Document("text/plain", "héllo", title="B"), Text("?"))
    assert content[0]["document"]["source"] == {"text": "héllo"}
    assert content[0]["document"]["citations"] == {"enabled": True}
    assert content[0]["document"]["context"] == "c"
    assert content[1]["document"]["source"] == {"bytes": "aMOpbGxv"}
    assert notes == set()


def test_names_of_documents_keep_to_their_alphabet() -> None:
    titles = ["Q3 — report (final).pdf", "", "Q3 report (final) pdf", "../../etc", "x" * 300]
    documents = [Document("application/pdf", "eA==", title=title) for title in titles]
    content, notes = said(*documents, Text("?"))
    names = [block["document"]["name"] for block in content[:-1]]
    assert names == ["Q3 report (final) pdf", "Document 2", "Q3 report (final) pdf 3", "etc", "x" * 200]
    assert notes == {Note.DOCUMENT_NAME_REWRITTEN}


def test_a_document_has_text_beside_it() -> None:
    content, notes = said(Document("application/pdf", "eA==", title="A"))
    assert content[-1] == {"text": "See the document."}
    assert notes == {Note.TEXT_ADDED}


@pytest.mark.parametrize(
    "part", [Document("application/zip", "eA=="), Image("image/tiff", "eA=="), Document("", "eA==")]
)
def test_types_without_a_name_are_not_sent(part: Part) -> None:
    with pytest.raises(Unsayable, match="of this type"):
        said(part)


@pytest.mark.parametrize(
    ("arguments", "written_input", "note"),
    [
        ('{"a": 1.0, "b": 12345678901234567890}', '{"a": 1.0, "b": 12345678901234567890}', None),
        ("", "{}", None),
        ('{"a": ', '{"INVALID_JSON":"{\\"a\\": "}', Note.ARGUMENTS_WRAPPED),
        ("[1]", '{"INVALID_JSON":"[1]"}', Note.ARGUMENTS_WRAPPED),
    ],
)
def test_arguments(arguments: str, written_input: str, note: Note | None) -> None:
    request = Request(
        target="auto", messages=(Message("assistant", (ToolUse("c1", "look", arguments),)),), tools=(LOOK,)
    )
    done = write_request(request, options=SONNET_4, request_id="ab")
    assert f'"input":{written_input}'.encode() in done.body
    assert done.notes == ((note,) if note else ())


def test_an_id_that_does_not_fit_is_rewritten_alike_on_both_sides() -> None:
    long = "call/" + "x" * 100
    body, notes = written(
        Request(
            target="auto",
            messages=(
                Message("assistant", (ToolUse(long, "look", "{}"),)),
                Message("tool", (ToolResult(long, (Text("1"),)),)),
            ),
            tools=(LOOK,),
        )
    )
    called = body["messages"][0]["content"][0]["toolUse"]["toolUseId"]
    assert called == body["messages"][1]["content"][0]["toolResult"]["toolUseId"]
    assert len(called) == 64
    assert notes == {Note.TOOL_ID_REWRITTEN}


def test_ids_that_look_alike_stay_apart() -> None:
    content, _ = said(*[ToolUse(id, "look", "{}") for id in ("a/b", "a\\b", "a_b")], role="assistant")
    assert len({block["toolUse"]["toolUseId"] for block in content}) == 3


@pytest.mark.parametrize(
    ("thought", "options", "block", "note"),
    [
        (
            Thinking("hm", "sig", "anthropic"),
            SONNET_4,
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
            None,
        ),
        (
            Thinking("", "c2ln", "anthropic", redacted=True),
            SONNET_4,
            {"reasoningContent": {"redactedContent": "c2ln"}},
            None,
        ),
        (Thinking("hm", "sig", "openai"), SONNET_4, None, Note.THINKING_LEFT_OUT),
        (Thinking("hm", "sig", "anthropic"), NOVA, None, Note.THINKING_LEFT_OUT),
        (Thinking("hm"), SONNET_4, None, Note.THINKING_UNSEALED),
    ],
)
def test_thinking_goes_back_to_whom_it_came_from(
    thought: Thinking, options: ConverseOptions, block: Any, note: Note | None
) -> None:
    content, notes = said(thought, Text("so"), role="assistant", options=options)
    assert content == ([block] if block else []) + [{"text": "so"}]
    assert notes == ({note} if note else set())


def test_what_other_models_cannot_read_is_said_in_text() -> None:
    found = SearchResult("https://x", "Title", ("one", "two"), cache="5m")
    content, notes = said(found, options=LLAMA)
    assert content == [{"text": "Title\nhttps://x\none\ntwo"}]
    assert notes == {Note.SEARCH_RESULTS_AS_TEXT, Note.CACHE_MARKS_LEFT_OUT}
    cited = Text("so", citations=(Citation(kind="char", source=0, start=1, end=2),))
    content, notes = said(cited, Refusal("no"), role="assistant", options=LLAMA)
    assert content == [{"text": "so"}, {"text": "no"}]
    assert notes == {Note.CITATIONS_LEFT_OUT, Note.REFUSAL_AS_TEXT}


def test_cache_marks_become_points_after_what_they_mark() -> None:
    request = Request(
        target="auto",
        messages=(Message("system", (Text("s", "1h"),)), Message("user", (Text("a", "5m"), Text("b")))),
        tools=(Tool("look", "", {"type": "object"}, None, "1h"),),
        cache="1h",
    )
    hour, minutes = {"cachePoint": {"type": "default", "ttl": "1h"}}, {"cachePoint": {"type": "default"}}
    body, notes = written(request)
    assert body["system"][1] == hour
    assert body["toolConfig"]["tools"][1] == hour
    assert body["messages"][0]["content"] == [{"text": "a"}, minutes, {"text": "b"}, hour]
    assert notes == set()
    body, notes = written(request, LLAMA)
    assert "cachePoint" not in str(body)
    assert notes == {Note.CACHE_MARKS_LEFT_OUT}


# -- tools


@pytest.mark.parametrize(
    ("mode", "chosen"),
    [("auto", {"auto": {}}), ("required", {"any": {}}), ("function", {"tool": {"name": "look"}})],
)
def test_choices(mode: Any, chosen: Any) -> None:
    body, notes = written(values.request(tools=(LOOK,), tool_choice=ToolChoice(mode, "look")))
    assert body["toolConfig"]["toolChoice"] == chosen
    assert "additionalModelRequestFields" not in body
    assert notes == set()


def test_none_leaves_the_tools_out_unless_the_conversation_has_used_them() -> None:
    none = ToolChoice("none")
    body, notes = written(values.request(tools=(LOOK,), tool_choice=none))
    assert "toolConfig" not in body
    assert notes == set()
    used = values.request(messages=CALLED, tools=(LOOK,), tool_choice=none)
    body, notes = written(used)
    assert "toolChoice" not in body["toolConfig"]
    assert body["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
    assert notes == set()
    body, notes = written(used, LLAMA)
    assert "additionalModelRequestFields" not in body
    assert notes == {Note.NO_TOOL_CHOICE}


def test_tools_of_earlier_turns_are_declared_again() -> None:
    body, notes = written(values.request(messages=CALLED))
    spec = {"name": "look", "inputSchema": {"json": {"type": "object"}}}
    assert body["toolConfig"] == {"tools": [{"toolSpec": spec}]}
    assert body["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
    assert notes == {Note.TOOLS_REDECLARED}


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (None, {"type": "auto"}),
        (ToolChoice("auto"), {"type": "auto"}),
        (ToolChoice("required"), {"type": "any"}),
        (ToolChoice("function", "look"), {"type": "tool", "name": "look"}),
    ],
)
def test_one_call_at_a_time_is_said_in_claudes_own_words(choice: ToolChoice | None, words: Any) -> None:
    request = values.request(tools=(LOOK,), tool_choice=choice, parallel_tool_calls=False)
    body, notes = written(request, OPUS_4_8)
    assert body["additionalModelRequestFields"]["tool_choice"] == {**words, "disable_parallel_tool_use": True}
    assert "toolChoice" not in body["toolConfig"], "both at once is refused"
    assert notes == set()
    for model in (SONNET_4, LLAMA):
        body, notes = written(request, model)
        assert "additionalModelRequestFields" not in body
        assert ("toolChoice" in body["toolConfig"]) is (choice is not None)
        assert notes == {Note.PARALLEL_CALLS_ALLOWED}


def test_strict_tools_and_schemas() -> None:
    strict = Tool("look", "", {"type": "object"}, strict=True)
    answer = ResponseFormat("json_schema", "answer", {"type": "object"}, True, "An answer.")
    body, notes = written(values.request(tools=(strict,), response_format=answer))
    assert body["toolConfig"]["tools"][0]["toolSpec"]["strict"] is True
    schema = {"schema": '{"type":"object"}', "name": "answer", "description": "An answer."}
    assert body["outputConfig"] == {
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}
    }
    assert notes == set()
    body, notes = written(values.request(tools=(strict,)), LLAMA)
    assert "strict" not in body["toolConfig"]["tools"][0]["toolSpec"]
    assert notes == {Note.STRICT_LEFT_OUT}


# -- the rest


@pytest.mark.parametrize(
    ("reasoning", "options", "thinking", "effort", "notes"),
    [
        (Reasoning(budget_tokens=2_000), SONNET_4, {"type": "enabled", "budget_tokens": 2_000}, None, set()),
        (
            Reasoning(effort="high"),
            SONNET_4,
            {"type": "enabled", "budget_tokens": 2_048},
            None,
            {Note.EFFORT_AS_BUDGET},
        ),
        (Reasoning(effort="high"), OPUS_4_8, {"type": "adaptive"}, "high", set()),
        (Reasoning(budget_tokens=2_000), OPUS_4_8, {"type": "adaptive"}, "low", {Note.BUDGET_AS_EFFORT}),
        (
            Reasoning(adaptive=True, visible=False),
            OPUS_4_8,
            {"type": "adaptive", "display": "omitted"},
            None,
            set(),
        ),
        (Reasoning(effort="none"), SONNET_4, {"type": "disabled"}, None, set()),
        (Reasoning(effort="low", thinking="unsaid"), OPUS_4_8, None, "low", set()),
        (Reasoning(effort="minimal"), NOVA, None, "low", {Note.EFFORT_ROUNDED}),
        (Reasoning(effort="none"), NOVA, None, None, {Note.REASONING_LEFT_OUT}),
        (Reasoning(adaptive=True), NOVA, None, "medium", {Note.ADAPTIVE_AS_EFFORT}),
        (Reasoning(budget_tokens=60_000), NOVA, None, "high", {Note.BUDGET_AS_EFFORT}),
    ],
)
def test_reasoning(
    reasoning: Reasoning, options: ConverseOptions, thinking: Any, effort: str | None, notes: set[str]
) -> None:
    request = values.request(reasoning=reasoning, sampling=Sampling(max_tokens=4_096))
    body, noted = written(request, options)
    assert body.get("additionalModelRequestFields", {}).get("thinking") == thinking
    assert body.get("outputConfig", {}).get("effort") == effort
    assert body["inferenceConfig"] == {"maxTokens": 4_096}
    assert noted == notes


def test_a_budget_needs_a_limit_on_all_of_the_output() -> None:
    body, notes = written(values.request(reasoning=Reasoning(budget_tokens=2_000)))
    assert body["inferenceConfig"] == {"maxTokens": 8_192}
    assert notes == {Note.MAX_TOKENS_SET}


@pytest.mark.parametrize(
    ("options", "fields"),
    [(SONNET_4, {"top_k": 5}), (NOVA, {"inferenceConfig": {"topK": 5}}), (LLAMA, {"top_k": 5})],
)
def test_top_k(options: ConverseOptions, fields: Any) -> None:
    request = values.request(sampling=Sampling(top_k=5))
    assert written(request, options)[0]["additionalModelRequestFields"] == fields
    read = read_request(write_request(request, options=options, request_id="a").body, MODEL)
    assert read.sampling.top_k == 5


def test_sampling() -> None:
    body, notes = written(values.request(sampling=Sampling(temperature=1.5, top_p=0.5, stop=("a",))))
    assert body["inferenceConfig"] == {"temperature": 1, "topP": 0.5, "stopSequences": ["a"]}
    assert body["additionalModelResponseFieldPaths"] == ["/stop_sequence"]
    assert notes == {Note.TEMPERATURE_CAPPED}


@pytest.mark.parametrize(
    "changes",
    [
        {"sampling": Sampling(n=2)},
        {"sampling": Sampling(seed=1)},
        {"sampling": Sampling(presence_penalty=0.5)},
        {"response_format": ResponseFormat("json_object")},
        {"messages": (Message("system", (Image("image/png", "eA=="),)), Message("user", (Text("a"),)))},
    ],
)
def test_what_has_no_words_is_not_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(Unsayable):
        written(values.request(**changes))


@pytest.mark.parametrize(
    ("name", "version"),
    [
        (MODEL, (4, 0)),
        ("anthropic.claude-opus-4-1-20250805-v1:0", (4, 1)),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", (3, 7)),
        ("anthropic.claude-3-haiku-20240307-v1:0", (3, 0)),
        ("global.anthropic.claude-opus-4-6-v1", (4, 6)),
        ("claude-sonnet-4.5", (4, 5)),
        ("anthropic.claude-opus-5", (5, 0)),
        ("claude-next", NEWEST),
    ],
)
def test_versions_of_claude(name: str, version: tuple[int, int]) -> None:
    assert claude_version(name) == version


def test_an_arn_is_known_by_the_registrys_name_of_its_model() -> None:
    arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2"
    options = converse_options(arn, "claude-sonnet-4-5", capabilities=0, output_limit=1)
    assert (options.family, options.claude, options.prompt_cache) == ("claude", (4, 5), False)
    assert converse_options(arn, "gpt-oss", capabilities=0, output_limit=1).family == "other"


# -- the vendor's side


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": []}, "length >= 1"),
        ({"messages": [{"role": "assistant", "content": [{"text": "a"}]}]}, "alternate"),
        ({"messages": [{"role": "user", "content": [{"text": " "}]}]}, "blank"),
        (
            {"messages": [{"role": "user", "content": [{"text": "a", "image": None}]}], "x": 1},
            "unknown field `x`",
        ),
        ({"messages": [{"role": "user", "content": [{}]}]}, "one member of the union, found 0"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": []}}]},
                ]
            },
            "toolConfig",
        ),
        (
            {
                "messages": [{"role": "user", "content": [{"text": "a"}]}],
                "toolConfig": {
                    "tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": {}}}}],
                    "toolChoice": {"auto": {}},
                },
                "additionalModelRequestFields": {"tool_choice": {"type": "auto"}},
            },
            "given twice",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"document": {"name": "a.b", "source": {"text": "x"}, "format": "txt"}}],
                    }
                ]
            },
            "regex",
        ),
    ],
)
def test_the_emulated_vendor_refuses_what_the_vendor_would(body: Any, words: str) -> None:
    with pytest.raises(MalformedRequest, match=words):
        read_request(msgspec.json.encode(body), MODEL)
