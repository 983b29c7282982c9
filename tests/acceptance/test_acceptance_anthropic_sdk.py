"""Anthropic's own SDK as a client of ours: what it sends is understood, and it understands what we answer."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from pydantic import BaseModel

from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, Reply
from signalbox.domain.request import Citation, Document, Refusal, Text, Thinking, ToolResult, ToolUse
from signalbox.testing.counter import Counter

HELLO: Any = [{"role": "user", "content": "what is the weather?"}]
ASK: Any = {"model": "auto", "max_tokens": 100, "messages": HELLO}
SAMPLING = {"temperature": 0.5, "top_k": 3}  # the API has them, this version of the SDK does not spell them
WEATHER: Any = {
    "name": "weather",
    "description": "the weather somewhere",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}
USAGE = Usage(input=11, cached_input=5, cache_write=3, output=7)
THOUGHT = Thinking("Paris, then Rome.", signature="c2VhbA==", format="anthropic")


class Deck(BaseModel):
    title: str
    pages: int


def said(*parts: Any, finish: Any = "stop") -> Reply:
    return Reply(choices=(Choice(index=0, parts=parts, finish=finish),), usage=USAGE)


CALLS = said(
    THOUGHT,
    Text("I shall look."),
    ToolUse("toolu_1", "weather", '{"place": "Paris"}'),
    ToolUse("toolu_2", "weather", '{"place": "Rome"}'),
    finish="tool_calls",
)


@pytest.fixture
def client(counter: Counter) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=counter.url, api_key=counter.key, max_retries=0) as client:
        yield client


def test_a_reply_is_taken_whole_with_its_usage(counter: Counter, client: anthropic.Anthropic) -> None:
    counter.says(said(Text("Sunny."), finish="stop"))
    raw = client.messages.with_raw_response.create(**ASK, system="be brief", extra_body=SAMPLING)
    message = raw.parse()
    assert [message.role for message in counter.asked.messages] == ["system", "user"]
    assert (counter.asked.sampling.temperature, counter.asked.sampling.top_k) == (0.5, 3)
    assert [block.text for block in message.content if block.type == "text"] == ["Sunny."]
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == (
        "end_turn",
        11,
        7,
    )
    assert (message.usage.cache_read_input_tokens, message.usage.cache_creation_input_tokens) == (5, 3)
    assert message._request_id == raw.headers["request-id"] == raw.headers["x-signalbox-decision"]
    assert raw.headers["x-signalbox-stream-mode"] == "none"


def test_a_bearer_token_is_a_key_too(counter: Counter) -> None:
    counter.says(said(Text("Sunny.")))
    with anthropic.Anthropic(base_url=counter.url, auth_token=counter.key, max_retries=0) as client:
        assert client.messages.create(**ASK).content


@pytest.mark.parametrize(
    ("finish", "stop"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("refusal", "refusal"),
        ("stop_sequence", "stop_sequence"),
    ],
)
def test_stop_reasons(counter: Counter, client: anthropic.Anthropic, finish: Any, stop: str) -> None:
    counter.says(said(Text("Sun"), finish=finish), said(Text("Sun"), finish=finish))
    assert client.messages.create(**ASK).stop_reason == stop
    with client.messages.stream(**ASK) as stream:
        assert stream.get_final_message().stop_reason == stop


def test_streams_and_their_helpers(counter: Counter, client: anthropic.Anthropic) -> None:
    counter.says(*[said(THOUGHT, Text("It will be sunny in Paris."))] * 3)
    events = [event.type for event in client.messages.create(**ASK, stream=True)]
    assert (events[0], events[-1]) == ("message_start", "message_stop")
    with client.messages.stream(**ASK) as stream:
        assert "".join(stream.text_stream) == "It will be sunny in Paris."
        message = stream.get_final_message()
    assert message.usage.output_tokens == 7
    thought = message.content[0]
    assert thought.type == "thinking"
    assert (thought.thinking, thought.signature) == (THOUGHT.text, THOUGHT.signature)
    with client.messages.stream(**ASK) as again:
        kinds = {event.type for event in again}
    assert {"text", "thinking", "signature", "content_block_stop", "message_stop"} <= kinds
    assert again.get_final_text() == "It will be sunny in Paris."


@pytest.mark.parametrize("streamed", [False, True])
def test_tools_and_signed_thinking_travel_both_ways(
    counter: Counter, client: anthropic.Anthropic, streamed: bool
) -> None:
    counter.says(CALLS, said(Text("Warm in both.")))
    thinking: Any = {"type": "enabled", "budget_tokens": 1_024}
    ask: Any = {**ASK, "max_tokens": 4_000, "tools": [WEATHER], "thinking": thinking}
    if streamed:
        with client.messages.stream(**ask) as stream:
            first = stream.get_final_message()
    else:
        first = client.messages.create(**ask)
    assert counter.asked.reasoning is not None
    assert counter.asked.reasoning.budget_tokens == 1_024
    assert first.stop_reason == "tool_use"
    uses = [block for block in first.content if block.type == "tool_use"]
    assert [use.input for use in uses] == [{"place": "Paris"}, {"place": "Rome"}]
    results = [{"type": "tool_result", "tool_use_id": use.id, "content": "warm"} for use in uses]
    then: Any = [
        *HELLO,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": results},
    ]
    client.messages.create(**{**ask, "messages": then})
    parts = [part for message in counter.asked.messages for part in message.parts]
    assert THOUGHT in parts
    assert [part.id for part in parts if isinstance(part, ToolResult)] == ["toolu_1", "toolu_2"]


def test_the_tool_runner_runs_to_its_end(counter: Counter, client: anthropic.Anthropic) -> None:
    asked: list[str] = []

    @anthropic.beta_tool
    def weather(place: str) -> str:
        """The weather somewhere.

        Args:
            place: a town
        """
        asked.append(place)
        return "warm"

    counter.says(CALLS, said(Text("Warm in both.")))
    runner = client.beta.messages.tool_runner(
        model="auto", max_tokens=100, tools=[weather], messages=[{"role": "user", "content": "hi"}]
    )
    message = runner.until_done()
    assert asked == ["Paris", "Rome"]
    assert [block.text for block in message.content if block.type == "text"] == ["Warm in both."]


def test_structured_output_is_parsed(counter: Counter, client: anthropic.Anthropic) -> None:
    counter.says(said(Text('{"title":"signal","pages":3}')))
    parsed = client.messages.parse(**ASK, output_format=Deck)
    assert counter.asked.response_format is not None
    assert parsed.parsed_output == Deck(title="signal", pages=3)


def test_documents_and_citations(counter: Counter, client: anthropic.Anthropic) -> None:
    cited = Text("It is sunny.", citations=(Citation(kind="char", cited="sunny", source=0, start=3, end=8),))
    counter.says(said(cited), said(cited))
    document = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "is sunny"},
        "citations": {"enabled": True},
    }
    messages: Any = [{"role": "user", "content": [document, {"type": "text", "text": "how is it?"}]}]
    whole = client.messages.create(**{**ASK, "messages": messages})
    (sent,) = [part for part in counter.asked.messages[0].parts if isinstance(part, Document)]
    assert sent.cited
    with client.messages.stream(**{**ASK, "messages": messages}) as stream:
        gathered = stream.get_final_message()
    for message in (whole, gathered):
        block: Any = message.content[0]
        (citation,) = block.citations
        assert (citation.cited_text, citation.start_char_index, citation.end_char_index) == ("sunny", 3, 8)


def test_tokens_are_counted_here_and_nothing_is_asked(counter: Counter, client: anthropic.Anthropic) -> None:
    raw = client.messages.with_raw_response.count_tokens(model="auto", messages=HELLO, tools=[WEATHER])
    assert raw.parse().input_tokens > 4
    assert raw.headers["x-signalbox-estimated"] == "true"
    more: Any = [{"role": "user", "content": "what is the weather? " * 50}]
    assert client.messages.count_tokens(model="auto", messages=more).input_tokens > 200
    assert not counter.player.asked


def test_models_come_in_pages(client: anthropic.Anthropic) -> None:
    names = [model.id for model in client.models.list()]
    assert {"auto", "acme-small", "one"} <= set(names)
    assert [model.id for model in client.models.list(limit=2)] == names
    page = client.models.list(limit=2, before_id=names[-1])
    assert [model.id for model in page.data] == names[-3:-1]
    assert client.models.retrieve("one").id == "one"
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("no-such-model")
    with pytest.raises(anthropic.BadRequestError):
        client.models.list(after_id="no-such-model")


async def test_the_asynchronous_client_gets_the_same(counter: Counter) -> None:
    counter.says(said(Text("Sunny all day.")), said(Text("Sunny all day.")))
    async with anthropic.AsyncAnthropic(base_url=counter.url, api_key=counter.key) as client:
        whole = await client.messages.create(**ASK)
        async with client.messages.stream(**ASK) as stream:
            text = "".join([piece async for piece in stream.text_stream])
        counted = await client.messages.count_tokens(model="auto", messages=HELLO)
    (block,) = whole.content
    assert block.type == "text"
    assert block.text == text == "Sunny all day."
    assert counted.input_tokens


def failing(kind: FailureKind, **more: Any) -> ProviderFailure:
    return ProviderFailure(kind, "as told", **more)


@pytest.mark.parametrize(
    ("failure", "error", "kind", "code"),
    [
        (FailureKind.CALLER_FAULT, anthropic.BadRequestError, "invalid_request_error", "upstream_refused"),
        (FailureKind.CONTENT_FILTER, anthropic.BadRequestError, "invalid_request_error", "content_filter"),
        (FailureKind.TLS, anthropic.InternalServerError, "api_error", "upstream_failed"),
        (FailureKind.QUOTA, anthropic.ServiceUnavailableError, "api_error", "upstream_quota"),
        (FailureKind.IDLE, anthropic.GatewayTimeoutError, "timeout_error", "upstream_timeout"),
    ],
)
def test_an_exhausted_plan_is_not_asked_again_by_the_sdk(
    counter: Counter, client: anthropic.Anthropic, failure: FailureKind, error: Any, kind: str, code: str
) -> None:
    counter.says(failing(failure))
    with pytest.raises(error) as raised:
        client.with_options(max_retries=3).messages.create(**ASK)
    body = raised.value.body
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert body["error"]["signalbox"]["code"] == code
    assert raised.value.request_id == body["request_id"] == body["error"]["signalbox"]["decision"]
    assert raised.value.response.headers["x-should-retry"] == "false"
    assert len(counter.player.asked) == 1


def test_a_wait_that_the_vendor_named_is_waited_by_the_sdk(
    counter: Counter, client: anthropic.Anthropic
) -> None:
    counter.says(*[failing(FailureKind.RATE_LIMITED, retry_after_ms=20)] * 4, said(Text("Sunny.")))
    assert client.with_options(max_retries=4).messages.create(**ASK).content


def test_a_stream_that_breaks_raises_in_the_sdk(counter: Counter, client: anthropic.Anthropic) -> None:
    counter.says((said(Text("It will be sunny, I think")), failing(FailureKind.OVERLOADED)))
    with pytest.raises(anthropic.APIStatusError) as raised, client.messages.stream(**ASK) as stream:
        stream.until_done()
    body: Any = raised.value.body
    assert (body["error"]["type"], body["error"]["signalbox"]["code"]) == (
        "overloaded_error",
        "upstream_overloaded",
    )


@pytest.mark.parametrize(
    "feature",
    [
        "mcp-client-2025-11-20",
        "code-execution-2025-05-22",
        "server-side-fallback-2026-07-01",
        "skills-2025-10-02",
    ],
)
def test_betas_that_ask_for_egress_or_another_model_are_refused(
    counter: Counter, client: anthropic.Anthropic, feature: str
) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.beta.messages.create(**ASK, betas=["pdfs-2024-09-25", feature])
    body: Any = refused.value.body
    assert (body["error"]["signalbox"]["code"], body["error"]["signalbox"]["param"]) == (
        "unsupported",
        "anthropic-beta",
    )
    assert not counter.player.asked


def test_other_betas_are_left_out_with_a_note(counter: Counter, client: anthropic.Anthropic) -> None:
    counter.says(said(Text("ok")), said(Text("ok")))
    raw = client.beta.messages.with_raw_response.create(**ASK, betas=["context-1m-2025-08-07"])
    assert raw.headers["x-signalbox-notes"] == "beta features of the dialect left out"
    plain = client.beta.messages.with_raw_response.create(**ASK, betas=["prompt-caching-2024-07-31"])
    assert "x-signalbox-notes" not in plain.headers


def test_other_versions_of_the_dialect_are_refused(client: anthropic.Anthropic) -> None:
    old = client.with_options(default_headers={"anthropic-version": "2023-01-01"})
    with pytest.raises(anthropic.BadRequestError):
        old.messages.create(**ASK)
    with pytest.raises(anthropic.BadRequestError):
        old.models.list()


def test_errors_of_ours_are_in_its_words(counter: Counter, client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as unknown:
        client.messages.create(**{**ASK, "model": "no-such-model"})
    assert unknown.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(api_key="sb-wrong").messages.create(**ASK)
    with pytest.raises(anthropic.ContentTooLargeError):
        client.messages.create(**{**ASK, "messages": [{"role": "user", "content": "x" * (9 << 20)}]})
    with pytest.raises(anthropic.NotFoundError) as nowhere:
        client.messages.batches.list()
    assert nowhere.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]


def test_a_refusal_has_its_place(counter: Counter, client: anthropic.Anthropic) -> None:
    counter.says(said(Refusal("I would rather not."), finish="refusal"))
    message = client.messages.create(**ASK)
    assert message.stop_reason == "refusal"
    assert message.stop_details is not None
    assert message.stop_details.explanation == "I would rather not."
