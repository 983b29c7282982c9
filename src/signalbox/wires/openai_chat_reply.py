"""A whole Chat Completions reply: a vendor's → `Reply`, and a `Reply` → the client's.

Vendors add fields, so unknown ones are passed over; what is used is held to its type. Token counts become
disjoint (`prompt_tokens` includes the cached ones, `Usage.input` does not). It does not check what the model
said: that is `normalise`.

Thinking that its vendor sealed travels as `reasoning_details` beside `reasoning_content`, in our own shape:
`{type: thinking | redacted_thinking, text, signature, format, id}`. Citations of URLs are `annotations`;
others are listed in `signalbox.citations`, each with its choice.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, FinishReason, Reply, Said
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ThinkingFormat, ToolUse
from signalbox.wires.errors import WireError
from signalbox.wires.openai_chat_error import read_error

Index = Annotated[int, Meta(ge=0, le=1023)]
Place = Annotated[int, Meta(ge=-1, le=2**53 - 1)]
TOKENS_MAX: Final = 2**53 - 1
_FINISHES: Final[dict[str | None, FinishReason]] = {
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
    cache_write_tokens: int | float | None = None


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
    reasoning_details: Any = None
    annotations: Any = None
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
    choices = reply.choices
    return Reply(
        choices=(_read_choice(choices[0], 0),) if len(choices) == 1 else _read_choices(choices),
        usage=read_usage(reply.usage) if reply.usage is not None else Usage(estimated=True),
        served_model=reply.model or "",
        created_s=int(reply.created) if reply.created and 0 < reply.created <= TOKENS_MAX else 0,
    )


def _read_choices(choices: list[_Choice]) -> tuple[Choice, ...]:
    read = tuple([_read_choice(choice, place) for place, choice in enumerate(choices)])
    if len({choice.index for choice in read}) < len(read):
        raise WireError("two choices of the reply have the same index")
    return read


def _read_choice(choice: _Choice, place: int) -> Choice:
    message = choice.message
    more = (
        message.tool_calls
        or message.refusal
        or message.annotations
        or message.reasoning_content
        or message.reasoning
        or message.reasoning_details
    )
    return Choice(
        index=place if choice.index is None else choice.index,
        parts=_read_parts(message) if more or not message.content else (Text(message.content),),
        finish=_FINISHES.get(choice.finish_reason) or read_finish(choice.finish_reason),
    )


def _read_parts(message: _Message) -> tuple[Said, ...]:
    parts: list[Said] = []
    sealed = read_details(message.reasoning_details) if message.reasoning_details else []
    thought = message.reasoning_content or message.reasoning
    if sealed:
        parts += sealed
    elif thought:
        parts.append(Thinking(thought))
    if message.content:
        cited = read_annotations(message.annotations) if message.annotations else ()
        parts.append(Text(message.content, citations=cited))
    if message.refusal:
        parts.append(Refusal(message.refusal))
    for call in message.tool_calls or ():
        parts.append(ToolUse(call.id or "", call.function.name, call.function.arguments or ""))
    return tuple(parts)


class _Detail(Struct):
    type: Literal["thinking", "redacted_thinking"]
    text: str = ""
    signature: str = ""
    format: ThinkingFormat = ""
    id: str = ""


class _UrlCitation(Struct):
    url: str
    title: str = ""
    start_index: Place = -1
    end_index: Place = -1


class _Annotation(Struct):
    type: Literal["url_citation"]
    url_citation: _UrlCitation


def read_details(details: Any) -> list[Thinking]:
    """What is of our shape; other servers use the name for shapes of their own, and say the text twice."""
    found = []
    for detail in details if isinstance(details, list) else ():
        try:
            one = msgspec.convert(detail, _Detail)
        except msgspec.ValidationError:
            continue
        redacted = one.type == "redacted_thinking"
        found.append(Thinking(one.text, one.signature, one.format, redacted, one.id))
    return found


def read_annotations(annotations: Any) -> tuple[Citation, ...]:
    """Citations of URLs; other kinds speak of files at the vendor, of which none is ever named to it."""
    found = []
    for annotation in annotations if isinstance(annotations, list) else ():
        try:
            one = msgspec.convert(annotation, _Annotation).url_citation
        except msgspec.ValidationError:
            continue
        found.append(
            Citation(kind="url", url=one.url, title=one.title, start=one.start_index, end=one.end_index)
        )
    return tuple(found)


def read_finish(reason: str | None) -> FinishReason:
    """An unknown reason is refused: an aborted answer must not pass for a whole one."""
    finish = _FINISHES.get(reason)
    if finish is None:
        raise WireError("the reply has no finish reason" if not reason else "the finish reason is unknown")
    return finish


def read_usage(usage: VendorUsage) -> Usage:
    """Details that exceed their total are cut to it: the totals are what is billed."""
    prompt, output = usage.prompt_tokens, usage.completion_tokens
    if type(prompt) is not int or not 0 <= prompt <= TOKENS_MAX:
        prompt = tokens(prompt)
    if type(output) is not int or not 0 <= output <= TOKENS_MAX:
        output = tokens(output)
    into, out_of = usage.prompt_tokens_details, usage.completion_tokens_details
    if into is None and out_of is None:
        return Usage(input=prompt, output=output)
    cached = kept = reasoning = 0
    if into is not None:
        if into.cached_tokens:
            cached = min(prompt, tokens(into.cached_tokens))
        if into.cache_write_tokens:
            kept = min(prompt - cached, tokens(into.cache_write_tokens))
    if out_of is not None and out_of.reasoning_tokens:
        reasoning = min(output, tokens(out_of.reasoning_tokens))
    return Usage(
        input=prompt - cached - kept,
        output=output,
        cached_input=cached,
        cache_write=kept,
        reasoning=reasoning,
    )


def tokens(count: int | float) -> int:
    """Raises `WireError` for what is no count of tokens."""
    if 0 <= count <= TOKENS_MAX and (type(count) is int or int(count) == count):
        return int(count)
    raise WireError("the usage holds a number that is no token count")


class _PromptDetails(Struct, gc=False):
    cached_tokens: int
    cache_write_tokens: int | UnsetType = UNSET


class _OutputDetails(Struct, gc=False):
    reasoning_tokens: int


class WrittenUsage(Struct):
    """The dialect's usage object."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: _PromptDetails
    completion_tokens_details: _OutputDetails


