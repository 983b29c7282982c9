"""What a Chat Completions request to a vendor says of things that the dialect has no word for."""

from typing import Any

import msgspec
import pytest

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
    Sampling,
    SearchResult,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
)
from signalbox.testing import values
from signalbox.wires.openai_chat import ChatOptions, write_request


def written(request: Request, **options: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    out = write_request(request, model="m", stream=False, options=ChatOptions(**options))
    return msgspec.json.decode(out.body), out.notes


def of_user(*parts: Part) -> tuple[list[Any], tuple[str, ...]]:
    body, notes = written(values.request(messages=(Message("user", parts),)))
    return body["messages"], notes


def test_plain_text_needs_no_note() -> None:
    assert of_user(Text("a")) == ([{"role": "user", "content": "a"}], ())


@pytest.mark.parametrize(
    "part",
    [
        Text("a", "5m"),
        Image("image/png", "AAAA", cache="1h"),
        Document("application/pdf", "AAAA", "t", cache="5m"),
        ToolUse("c", "f", "{}", "5m"),
        ToolResult("c", (Text("a"),), cache="5m"),
        ToolResult("c", (Text("a", "5m"),)),
    ],
)
def test_cache_marks_are_left_out(part: Part) -> None:
    messages, notes = of_user(part, part)
    assert notes == (Note.CACHE_MARKS_LEFT_OUT,)
    assert "cache" not in str(messages)


def test_cache_marks_of_tools_and_of_the_whole_are_left_out() -> None:
    assert written(values.request(tools=(Tool("f", cache="5m"),)))[1] == (Note.CACHE_MARKS_LEFT_OUT,)
    assert written(values.request(cache="5m"))[1] == (Note.CACHE_MARKS_LEFT_OUT,)


def test_documents_are_files_or_text() -> None:
    content, notes = of_user(
        Document("application/pdf", "JVBERi0=", "", "from the archive"),
        Document("text/plain", "words", "title", "context"),
        SearchResult("intranet/7", "hit", ("one", "two")),
    )
    assert content[0]["content"] == [
        {"type": "text", "text": "from the archive"},
        {
            "type": "file",
            "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        },
        {"type": "text", "text": "title\ncontext\nwords"},
        {"type": "text", "text": "hit\nintranet/7\none\ntwo"},
    ]
    assert notes == (
        Note.DOCUMENT_CONTEXT_AS_TEXT,
        Note.DOCUMENT_AS_TEXT,
        Note.SEARCH_RESULTS_AS_TEXT,
    )


def test_thinking_and_citations_stay_behind() -> None:
    said = (
        Thinking("hm"),
        Thinking("hm", "s", "anthropic"),
        Text("a", citations=(Citation(kind="char", source=0),)),
        Refusal("no"),
    )
    body, notes = written(values.request(messages=(Message("assistant", said),)))
    assert body["messages"] == [{"role": "assistant", "content": "a", "refusal": "no"}]
    assert notes == (Note.THINKING_UNSEALED, Note.THINKING_LEFT_OUT, Note.CITATIONS_LEFT_OUT)


def test_what_tools_show_follows_their_results() -> None:
    picture = Image("image/png", "AAAA")
    results = (
        Message("tool", (ToolResult("a", (Text("x"), picture)), ToolResult("b", (picture,), failed=True))),
        Message("tool", (ToolResult("c", (Text("y"), Text("z")), failed=True),)),
        Message("user", (Text("go on"),)),
    )
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    body, notes = written(values.request(messages=results))
    assert body["messages"] == [
        {"role": "tool", "tool_call_id": "a", "content": "x"},
        {"role": "tool", "tool_call_id": "b", "content": "error: "},
        {
            "role": "tool",
            "tool_call_id": "c",
            "content": [{"type": "text", "text": word} for word in ("error: ", "y", "z")],
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "from the result of tool call `a`:"},
                shown,
                {"type": "text", "text": "from the result of tool call `b`:"},
                shown,
            ],
        },
        {"role": "user", "content": "go on"},
    ]
    assert notes == (Note.TOOL_MEDIA_MOVED, Note.FAILED_AS_TEXT)
    last, _ = written(values.request(messages=results[:1]))
    assert last["messages"][-1]["role"] == "user"


def test_a_failed_tool_says_so() -> None:
    messages, notes = of_user(ToolResult("c", (Text("no such file"),), failed=True))
    assert messages == [{"role": "tool", "tool_call_id": "c", "content": "error: no such file"}]
    assert notes == (Note.FAILED_AS_TEXT,)


@pytest.mark.parametrize(
    ("reasoning", "effort", "notes"),
    [
        (Reasoning(effort="minimal"), "minimal", ()),
        (Reasoning(effort="none"), "none", ()),
        (Reasoning(effort="high", thinking="off"), "none", ()),
        (Reasoning(budget_tokens=1_024), "low", (Note.BUDGET_AS_EFFORT,)),
        (Reasoning(budget_tokens=4_097), "medium", (Note.BUDGET_AS_EFFORT,)),
        (Reasoning(budget_tokens=32_000), "high", (Note.BUDGET_AS_EFFORT,)),
        (Reasoning(adaptive=True), "medium", (Note.ADAPTIVE_AS_EFFORT,)),
        (Reasoning(visible=True), None, ()),
    ],
)
def test_reasoning(reasoning: Reasoning, effort: str | None, notes: tuple[str, ...]) -> None:
    request = values.request(reasoning=reasoning)
    body, noted = written(request)
    assert (body.get("reasoning_effort"), noted) == (effort, notes)
    body, noted = written(request, reasoning=False)
    assert "reasoning_effort" not in body
    assert noted == ((Note.REASONING_LEFT_OUT,) if reasoning.wanted else ())


def test_options() -> None:
    request = values.request(
        messages=(Message("developer", (Text("a"),)), Message("user", (Text("b"),))),
        tools=(Tool("f", strict=True), Tool("g", strict=False)),
        sampling=Sampling(max_tokens=5, top_k=3),
    )
    body, notes = written(request)
    assert (body["max_tokens"], body["top_k"]) == (5, 3)
    assert body["messages"][0]["role"] == "developer"
    assert body["tools"][0]["function"]["strict"] is True
    assert notes == ()
    body, notes = written(
        request, max_tokens_field="max_completion_tokens", strict_tools=False, developer_role=False
    )
    assert body["max_completion_tokens"] == 5
    assert "max_tokens" not in body
    assert body["messages"][0] == {"role": "system", "content": "a"}
    assert "strict" not in str(body["tools"])
    assert notes == (Note.DEVELOPER_AS_SYSTEM, Note.STRICT_LEFT_OUT)
