"""The OpenAI-compatible emulator's replies and faults, as scores. Pure."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from signalbox.simulate.answers import CREATED_S, Answer, Ask, answer
from signalbox.simulate.scenario import Behaviour
from signalbox.simulate.score import HTML, LAST_CHUNK, NOT_HTTP, Step, chunk, page, stream_head

_EVENT_STREAM: Final = stream_head(b"text/event-stream")
_encode: Final = msgspec.json.Encoder().encode


def perform(ask: Ask, behaviour: Behaviour, number: int) -> Iterator[Step]:
    """The score of the reply to `ask`."""
    match behaviour.fault:
        case "hang":
            yield "hang"
        case "reset_before":
            yield "reset"
        case "garbage":
            yield NOT_HTTP
            yield "close"
        case "wrong_type":
            yield page(200, HTML, kind=b"text/html")
            yield "keep"
        case "status":
            yield vendor_error(behaviour)
            yield "keep"
        case "error_body" if not ask.stream:
            yield page(200, _error_json(behaviour))
            yield "keep"
        case _:
            play = _stream if ask.stream else _whole
            yield from play(ask, behaviour, number)


def vendor_error(behaviour: Behaviour) -> bytes:
    headers = b""
    for name, value in (
        ("retry-after", behaviour.retry_after),
        ("retry-after-ms", behaviour.retry_after_ms),
        ("x-should-retry", behaviour.should_retry),
    ):
        if value:
            headers += f"{name}: {value}\r\n".encode()
    return page(behaviour.status, _error_json(behaviour), headers=headers)


def refusal(status: int, code: str, message: str) -> bytes:
    return vendor_error(Behaviour(fault="status", status=status, code=code, message=message))


def _error_json(behaviour: Behaviour) -> bytes:
    kind = "invalid_request_error" if 400 <= behaviour.status < 500 else "server_error"
    return _encode(
        {"error": {"message": behaviour.message, "type": kind, "param": None, "code": behaviour.code}}
    )


def _whole(ask: Ask, behaviour: Behaviour, number: int) -> Iterator[Step]:
    said = answer(ask, behaviour.tokens)
    wait_s = (behaviour.first_token_ms + behaviour.token_ms * len(said.pieces)) / 1000
    if wait_s and behaviour.fault != "drip":
        yield wait_s
    body = _completion(ask, said, behaviour, number)
    reply = page(200, body[: len(body) // 2] if behaviour.fault == "truncated_json" else body)
    middle = len(reply) - len(body) // 2
    match behaviour.fault:
        case "reset_mid":
            yield reply[:middle]
            yield behaviour.token_ms / 1000
            yield "reset"
        case "early_eof" | "half_event":
            yield reply[:middle]
            yield "close"
        case "silent":
            yield reply[:middle]
            yield "hang"
        case "reset_after":
            yield reply
            yield "reset"
        case "drip":
            for place in range(len(reply)):
                yield reply[place : place + 1]
                yield behaviour.token_ms / 1000
            yield "keep"
        case _:
            yield reply
            yield "keep"


def _stream(ask: Ask, behaviour: Behaviour, number: int) -> Iterator[Step]:
    said = answer(ask, behaviour.tokens)
    events = list(_events(ask, said, behaviour, number))
    broken = len(events) // 2  # where the faults in the middle strike
    yield _EVENT_STREAM
    if behaviour.fault == "error_body":
        yield chunk(_sse(_error_json(behaviour)))
        yield LAST_CHUNK
        yield "keep"
        return
    if behaviour.first_token_ms:
        yield behaviour.first_token_ms / 1000
    for place, event in enumerate(events):
        if place == broken and behaviour.fault not in ("none", "drip", "reset_after"):
            yield from _breakdown(event, behaviour)
            return
        if behaviour.fault == "drip":
            for at in range(len(event)):
                yield chunk(event[at : at + 1])
                yield behaviour.token_ms / 1000
        else:
            yield chunk(event)
            if behaviour.token_ms:
                yield behaviour.token_ms / 1000
    yield LAST_CHUNK
    yield "reset" if behaviour.fault == "reset_after" else "keep"


def _breakdown(event: bytes, behaviour: Behaviour) -> Iterator[Step]:
    match behaviour.fault:
        case "reset_mid":
            yield "reset"
        case "silent":
            yield "hang"
        case "half_event":
            yield chunk(event[: len(event) // 2])
            yield LAST_CHUNK
            yield "keep"
        case "truncated_json":
            yield chunk(event[: len(event) // 2] + b"\n\n")
            yield LAST_CHUNK
            yield "keep"
        case "error_event":
            yield chunk(_sse(_error_json(behaviour)))
            yield LAST_CHUNK
            yield "keep"
        case _:  # early_eof
            yield LAST_CHUNK
            yield "keep"


def _completion(ask: Ask, said: Answer, behaviour: Behaviour, number: int) -> bytes:
    text = "".join(said.pieces)
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if said.tool:
        call = {"id": "call_0", "type": "function", "function": {"name": said.tool, "arguments": text}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choices = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": said.finish}
        for index in range(_choices(ask, behaviour))
    ]
    reply = _envelope("chat.completion", ask, behaviour, number) | {"choices": choices}
    if behaviour.usage:
        reply["usage"] = _usage(ask, said, behaviour)
    return _encode(reply)


def _events(ask: Ask, said: Answer, behaviour: Behaviour, number: int) -> Iterator[bytes]:
    envelope = _envelope("chat.completion.chunk", ask, behaviour, number)

    def event(index: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _sse(_encode(envelope | {"choices": [choice]}))

    choices = range(_choices(ask, behaviour))
    for index in choices:
        first: dict[str, Any] = {"role": "assistant", "content": ""}
        if said.tool:
            call = {
                "index": 0,
                "id": "call_0",
                "type": "function",
                "function": {"name": said.tool, "arguments": ""},
            }
            first = {"role": "assistant", "content": None, "tool_calls": [call]}
        yield event(index, first)
    for piece in said.pieces:
        for index in choices:
            tool = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
            yield event(index, tool if said.tool else {"content": piece})
    for index in choices:
        yield event(index, {}, said.finish)
    if behaviour.usage and ask.stream_options is not None and ask.stream_options.include_usage:
        yield _sse(_encode(envelope | {"choices": [], "usage": _usage(ask, said, behaviour)}))
    yield b"data: [DONE]\n\n"


def _envelope(kind: str, ask: Ask, behaviour: Behaviour, number: int) -> dict[str, Any]:
    model = behaviour.served_model or ask.model
    return {"id": f"chatcmpl-emulated-{number}", "object": kind, "created": CREATED_S, "model": model}


def _usage(ask: Ask, said: Answer, behaviour: Behaviour) -> dict[str, Any]:
    output = len(said.pieces) * _choices(ask, behaviour)
    return {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": output,
        "total_tokens": said.prompt_tokens + output,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def _choices(ask: Ask, behaviour: Behaviour) -> int:
    return behaviour.choices or ask.n or 1


def _sse(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"
