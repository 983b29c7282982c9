"""A whole Chat Completions reply: a vendor's → `Reply`, and a `Reply` → the client's.

Vendors add fields, so unknown ones are passed over; what is used is held to its type. Token counts become
disjoint (`prompt_tokens` includes the cached ones, `Usage.input` does not). It does not check what the model
said: that is `normalise`.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, FinishReason, Reply, Said
from signalbox.domain.request import Refusal, Text, Thinking, ToolUse
from signalbox.wires.errors import WireError
from signalbox.wires.openai_chat_error import read_error

Index = Annotated[int, Meta(ge=0, le=1023)]
TOKENS_MAX: Final = 2**53 - 1
_FINISHES: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "tool_calls",
}
FINISHES: Final[dict[FinishReason, str]] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "context_window": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}
"""How the dialect says it."""


class VendorPromptDetails(Struct):
    cached_tokens: int | float | None = None


class VendorOutputDetails(Struct):
    reasoning_tokens: int | float | None = None


class VendorUsage(Struct):
    prompt_tokens: int | float
    completion_tokens: int | float
    prompt_tokens_details: VendorPromptDetails | None = None
    completion_tokens_details: VendorOutputDetails | None = None


class _Function(Struct):
    name: str
    arguments: str | None = None


class _Call(Struct):
    function: _Function
    id: str | None = None


class _Message(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    message: _Message
    finish_reason: str | None = None
    index: Index | None = None


class _Reply(Struct):
    choices: list[_Choice] | None = None
    usage: VendorUsage | None = None
    model: str | None = None
    created: int | float | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Reply).decode
_encode: Final = msgspec.json.Encoder().encode


def read_reply(body: bytes) -> Reply:
    """Raises `WireError` if this is not a complete reply, with the vendor's error if it is one.

    A vendor that reports no usage leaves `Usage(estimated=True)`, all zero, for the caller to fill in.
    """
    try:
        reply = _decode(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the reply is not a chat completion: {error}") from None
    if reply.error or not reply.choices:
        said = read_error(200, body)
        raise WireError("the reply is an error" if reply.error else "the reply has no choices", said)
    choices = tuple([_read_choice(choice, place) for place, choice in enumerate(reply.choices)])
    if len(choices) > 1 and len({choice.index for choice in choices}) < len(choices):
        raise WireError("two choices of the reply have the same index")
    return Reply(
        choices=choices,
        usage=read_usage(reply.usage) if reply.usage is not None else Usage(estimated=True),
        served_model=reply.model or "",
        created_s=int(reply.created) if reply.created and 0 < reply.created <= TOKENS_MAX else 0,
    )


def _read_choice(choice: _Choice, place: int) -> Choice:
    message = choice.message
    parts: list[Said] = []
    thought = message.reasoning_content or message.reasoning
    if thought:
        parts.append(Thinking(thought))
    if message.content:
        parts.append(Text(message.content))
    if message.refusal:
        parts.append(Refusal(message.refusal))
    for call in message.tool_calls or ():
        parts.append(ToolUse(call.id or "", call.function.name, call.function.arguments or ""))
    return Choice(
        index=place if choice.index is None else choice.index,
        parts=tuple(parts),
        finish=read_finish(choice.finish_reason),
    )


def read_finish(reason: str | None) -> FinishReason:
    """An unknown reason is refused: an aborted answer must not pass for a whole one."""
    finish = _FINISHES.get(reason or "")
    if finish is None:
        raise WireError("the reply has no finish reason" if not reason else "the finish reason is unknown")
    return finish


def read_usage(usage: VendorUsage) -> Usage:
    """Details that exceed their total are cut to it: the totals are what is billed."""
    prompt = _tokens(usage.prompt_tokens)
    output = _tokens(usage.completion_tokens)
    if usage.prompt_tokens_details is None and usage.completion_tokens_details is None:
        return Usage(input=prompt, output=output)
    cached = reasoning = 0
    if usage.prompt_tokens_details is not None:
        cached = min(prompt, _tokens(usage.prompt_tokens_details.cached_tokens or 0))
    if usage.completion_tokens_details is not None:
        reasoning = min(output, _tokens(usage.completion_tokens_details.reasoning_tokens or 0))
    return Usage(input=prompt - cached, output=output, cached_input=cached, reasoning=reasoning)


def _tokens(count: int | float) -> int:
    if 0 <= count <= TOKENS_MAX and (type(count) is int or int(count) == count):
        return int(count)
    raise WireError("the usage holds a number that is no token count")


def write_usage(usage: Usage) -> dict[str, Any]:
    """The dialect's usage object."""
    prompt = usage.prompt
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def write_reply(reply: Reply, *, id: str, model: str, extra: dict[str, Any] | None) -> bytes:
    """`extra` travels as the top-level key `signalbox`, which SDKs keep and do not mind."""
    body: dict[str, Any] = {
        "id": id,
        "object": "chat.completion",
        "created": reply.created_s,
        "model": model,
        "choices": [_write_choice(choice) for choice in reply.choices],
        "usage": write_usage(reply.usage),
    }
    if extra is not None:
        body["signalbox"] = extra
    return _encode(body)


def _write_choice(choice: Choice) -> dict[str, Any]:
    text, refusal, thought, uses = choice.text, choice.refusal, choice.reasoning, choice.tool_uses
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if not text and (uses or refusal) else text,
        "refusal": refusal or None,
    }
    if thought:
        message["reasoning_content"] = thought
    if uses:
        message["tool_calls"] = [
            {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}
            for use in uses
        ]
    return {
        "index": choice.index,
        "message": message,
        "logprobs": None,
        "finish_reason": FINISHES[choice.finish],
    }
