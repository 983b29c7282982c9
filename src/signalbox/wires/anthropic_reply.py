"""A whole Messages reply: a vendor's → `Reply`, and a `Reply` → the client's.

Vendors add fields, so unknown ones are passed over; what is used is held to its type, and a block of a type
that was not asked for is refused. It does not check what the model said: that is `normalise`.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, Reply, Said, ThinkingSealed
from signalbox.domain.request import Refusal, Text, Thinking, ToolUse
from signalbox.wires.anthropic_citation import VendorCitation, read_vendor_citation, write_citation
from signalbox.wires.anthropic_error import read_error
from signalbox.wires.anthropic_usage import (
    VendorUsage,
    read_finish,
    read_place,
    read_usage,
    write_finish,
    write_usage,
)
from signalbox.wires.anthropic_write_blocks import write_input
from signalbox.wires.errors import WireError
from signalbox.wires.seals import seal, unseal_named


class StopDetails(Struct):
    explanation: str | None = None


class VendorBlock(Struct):
    """A block of any type: what a type needs is checked where it is read."""

    type: str
    text: str | None = None
    citations: list[VendorCitation] | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw(b"{}")


class _Message(Struct):
    content: list[VendorBlock] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: VendorUsage | None = None
    model: str | None = None
    type: str | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Message).decode
_decode_any: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


def read_reply(body: bytes) -> Reply:
    """Raises `WireError` if this is not a complete reply, with the vendor's error if it is one.

    A vendor that reports no usage leaves `Usage(estimated=True)`, all zero, for the caller to fill in.
    """
    try:
        message = _decode(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the reply is not a message: {error}") from None
    if message.error or message.type == "error" or message.content is None:
        said = read_error(200, body)
        is_error = message.error or message.type == "error"
        raise WireError("the reply is an error" if is_error else "the reply has no content", said)
    parts = [_read_block(block) for block in message.content]
    if message.stop_details is not None and message.stop_details.explanation:
        parts.append(Refusal(message.stop_details.explanation))
    choice = Choice(
        index=0,
        parts=tuple(parts),
        finish=read_finish(message.stop_reason),
        stop_word=message.stop_sequence or "",
    )
    return Reply(
        choices=(choice,),
        usage=read_usage(message.usage) if message.usage is not None else Usage(estimated=True),
        served_model=message.model or "",
        served_place=read_place(message.usage),
    )


def _read_block(block: VendorBlock) -> Said:
    match block.type:
        case "text":
            citations = tuple([read_vendor_citation(citation) for citation in block.citations or ()])
            return Text(block.text or "", citations=citations)
        case "thinking":
            format, signature, id = unseal_named(block.signature or "", "anthropic")
            return Thinking(block.thinking or "", signature, format, False, id)
        case "redacted_thinking":
            format, signature, id = unseal_named(block.data or "", "anthropic")
            return Thinking("", signature, format, True, id)
        case "tool_use":
            return ToolUse(block.id or "", tool_name(block), read_input(block.input))
    raise WireError("the reply holds a block of a type that was not asked for")


def tool_name(block: VendorBlock) -> str:
    if not block.name:
        raise WireError("a tool call of the reply has no name")
    return block.name


def read_input(given: msgspec.Raw) -> str:
    """The model's own text, as long as it is an object."""
    text = bytes(given)
    try:
        value = _decode_any(text)
        if type(value) is dict:
            return text.decode() if value else "{}"
    except (ValueError, RecursionError):
        pass
    raise WireError("the arguments of a tool call are not an object")


def write_reply(reply: Reply, *, id: str, model: str, extra: dict[str, Any] | None) -> bytes:
    """`extra` travels as the top-level key `signalbox`, which SDKs keep and do not mind.

    The dialect has one answer: `ValueError` if there are more. Arguments of a tool call that are no JSON
    object travel inside one, because clients cannot read them otherwise.
    """
    if len(reply.choices) != 1:
        raise ValueError("several choices cannot have been asked for in this dialect")
    choice = reply.choices[0]
    refusal = choice.refusal
    usage = write_usage(reply.usage)
    if reply.served_place:
        usage["inference_geo"] = reply.served_place
    body: dict[str, Any] = {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [_write_part(part) for part in choice.parts if type(part) is not Refusal],
        "stop_reason": write_finish(choice.finish, _calls(choice), bool(refusal)),
        "stop_sequence": choice.stop_word or None,
        "usage": usage,
    }
    if refusal:
        body["stop_details"] = write_refusal(refusal)
    if extra is not None:
        body["signalbox"] = extra
    return _encode(body)


def _calls(choice: Choice) -> bool:
    return any(type(part) is ToolUse for part in choice.parts)


def write_refusal(explanation: str) -> dict[str, Any]:
    """The dialect's place for why a model declined."""
    return {"type": "refusal", "category": None, "explanation": explanation}


def _write_part(part: Said) -> dict[str, Any]:
    match part:
        case Text():
            block: dict[str, Any] = {"type": "text", "text": part.text}
            if part.citations:
                block["citations"] = [write_citation(citation) for citation in part.citations]
            return block
        case Thinking():
            signature = write_seal(part)
            if part.redacted:
                return {"type": "redacted_thinking", "data": signature}
            return {"type": "thinking", "thinking": part.text, "signature": signature}
        case ToolUse():
            return {
                "type": "tool_use",
                "id": part.id,
                "name": part.name,
                "input": write_input(part.arguments)[0],
            }
    raise ValueError("a refusal is no block of this dialect")


def write_seal(sealed: Thinking | ThinkingSealed) -> str:
    """The dialect's own seals bare, others with their names on; an empty text for none."""
    if sealed.format == "anthropic" and not sealed.id:
        return sealed.signature
    if not sealed.signature and not sealed.id:
        return ""
    return seal(sealed.format, sealed.signature, sealed.id)
