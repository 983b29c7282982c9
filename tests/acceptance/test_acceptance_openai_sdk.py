"""OpenAI's own SDK as a client of ours: what it sends is understood, and it understands what we answer."""

import base64
import struct
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, Reply
from signalbox.domain.request import Text, Thinking, ToolResult, ToolUse
from signalbox.testing.counter import Counter

HELLO: Any = [{"role": "user", "content": "what is the weather?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string"}},
            "required": ["place"],
            "additionalProperties": False,
        },
    },
}
USAGE = Usage(input=11, cached_input=5, output=7, reasoning=2)
VECTORS = (struct.pack("<3f", 0.5, -1.0, 2.0), struct.pack("<3f", 1.0, 0.0, 0.25))


class Deck(BaseModel):
    title: str
    pages: int


def said(*parts: Any, finish: Any = "stop") -> Reply:
    return Reply(choices=(Choice(index=0, parts=parts, finish=finish),), usage=USAGE)


CALLS = said(
    Text("I shall look."),
    ToolUse("call_1", "weather", '{"place": "Paris"}'),
    ToolUse("call_2", "weather", '{"place": "Rome"}'),
    finish="tool_calls",
)


@pytest.fixture
def client(counter: Counter) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{counter.url}/v1", api_key=counter.key, max_retries=0) as client:
        yield client


def test_a_reply_is_taken_whole_with_its_usage(counter: Counter, client: openai.OpenAI) -> None:
    counter.says(said(Thinking("hm"), Text("Sunny.")))
    raw = client.chat.completions.with_raw_response.create(model="auto", messages=HELLO)
    reply = raw.parse()
    assert reply.choices[0].message.content == "Sunny."
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (16, 7)
    assert reply.usage.prompt_tokens_details is not None
    assert reply.usage.prompt_tokens_details.cached_tokens == 5
    assert reply._request_id == raw.headers["x-signalbox-decision"]


def test_notes_of_what_was_left_out_are_told(counter: Counter, client: openai.OpenAI) -> None:
    counter.player.notes = ("image detail left out", "names of messages left out")
    counter.says(said(Text("ok")), said(Text("ok")))
    for stream in (False, True):
        raw = client.chat.completions.with_raw_response.create(model="auto", messages=HELLO, stream=stream)
        assert raw.headers["x-signalbox-notes"] == "image detail left out; names of messages left out"
        raw.http_response.read()


def test_tools_travel_both_ways(counter: Counter, client: openai.OpenAI) -> None:
    counter.says(CALLS, said(Text("Warm in both.")))
    reply = client.chat.completions.create(
        model="auto", messages=HELLO, tools=[WEATHER], tool_choice="required", parallel_tool_calls=True
    )
    assert counter.asked.tool_choice is not None
    assert (counter.asked.tool_choice.mode, counter.asked.parallel_tool_calls) == ("required", True)
    calls: Any = reply.choices[0].message.tool_calls
    assert [call.function.arguments for call in calls] == ['{"place": "Paris"}', '{"place": "Rome"}']
    then: Any = [
        *HELLO,
        reply.choices[0].message,
        *[{"role": "tool", "tool_call_id": call.id, "content": "warm"} for call in calls],
    ]
    client.chat.completions.create(model="auto", messages=then, tools=[WEATHER])
    results = [part for message in counter.asked.messages for part in message.parts]
    assert [part.id for part in results if isinstance(part, ToolResult)] == ["call_1", "call_2"]
    assert [part.id for part in results if isinstance(part, ToolUse)] == ["call_1", "call_2"]


def test_the_stream_helper_gathers_text_and_calls(counter: Counter, client: openai.OpenAI) -> None:
    counter.says(CALLS)
    with client.chat.completions.stream(model="auto", messages=HELLO, tools=[WEATHER]) as stream:
        kinds = {event.type for event in stream}
        whole = stream.get_final_completion().choices[0]
    assert {
        "content.delta",
        "tool_calls.function.arguments.delta",
        "tool_calls.function.arguments.done",
    } <= kinds
    assert whole.finish_reason == "tool_calls"
    calls = whole.message.tool_calls or []
    assert [call.function.parsed_arguments for call in calls] == [{"place": "Paris"}, {"place": "Rome"}]


def test_structured_output_is_parsed(counter: Counter, client: openai.OpenAI) -> None:
    counter.says(said(Text('{"title":"signal","pages":3}')), said(Text('{"title":"signal","pages":3}')))
    parsed = client.chat.completions.parse(model="auto", messages=HELLO, response_format=Deck)
    assert counter.asked.response_format is not None
    assert counter.asked.response_format.strict is True
    assert parsed.choices[0].message.parsed == Deck(title="signal", pages=3)
    with client.chat.completions.stream(model="auto", messages=HELLO, response_format=Deck) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == Deck(title="signal", pages=3)


