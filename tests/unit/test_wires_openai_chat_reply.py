"""A vendor's whole reply, and its errors."""

from typing import Any

import msgspec
import pytest

from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, Reply
from signalbox.domain.request import Text, Thinking, ToolUse
from signalbox.testing import values
from signalbox.wires.openai_chat import VendorError, WireError, read_error, read_reply, write_reply

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


def vendor(**fields: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    return msgspec.json.encode(
        {"id": "x", "model": "m-1", "created": 7, "choices": [choice], "usage": USAGE, **fields}
    )


def choice(finish: str | None = "stop", **message: Any) -> list[dict[str, Any]]:
    return [{"index": 0, "message": message, "finish_reason": finish}]


def test_a_reply() -> None:
    assert read_reply(vendor(new_field={"x": [1]})) == Reply(
        choices=(values.choice(index=0, text="hi"),),
        usage=Usage(input=10, output=4),
        served_model="m-1",
        created_s=7,
    )


def test_tool_calls_refusals_and_reasoning() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    reply = read_reply(vendor(choices=choice("function_call", content=None, tool_calls=[call])))
    assert reply.choices == (
        values.choice(index=0, tool_uses=(ToolUse("c", "f", "{}"),), finish="tool_calls"),
    )
    assert read_reply(vendor(choices=choice(refusal="no", reasoning="why"))).choices == (
        values.choice(index=0, refusal="no", reasoning="why"),
    )


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({**USAGE, "prompt_tokens_details": {"cached_tokens": 6}}, Usage(input=4, cached_input=6, output=4)),
        ({**USAGE, "prompt_tokens_details": {"cached_tokens": 60}}, Usage(cached_input=10, output=4)),
        ({**USAGE, "prompt_tokens_details": None}, Usage(input=10, output=4)),
        ({**USAGE, "prompt_tokens_details": {"cached_tokens": None}}, Usage(input=10, output=4)),
        (
            {**USAGE, "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0}},
            Usage(input=10, output=4, reasoning=3),
        ),
        ({"prompt_tokens": 10.0, "completion_tokens": 4.0}, Usage(input=10, output=4)),
        (None, Usage(estimated=True)),
    ],
)
def test_usage_is_disjoint(usage: Any, expected: Usage) -> None:
    assert read_reply(vendor(usage=usage)).usage == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"usage": {}},
        {"usage": {"prompt_tokens": -1, "completion_tokens": 1}},
        {"usage": {"prompt_tokens": 1.5, "completion_tokens": 1}},
        {"usage": {"prompt_tokens": 10**30, "completion_tokens": 1}},
        {"usage": {"prompt_tokens": "1", "completion_tokens": 1}},
        {"choices": []},
        {"choices": None},
        {"choices": choice(None, content="a")},
        {"choices": choice("abort", content="a")},
        {"choices": choice(content=[{"type": "text", "text": "a"}])},
        {"choices": choice(content="a") * 2},
        {"choices": [{"index": -1, "message": {"content": "a"}, "finish_reason": "stop"}]},
        {"choices": choice(tool_calls=[{"id": "c", "type": "custom", "custom": {}}])},
        {"choices": choice(tool_calls=[{"id": "c", "function": {"name": "f", "arguments": {}}}])},
        {"choices": [{"index": 0, "finish_reason": "stop"}]},
        {"model": 5},
    ],
)
def test_what_is_no_whole_reply_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        read_reply(vendor(**fields))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b'{"choices":' + b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        read_reply(body)


def test_an_error_with_status_200_is_carried() -> None:
    with pytest.raises(WireError) as caught:
        read_reply(b'{"error":{"message":"no room for: secret text","type":"overloaded","code":503}}')
    assert caught.value.error == VendorError("overloaded", "503", "no room for: secret text")
    assert "secret" not in str(caught.value)
    with pytest.raises(WireError) as caught:
        read_reply(b'{"object":"error","message":"too long","type":"BadRequestError","code":400}')
    assert caught.value.error == VendorError("BadRequestError", "400", "too long")


def test_what_a_client_gets() -> None:
    reply = Reply(
        choices=(values.choice(index=0, tool_uses=(ToolUse("c", "f", "{}"),), finish="tool_calls"),),
        usage=Usage(input=4, cached_input=6, output=4, reasoning=1),
        created_s=7,
    )
    written = msgspec.json.decode(write_reply(reply, id="chatcmpl-1", model="m", extra={"cost": "0"}))
    assert written["choices"][0]["message"]["content"] is None
    assert written["usage"]["prompt_tokens"] == 10
    assert written["usage"]["total_tokens"] == 14
    assert written["signalbox"] == {"cost": "0"}
    assert read_reply(msgspec.json.encode(written)) == msgspec.structs.replace(reply, served_model="m")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            400,
            b'{"error":{"message":"bad","type":"invalid_request_error","param":"x","code":"invalid_value"}}',
            VendorError("invalid_request_error", "invalid_value", "bad"),
        ),
        (
            400,
            b'{"error":{"code":400,"message":"too long","type":"exceed_context_size_error","n_ctx":512}}',
            VendorError("exceed_context_size_error", "400", "too long"),
        ),
        (404, b'{"error":{"message":"none","type":null,"code":null}}', VendorError("", "404", "none")),
        (
            400,
            b'{"object":"error","message":"no","type":"BadRequestError","param":null,"code":40303}',
            VendorError("BadRequestError", "40303", "no"),
        ),
        (404, b'{"error":"model not found"}', VendorError("", "404", "model not found")),
        (401, b'{"detail":"Unauthorized"}', VendorError("", "401", "Unauthorized")),
        (
            422,
            b'{"detail":[{"loc":["body","messages",0],"msg":"field required","type":"m","input":"secret"}]}',
            VendorError("", "422", "body.messages.0: field required"),
        ),
        (429, b'{"statusCode":429,"message":"slow down"}', VendorError("", "429", "slow down")),
        (
            502,
            b"<html>\n <b>Bad\x00 Gateway</b>\n</html>",
            VendorError("", "502", "<html> <b>Bad? Gateway</b> </html>"),
        ),
        (500, b'{"error":{"code":true,"type":false,"message":[]}}', VendorError("", "500", "")),
        (503, b"", VendorError("", "503", "")),
        (500, b"\xff\xfe", VendorError("", "500", "\ufffd\ufffd")),
        (500, b'"oops"', VendorError("", "500", "oops")),
        (500, b"[1,2]", VendorError("", "500", "[1,2]")),
        (500, b'{"detail":[{"loc":7,"msg":8},9]}', VendorError("", "500", "")),
    ],
)
def test_error_bodies(status: int, body: bytes, expected: VendorError) -> None:
    assert read_error(status, body) == expected


def test_error_bodies_are_bounded() -> None:
    long = "x" * 20_000
    error = read_error(400, msgspec.json.encode({"error": {"message": long, "type": long, "code": long}}))
    assert (len(error.message), len(error.type), len(error.code)) == (1_000, 64, 64)
    assert len(read_error(400, b"y" * 1_000_000).message) == 1_000
    assert read_error(400, b"[" * 60_000).code == "400"


def test_thinking_is_told_with_its_seals_as_soon_as_one_has_one() -> None:
    parts = (Thinking("a"), Thinking("b", "s", "anthropic"), Text("c"))
    reply = Reply(choices=(Choice(index=0, parts=parts),), usage=Usage())
    assert read_reply(write_reply(reply, id="x", model="m", extra=None)).choices[0].parts == parts
