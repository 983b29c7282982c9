"""A whole Converse reply: the vendor's → `Reply`, and a `Reply` → the vendor's, for emulators.

Unknown fields are passed over, because the vendor adds some; what is used is held to its type. A reply names
no model, so `served_model` is empty unless a prompt router tells what it chose. Token counts are disjoint as
they come: `inputTokens` holds only what was neither read from the cache nor written to it (the user guide's
page on prompt caching: total input = inputTokens + cacheReadInputTokens + cacheWriteInputTokens; the service
model in botocore does not say). Reasoning is part of `outputTokens` and is not told apart.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, FinishReason, Reply, Said
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ThinkingFormat, ToolUse
from signalbox.wires.bedrock_blocks import write_citation
from signalbox.wires.bedrock_error import read_error
from signalbox.wires.errors import WireError

Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]

FINISHES: Final[dict[str, FinishReason]] = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "model_context_window_exceeded": "context_window",
}
BROKEN_OUTPUT: Final = frozenset(("malformed_model_output", "malformed_tool_use"))
"""Stop reasons of a reply that the vendor itself calls none."""

STOP_REASONS: Final[dict[FinishReason, str]] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "context_window": "model_context_window_exceeded",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    "refusal": "content_filtered",
}


class CacheDetail(Struct):
    ttl: str
    inputTokens: Count  # noqa: N815 - the vendor's name


class VendorUsage(Struct, rename="camel"):
    input_tokens: Count
    output_tokens: Count
    cache_read_input_tokens: Count | None = None
    cache_write_input_tokens: Count | None = None
    cache_details: list[CacheDetail] | None = None


class _ReasoningText(Struct):
    text: str = ""
    signature: str = ""


class _Reasoning(Struct, rename="camel"):
    reasoning_text: _ReasoningText | None = None
    redacted_content: str | None = None


class _ToolUse(Struct, rename="camel"):
    tool_use_id: str
    name: str
    input: Raw = Raw(b"{}")
    type: str | None = None


class _Text(Struct):
    text: str = ""


class Place(Struct, rename="camel"):
    document_index: int = -1
    search_result_index: int = -1
    start: int = -1
    end: int = -1
    url: str = ""


class Location(Struct, rename="camel"):
    web: Place | None = None
    document_char: Place | None = None
    document_page: Place | None = None
    document_chunk: Place | None = None
    search_result_location: Place | None = None


class VendorCitation(Struct, rename="camel"):
    title: str | None = None
    source: str | None = None
    source_content: list[_Text] | None = None
    location: Location | None = None


class _Cited(Struct):
    content: list[_Text] | None = None
    citations: list[VendorCitation] | None = None


class _Block(Struct, rename="camel"):
    text: str | None = None
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None
    citations_content: _Cited | None = None


class _Message(Struct):
    content: list[_Block]


class _Output(Struct):
    message: _Message


class Extra(Struct):
    stop_sequence: str | None = None


class PromptRouter(Struct, rename="camel"):
    invoked_model_id: str = ""


class Trace(Struct, rename="camel"):
    prompt_router: PromptRouter | None = None


class _Reply(Struct, rename="camel"):
    output: _Output | None = None
    stop_reason: str | None = None
    usage: VendorUsage | None = None
    trace: Trace | None = None
    additional_model_response_fields: Extra | None = None


_decode: Final = msgspec.json.Decoder(_Reply).decode
_decode_object: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


def read_reply(body: bytes, *, thinking: ThinkingFormat = "anthropic") -> Reply:
    """`thinking`: whose seals the model's are. Raises `WireError` if this is not a complete reply.

    A vendor that reports no usage leaves `Usage(estimated=True)`, all zero, for the caller to fill in.
    """
    try:
        reply = _decode(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the reply is not one of Converse: {error}") from None
    if reply.output is None:
        raise WireError("the reply has no output", read_error(200, None, body))
    parts: list[Said] = []
    for block in reply.output.message.content:
        parts.append(_read_block(block, thinking))
    extra = reply.additional_model_response_fields
    finish = read_finish(reply.stop_reason)
    stop_word = extra.stop_sequence or "" if extra is not None else ""
    return Reply(
        choices=(Choice(index=0, parts=tuple(parts), finish=finish, stop_word=stop_word),),
        usage=read_usage(reply.usage) if reply.usage is not None else Usage(estimated=True),
        served_model=chosen_by_router(reply.trace),
    )


def _read_block(block: _Block, thinking: ThinkingFormat) -> Said:
    if block.text is not None:
        return Text(block.text)
    use = block.tool_use
    if use is not None:
        return ToolUse(use.tool_use_id, use.name, _arguments(use))
    thought = block.reasoning_content
    if thought is not None:
        if thought.redacted_content is not None:
            return Thinking("", thought.redacted_content, thinking, redacted=True)
        text = thought.reasoning_text
        if text is not None:
            return Thinking(text.text, text.signature, thinking if text.signature else "")
    cited = block.citations_content
    if cited is not None:
        text_cited = "".join([piece.text for piece in cited.content or ()])
        return Text(text_cited, citations=tuple([read_citation(one) for one in cited.citations or ()]))
    raise WireError("a block of the reply is of a type that was not asked for")


def _arguments(use: _ToolUse) -> str:
    if use.type is not None:
        raise WireError("the reply calls a tool of the vendor's own")
    written = bytes(use.input)
    try:
        _decode_object(written)
    except ValueError:
        raise WireError("the input of a tool call is not an object") from None
    return written.decode()


def read_finish(reason: str | None) -> FinishReason:
    """An unknown reason is refused: an aborted answer must not pass for a whole one."""
    finish = FINISHES.get(reason or "")
    if finish is None:
        if reason in BROKEN_OUTPUT:
            raise WireError(f"the model's output was broken ({reason})")
        raise WireError("the reply has no stop reason" if not reason else "the stop reason is unknown")
    return finish


def read_usage(usage: VendorUsage) -> Usage:
    """Writes that the details leave out were kept for five minutes."""
    hour = sum([detail.inputTokens for detail in usage.cache_details or () if detail.ttl == "1h"])
    written = usage.cache_write_input_tokens
    if written is None:
        written = sum([detail.inputTokens for detail in usage.cache_details or ()])
    hour = min(hour, written)
    return Usage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cached_input=usage.cache_read_input_tokens or 0,
        cache_write=written - hour,
        cache_write_1h=hour,
    )


def read_citation(cited: VendorCitation) -> Citation:
    """Raises `WireError` for one that names no place."""
    where = cited.location or Location()
    text = "".join([piece.text for piece in cited.source_content or ()])
    title, source = cited.title or "", cited.source or ""
    if where.web is not None:
        return Citation(kind="url", cited=text, title=title, url=where.web.url or source)
    for kind, place in (
        ("char", where.document_char),
        ("page", where.document_page),
        ("block", where.document_chunk),
    ):
        if place is not None:
            return Citation(
                kind=kind,  # type: ignore[arg-type]  # one of the three in the line above
                cited=text,
                source=place.document_index,
                title=title,
                url=source,
                start=place.start,
                end=place.end,
            )
    found = where.search_result_location
    if found is None:
        raise WireError("a citation of the reply names no place")
    return Citation(
        kind="search",
        cited=text,
        source=found.search_result_index,
        title=title,
        url=source,
        start=found.start,
        end=found.end,
    )


def chosen_by_router(trace: Trace | None) -> str:
    """The name of the model that a prompt router chose; empty where none was in between."""
    router = trace.prompt_router if trace is not None else None
    return router.invoked_model_id.rpartition("/")[2] if router is not None else ""


# -- the vendor's side, for emulators


def write_usage(usage: Usage) -> dict[str, Any]:
    written = usage.cache_write + usage.cache_write_1h
    body: dict[str, Any] = {
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.total,
        "cacheReadInputTokens": usage.cached_input,
        "cacheWriteInputTokens": written,
    }
    if written:
        kept = (("1h", usage.cache_write_1h), ("5m", usage.cache_write))
        body["cacheDetails"] = [{"ttl": ttl, "inputTokens": count} for ttl, count in kept if count]
    return body


def write_reply(reply: Reply, *, latency_ms: int = 0) -> bytes:
    """The first choice only: Converse knows no more."""
    choice = reply.choices[0]
    body: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": [_write_block(p) for p in choice.parts]}},
        "stopReason": STOP_REASONS[choice.finish],
        "usage": write_usage(reply.usage),
        "metrics": {"latencyMs": latency_ms},
    }
    if choice.stop_word:
        body["additionalModelResponseFields"] = {"stop_sequence": choice.stop_word}
    if reply.served_model:
        body["trace"] = {"promptRouter": {"invokedModelId": reply.served_model}}
    return _encode(body)


def _write_block(part: Said) -> dict[str, Any]:
    match part:
        case Text(text=text, citations=()):
            return {"text": text}
        case Text(text=text, citations=citations):
            return {
                "citationsContent": {
                    "content": [{"text": text}],
                    "citations": [write_citation(one) for one in citations],
                }
            }
        case ToolUse():
            arguments = Raw(part.arguments.encode() or b"{}")
            return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": arguments}}
        case Thinking(redacted=True):
            return {"reasoningContent": {"redactedContent": part.signature}}
        case Thinking():
            text_block = {"text": part.text, "signature": part.signature}
            return {
                "reasoningContent": {"reasoningText": text_block if part.signature else {"text": part.text}}
            }
        case Refusal(text=text):
            return {"text": text}