async def test_the_asynchronous_client_gets_the_same(counter: Counter) -> None:
    counter.says(said(Text("Sunny all day.")), said(Text("Sunny all day.")), said(Text("Sunny all day.")))
    async with openai.AsyncOpenAI(base_url=f"{counter.url}/v1", api_key=counter.key) as client:
        whole = await client.chat.completions.create(model="auto", messages=HELLO)
        stream = await client.chat.completions.create(model="auto", messages=HELLO, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        async with client.chat.completions.stream(model="auto", messages=HELLO) as helper:
            final = await helper.get_final_completion()
    assert whole.choices[0].message.content == text == final.choices[0].message.content == "Sunny all day."


@pytest.mark.parametrize("format", ["float", "base64", None])
def test_embeddings(counter: Counter, client: openai.OpenAI, format: Any) -> None:
    counter.says(Reply(choices=(), usage=Usage(input=4), vectors=VECTORS))
    more = {} if format is None else {"encoding_format": format}
    reply = client.embeddings.create(model="auto", input=["one", "two"], dimensions=3, **more)
    assert counter.asked.embedding is not None
    assert counter.asked.embedding.dimensions == 3
    given = [item.embedding for item in reply.data]
    if format == "base64":
        given = [list(struct.unpack("<3f", base64.b64decode(str(one)))) for one in given]
    assert given == [[0.5, -1.0, 2.0], [1.0, 0.0, 0.25]]
    assert reply.usage.prompt_tokens == 4


def test_models(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert {"auto", "acme-small", "one"} <= set(names)
    assert client.models.retrieve("acme-small").id == "acme-small"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


AZURE: list[Callable[[Counter], openai.OpenAI]] = [
    lambda counter: openai.AzureOpenAI(
        azure_endpoint=counter.url, api_key=counter.key, api_version="2024-10-21", max_retries=0
    ),
    lambda counter: openai.AzureOpenAI(
        azure_endpoint=counter.url,
        azure_deployment="one",
        azure_ad_token=counter.key,
        api_version="2024-10-21",
        max_retries=0,
    ),
    lambda counter: openai.OpenAI(base_url=f"{counter.url}/openai/v1/", api_key=counter.key, max_retries=0),
]


@pytest.mark.parametrize("connect", AZURE, ids=["api-key", "deployment-and-token", "v1"])
def test_azure_s_clients_name_a_deployment(
    counter: Counter, connect: Callable[[Counter], openai.OpenAI]
) -> None:
    counter.says(said(Text("Sunny.")), said(Text("Sunny.")))
    counter.says(Reply(choices=(), usage=Usage(input=4), vectors=VECTORS[:1]))
    with connect(counter) as azure:
        reply = azure.chat.completions.create(model="one", messages=HELLO)
        streamed = list(azure.chat.completions.create(model="one", messages=HELLO, stream=True))
        azure.embeddings.create(model="one", input="text")
    assert reply.choices[0].message.content == "Sunny."
    assert streamed[-1].choices[0].finish_reason == "stop"
    assert [request.target for request in counter.player.asked] == ["one"] * 3


def test_a_deployment_in_the_path_counts_whatever_the_body_names(counter: Counter) -> None:
    counter.says(said(Text("Sunny.")))
    with openai.AzureOpenAI(
        azure_endpoint=counter.url,
        azure_deployment="one",
        api_key=counter.key,
        api_version="x",
        max_retries=0,
    ) as azure:
        azure.chat.completions.create(model="gpt-9", messages=HELLO)
        with pytest.raises(openai.NotFoundError):
            azure.with_options(base_url=f"{counter.url}/openai/deployments/none").chat.completions.create(
                model="one", messages=HELLO
            )
        with pytest.raises(openai.NotFoundError):
            azure.images.generate(prompt="a signal box")
    assert counter.asked.target == "one"


def failing(kind: FailureKind, **more: Any) -> ProviderFailure:
    return ProviderFailure(kind, "as told", **more)


@pytest.mark.parametrize(
    ("failure", "error", "code"),
    [
        (failing(FailureKind.CALLER_FAULT), openai.BadRequestError, "upstream_refused"),
        (failing(FailureKind.TLS), openai.InternalServerError, "upstream_failed"),
        (failing(FailureKind.QUOTA), openai.InternalServerError, "upstream_quota"),
    ],
)  # fmt: skip
def test_an_exhausted_plan_is_not_asked_again_by_the_sdk(
    counter: Counter, client: openai.OpenAI, failure: ProviderFailure, error: Any, code: str
) -> None:
    """It asks once, though it may retry: we have retried, and say so."""
    counter.says(failure)
    with pytest.raises(error) as raised:
        client.with_options(max_retries=3).chat.completions.create(model="auto", messages=HELLO)
    assert raised.value.code == code
    assert raised.value.response.headers["x-should-retry"] == "false"
    assert raised.value.request_id == raised.value.body["signalbox"]["decision"]
    assert len(counter.player.asked) == 1


def test_a_wait_that_the_vendor_named_is_waited_by_the_sdk(counter: Counter, client: openai.OpenAI) -> None:
    limited = failing(FailureKind.RATE_LIMITED, retry_after_ms=20)
    counter.says(*[limited] * 4, said(Text("Sunny.")))
    patient = client.with_options(max_retries=4)
    assert (
        patient.chat.completions.create(model="auto", messages=HELLO).choices[0].message.content == "Sunny."
    )


def test_a_stream_that_breaks_raises_in_the_sdk(counter: Counter, client: openai.OpenAI) -> None:
    counter.says((said(Text("It will be sunny, I think")), failing(FailureKind.RESET)))
    with pytest.raises(openai.APIError) as raised:
        for _ in client.chat.completions.create(model="auto", messages=HELLO, stream=True):
            pass
    assert raised.value.code == "upstream_failed"


RESPONSES_WEATHER: Any = {"type": "function", **WEATHER["function"]}


def test_a_response_is_taken_whole(counter: Counter, client: openai.OpenAI) -> None:
    counter.says(said(Text("Sunny.")))
    raw = client.responses.with_raw_response.create(
        model="auto", input="what is the weather?", instructions="be brief", store=False
    )
    response = raw.parse()
    assert [message.role for message in counter.asked.messages] == ["system", "user"]
    assert (response.status, response.output_text) == ("completed", "Sunny.")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (16, 7)
    assert response.usage.input_tokens_details.cached_tokens == 5
    assert raw.headers["x-request-id"] == raw.headers["x-signalbox-decision"]


def test_responses_are_streamed_and_parsed(counter: Counter, client: openai.OpenAI) -> None:
    answer = said(Text('{"title":"signal","pages":3}'))
    counter.says(answer, answer, answer)
    events = [event.type for event in client.responses.create(model="auto", input="hi", stream=True)]
    assert (events[0], events[-1]) == ("response.created", "response.completed")
    with client.responses.stream(model="auto", input="hi", text_format=Deck) as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_parsed == Deck(title="signal", pages=3)
    parsed = client.responses.parse(model="auto", input="hi", text_format=Deck)
    assert parsed.output_parsed == Deck(title="signal", pages=3)


def test_tools_of_responses_travel_both_ways(counter: Counter, client: openai.OpenAI) -> None:
    thought = Thinking("Paris, then Rome.", signature="c2VhbA==", format="openai", id="rs_1")
    counter.says(said(thought, *CALLS.choices[0].parts, finish="tool_calls"), said(Text("Warm.")))
    more: Any = {"tools": [RESPONSES_WEATHER], "include": ["reasoning.encrypted_content"], "store": False}
    first = client.responses.create(model="auto", input=HELLO, reasoning={"effort": "low"}, **more)
    calls = [item for item in first.output if item.type == "function_call"]
    assert [call.arguments for call in calls] == ['{"place": "Paris"}', '{"place": "Rome"}']
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "warm"} for call in calls]
    then: Any = [*HELLO, *first.output, *results]
    assert client.responses.create(model="auto", input=then, **more).output_text == "Warm."
    parts = [part for message in counter.asked.messages for part in message.parts]
    (kept,) = [part for part in parts if isinstance(part, Thinking)]
    assert (kept.signature, kept.format) == (thought.signature, thought.format)
    assert [part.id for part in parts if isinstance(part, ToolResult)] == ["call_1", "call_2"]