class _Plain(Struct, kw_only=True, gc=False):
    """A message of one text that cites nothing."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class _WrittenChoice(Struct, kw_only=True):
    index: int
    message: _Plain | dict[str, Any]
    logprobs: None = None
    finish_reason: str


class _Completion(Struct, kw_only=True):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[_WrittenChoice]
    usage: WrittenUsage
    signalbox: dict[str, Any] | UnsetType = UNSET


def write_usage(usage: Usage) -> WrittenUsage:
    prompt, output = usage.prompt, usage.output
    kept = usage.cache_write + usage.cache_write_1h
    return WrittenUsage(
        prompt,
        output,
        prompt + output,
        _PromptDetails(usage.cached_input, kept or UNSET),
        _OutputDetails(usage.reasoning),
    )


def write_reply(
    reply: Reply, *, id: str, model: str, extra: dict[str, Any] | None, created_s: int | None = None
) -> bytes:
    """`extra` travels as the top-level key `signalbox`, which SDKs keep and do not mind. `created_s` counts
    where the vendor's own time stamp does not."""
    cited: list[dict[str, Any]] = []
    body = _Completion(
        id=id,
        created=reply.created_s if created_s is None else created_s,
        model=model,
        choices=[_write_choice(choice, cited) for choice in reply.choices],
        usage=write_usage(reply.usage),
    )
    if cited:
        extra = {**(extra or {}), "citations": cited}
    if extra is not None:
        body.signalbox = extra
    return _encode(body)


def _write_choice(choice: Choice, cited: list[dict[str, Any]]) -> _WrittenChoice:
    """Citations that have no place in a message go to `cited`."""
    parts = choice.parts
    message: _Plain | dict[str, Any]
    if len(parts) == 1 and type(only := parts[0]) is Text and not only.citations:
        message = _Plain(content=only.text)
    else:
        message = _write_message(choice)
        for part in parts:
            if type(part) is Text:
                cited += [write_citation(choice.index, one) for one in part.citations if one.kind != "url"]
    return _WrittenChoice(index=choice.index, message=message, finish_reason=FINISHES[choice.finish])


def _write_message(choice: Choice) -> dict[str, Any]:
    text, refusal, thought, uses = choice.text, choice.refusal, choice.reasoning, choice.tool_uses
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if not text and (uses or refusal) else text,
        "refusal": refusal or None,
    }
    if thought:
        message["reasoning_content"] = thought
    _write_seals(choice, message)
    urls = [
        write_annotation(citation)
        for part in choice.parts
        if type(part) is Text
        for citation in part.citations
        if citation.kind == "url"
    ]
    if urls:
        message["annotations"] = urls
    if uses:
        message["tool_calls"] = [
            {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}
            for use in uses
        ]
    return message


def _write_seals(choice: Choice, message: dict[str, Any]) -> None:
    thoughts = [part for part in choice.parts if type(part) is Thinking]
    if any(thought.signature for thought in thoughts):
        message["reasoning_details"] = [write_detail(thought) for thought in thoughts]


def write_detail(thought: Thinking) -> dict[str, Any]:
    return {
        "type": "redacted_thinking" if thought.redacted else "thinking",
        "text": thought.text,
        "signature": thought.signature,
        "format": thought.format,
        "id": thought.id,
    }


def write_annotation(citation: Citation) -> dict[str, Any]:
    place = {"start_index": max(0, citation.start), "end_index": max(0, citation.end)}
    return {
        "type": "url_citation",
        "url_citation": {"url": citation.url, "title": citation.title, **place},
    }


def write_citation(choice: int, citation: Citation) -> dict[str, Any]:
    """A citation of the caller's own material, in the words of `domain.request.Citation`."""
    return {"choice": choice, **msgspec.to_builtins(citation)}
