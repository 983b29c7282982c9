"""The `openai` SDK as judge: what it sends is read, what is written it understands.

A bare HTTP server on loopback keeps the body that the SDK sent and answers with bytes that the wire wrote.
"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Event,
    Finished,
    Metered,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    TextDelta,
    ToolDelta,
)
from signalbox.domain.request import Image, Message, Request, Text, Thinking, ToolResult, ToolUse
from signalbox.testing import values
from signalbox.wires.openai_chat import ChatCall, ChunkWriter, read_request, write_reply, write_request

USAGE = Usage(input=4, cached_input=6, output=5, reasoning=2)
REPLY = Reply(choices=(values.choice(index=0, text="hello"),), usage=USAGE, created_s=7)
EXTRA = {"decision": "d", "cost": "0.000000100 USD"}
ASK: list[Any] = [{"role": "user", "content": "hi"}]


class Vendor:
    """Answers every request with `answer`, and keeps the last body."""

    def __init__(self) -> None:
        vendor = self
        self.body = b""
        self.answer = b""
        self.kind = "application/json"

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                vendor.body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("content-type", vendor.kind)
                self.send_header("content-length", str(len(vendor.answer)))
                self.end_headers()
                self.wfile.write(vendor.answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    yield vendor
    vendor.stop()


@pytest.fixture(scope="module")
def client(vendor: Vendor) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=vendor.url, api_key="key", max_retries=0) as client:
        yield client


@pytest.fixture
def asked(vendor: Vendor, client: openai.OpenAI) -> Callable[..., ChatCall]:
    """What `read_request` makes of the body that the SDK sends for these arguments."""

    def ask(**arguments: Any) -> ChatCall:
        vendor.kind, vendor.answer = "application/json", write_reply(REPLY, id="x", model="m", extra=None)
        client.chat.completions.create(**{"model": "auto", "messages": ASK, **arguments})
        return read_request(vendor.body)

    return ask


def test_the_sdk_sends_what_is_read(asked: Callable[..., ChatCall]) -> None:
    tool = {"type": "function", "function": {"name": "sum", "parameters": {"type": "object"}, "strict": True}}
    request = asked(
        messages=[
            {"role": "system", "content": "s"},
            {"role": "user", "content": [
                {"type": "text", "text": "a: “b”"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ]},
            {"role": "assistant", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "sum", "arguments": '{"a": "b:c"}'}},
            ]},
            {"role": "tool", "tool_call_id": "c", "content": "3"},
        ],
        tools=[tool], tool_choice="required", parallel_tool_calls=True, n=2, stop=["x"], temperature=0,
        top_p=1, seed=3, max_completion_tokens=5, frequency_penalty=0.1, presence_penalty=None, store=False,
        logprobs=False, logit_bias={}, service_tier="auto", modalities=["text"], user="ada",
        metadata={"app": "word"}, response_format={"type": "json_object"},
    ).request  # fmt: skip
    assert request.messages[1].parts == (Text("a: “b”"), Image("image/png", "AAAA"))
    assert request.messages[2] == Message("assistant", (ToolUse("c", "sum", '{"a": "b:c"}'),))
    assert request.messages[3].parts == (ToolResult("c", (Text("3"),)),)
    assert request.sampling.n == 2
    assert request.declared.app == "word"
    assert request.declared.user == "ada"


def test_a_reply_sent_back_as_history_is_read(vendor: Vendor, client: openai.OpenAI) -> None:
    use = ToolUse("c", "sum", "{}")
    said = values.choice(index=0, text="a", reasoning="hm", tool_uses=(use,), finish="tool_calls")
    vendor.kind = "application/json"
    vendor.answer = write_reply(Reply(choices=(said,), usage=USAGE), id="x", model="m", extra=EXTRA)
    message = client.chat.completions.create(model="auto", messages=ASK).choices[0].message
    history: list[Any] = [*ASK, message, {"role": "tool", "tool_call_id": "c", "content": "1"}]
    client.chat.completions.create(model="auto", messages=history)
    assert read_request(vendor.body).request.messages[1].parts == (Thinking("hm"), Text("a"), use)
    dumped: list[Any] = [*ASK, message.model_dump()]
    client.chat.completions.create(model="auto", messages=dumped)
    assert read_request(vendor.body).request.messages[1].parts == (Thinking("hm"), Text("a"), use)


def test_what_is_written_for_a_vendor_is_what_the_sdk_would_send(
    vendor: Vendor, client: openai.OpenAI
) -> None:
    request = Request(target="auto", messages=(Message("user", (Text("hi"),)),), stream=True)
    vendor.kind, vendor.answer = "text/event-stream", b"data: [DONE]\n\n"
    list(
        client.chat.completions.create(
            model="m", messages=ASK, stream=True, stream_options={"include_usage": True}
        )
    )
    written = msgspec.json.decode(write_request(request, model="m", stream=True).body)
    assert written == msgspec.json.decode(vendor.body)


def test_a_whole_reply_is_understood(vendor: Vendor, client: openai.OpenAI) -> None:
    choices = (
        values.choice(index=0, text="hello", reasoning="hm"),
        values.choice(index=1, tool_uses=(ToolUse("c", "f", "{}"),), finish="tool_calls"),
        values.choice(index=2, refusal="no", finish="content_filter"),
    )
    vendor.kind = "application/json"
    vendor.answer = write_reply(
        Reply(choices=choices, usage=USAGE, created_s=7), id="chatcmpl-1", model="m", extra=EXTRA
    )
    strict = ChatCompletion.model_validate_json(vendor.answer, strict=True)
    got = client.chat.completions.create(model="auto", messages=ASK)
    assert got == strict
    assert got.choices[0].message.content == "hello"
    assert got.choices[1].message.content is None
    (call,) = got.choices[1].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "f"
    assert got.choices[2].message.refusal == "no"
    assert got.usage is not None
    assert got.usage.prompt_tokens == 10
    assert got.usage.total_tokens == 15
    assert got.usage.prompt_tokens_details is not None
    assert got.usage.prompt_tokens_details.cached_tokens == 6
    assert (got.model_extra or {})["signalbox"] == EXTRA


def streamed(events: list[Event], *, include_usage: bool, extra: dict[str, Any] | None) -> bytes:
    writer = ChunkWriter("chatcmpl-1", "m", 7, include_usage)
    return b"".join([writer.event(event) for event in events]) + writer.end(extra)


EVENTS: list[Event] = [
    TextDelta(0, "he"),
    ReasoningDelta(1, "hm"),
    TextDelta(0, "llo"),
    ToolDelta(1, 0, "", "c", "f"),
    ToolDelta(1, 0, "{}"),
    RefusalDelta(2, "no"),
    Finished(0, "stop"),
    Finished(1, "tool_calls"),
    Finished(2, "stop"),
    Metered(USAGE),
]


@pytest.mark.parametrize("include_usage", [False, True])
def test_a_stream_is_understood(vendor: Vendor, client: openai.OpenAI, include_usage: bool) -> None:
    vendor.kind = "text/event-stream; charset=utf-8"
    vendor.answer = streamed(EVENTS, include_usage=include_usage, extra=EXTRA)
    for payload in vendor.answer.split(b"\n\n")[:-2]:
        ChatCompletionChunk.model_validate_json(payload.removeprefix(b"data: "), strict=True)
    chunks = list(client.chat.completions.create(model="auto", messages=ASK, stream=True))
    texts = [c.delta.content or "" for chunk in chunks for c in chunk.choices if c.index == 0]
    assert "".join(texts) == "hello"
    roles = [(c.index, c.delta.role) for chunk in chunks for c in chunk.choices if c.delta.role]
    assert roles == [(0, "assistant"), (1, "assistant"), (2, "assistant")]
    finishes = [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason]
    assert finishes == ["stop", "tool_calls", "stop"]
    extras = [extra["signalbox"] for chunk in chunks if (extra := chunk.model_extra) and "signalbox" in extra]
    assert extras == [EXTRA]
    assert (chunks[-1].usage is not None) == include_usage
    assert (chunks[-1].choices == []) == include_usage


def test_the_sdk_assembles_the_stream_to_the_same_message(vendor: Vendor, client: openai.OpenAI) -> None:
    vendor.kind = "text/event-stream"
    vendor.answer = streamed(EVENTS, include_usage=True, extra=EXTRA)
    with client.chat.completions.stream(model="auto", messages=ASK, n=3) as stream:
        final = stream.get_final_completion()
    assert read_request(vendor.body).request.sampling.n == 3
    assert final.choices[0].message.content == "hello"
    (call,) = final.choices[1].message.tool_calls or []
    assert (call.id, call.function.name, call.function.arguments) == ("c", "f", "{}")
    assert final.choices[2].message.refusal == "no"
    assert final.usage is not None
    assert final.usage.completion_tokens == 5


def test_an_error_in_mid_stream_raises_in_the_sdk(vendor: Vendor, client: openai.OpenAI) -> None:
    writer = ChunkWriter("chatcmpl-1", "m", 7, False)
    vendor.kind = "text/event-stream"
    vendor.answer = writer.event(TextDelta(0, "he")) + writer.error(
        b'{"error":{"message":"every attempt failed","type":"server_error","code":"attempts_exhausted"}}'
    )
    stream = client.chat.completions.create(model="auto", messages=ASK, stream=True)
    assert next(stream).choices[0].delta.content == "he"
    with pytest.raises(openai.APIError, match="every attempt failed") as caught:
        next(stream)
    assert caught.value.code == "attempts_exhausted"