def test_no_response_is_kept(counter: Counter, client: openai.OpenAI) -> None:
    for ask in (
        lambda: client.responses.retrieve("resp_1"),
        lambda: client.responses.delete("resp_1"),
        lambda: client.responses.cancel("resp_1"),
        lambda: client.responses.input_items.list("resp_1"),
    ):
        with pytest.raises(openai.NotFoundError, match="no response is kept here"):
            ask()
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="auto", input="hi", previous_response_id="resp_1")
    assert refused.value.param == "previous_response_id"
    assert not counter.player.asked


def test_a_stream_of_responses_that_breaks_raises_in_the_sdk(counter: Counter, client: openai.OpenAI) -> None:
    counter.says((said(Text("It will be sunny, I think")), failing(FailureKind.RESET)))
    kinds: list[str] = []
    stream = client.responses.create(model="auto", input="hi", stream=True)
    with pytest.raises(openai.APIError):
        kinds.extend(event.type for event in stream)
    assert "response.completed" not in kinds


def test_azure_s_clients_ask_for_responses(counter: Counter) -> None:
    counter.says(said(Text("Sunny.")))
    with openai.AzureOpenAI(
        azure_endpoint=counter.url, api_key=counter.key, api_version="2025-04-01-preview"
    ) as azure:
        assert azure.responses.create(model="one", input="hi").output_text == "Sunny."
