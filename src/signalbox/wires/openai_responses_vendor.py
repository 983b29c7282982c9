"""A vendor's whole Responses reply → `Reply`.

Vendors add fields, so unknown ones are passed over; what is used is held to its type. Items of kinds that are
never asked for (hosted tools) are refused: what they did was egress of its own. It does not check what the
model said: that is `normalise`.
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, FinishReason, Reply, Said
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ToolUse
from signalbox.wires.errors import VendorError, WireError
from signalbox.wires.openai_chat_error import read_error
from signalbox.wires.openai_chat_reply import TOKENS_MAX, Place, tokens

PARAGRAPH: Final = "\n\n"
"""Between the texts of one reasoning item."""

_CUT: Final[dict[str, FinishReason]] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}


class _InputDetails(Struct):
    cached_tokens: int | float | None = None
    cache_write_tokens: int | float | None = None


class _OutputDetails(Struct):
    reasoning_tokens: int | float | None = None


class VendorUsage(Struct):
    input_tokens: int | float
    output_tokens: int | float
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class VendorPart(Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    annotations: Any = None


class VendorItem(Struct):
    type: str
    id: str | None = None
    content: list[VendorPart] | None = None
    summary: list[VendorPart] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


class _Incomplete(Struct):
    reason: str | None = None


class _Failed(Struct):
    code: str | None = None
    message: str | None = None
    type: str | None = None


class VendorResponse(Struct):
    status: str | None = None
    model: str | None = None
    created_at: int | float | None = None
    incomplete_details: _Incomplete | None = None
    usage: VendorUsage | None = None
    error: _Failed | None = None


class _Reply(VendorResponse):
    output: list[VendorItem] | None = None


class _Annotation(Struct):
    type: Literal["url_citation"]
    url: str
    title: str = ""
    start_index: Place = -1
    end_index: Place = -1


_decode: Final = msgspec.json.Decoder(_Reply).decode


def read_reply(body: bytes) -> Reply:
    """Raises `WireError` if this is not a complete reply, with the vendor's error if it is one.

    A vendor that reports no usage leaves `Usage(estimated=True)`, all zero, for the caller to fill in.
    """
    try:
        response = _decode(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the reply is not a response: {error}") from None
    if response.status is None or response.output is None:
        raise WireError("the reply is no response", read_error(200, body))
    parts: list[Said] = []
    for item in response.output:
        parts += read_item(item)
    called = any(type(part) is ToolUse for part in parts)
    choice = Choice(index=0, parts=tuple(parts), finish=read_status(response, called))
    created = response.created_at
    return Reply(
        choices=(choice,),
        usage=read_usage(response.usage),
        served_model=response.model or "",
        created_s=int(created) if created and 0 < created <= TOKENS_MAX else 0,
    )


def read_item(item: VendorItem) -> list[Said]:
    """What one item of the output says; nothing for reasoning that was kept from us."""
    match item.type:
        case "message":
            return [_read_part(part) for part in item.content or ()]
        case "function_call":
            if not item.name:
                raise WireError("a function call of the reply has no name")
            return [ToolUse(item.call_id or item.id or "", item.name, item.arguments or "")]
        case "reasoning":
            text = PARAGRAPH.join([part.text or "" for part in (item.summary or item.content or ())])
            sealed = item.encrypted_content
            if sealed:
                return [Thinking(text, sealed, "openai", id=item.id or "")]
            return [Thinking(text)] if text else []
        case _:
            raise unknown_item()


def unknown_item() -> WireError:
    return WireError("the reply holds an item of a kind that was not asked for")


def _read_part(part: VendorPart) -> Text | Refusal:
    if part.type == "output_text" and part.text is not None:
        return Text(part.text, citations=read_annotations(part.annotations) if part.annotations else ())
    if part.type == "refusal" and part.refusal is not None:
        return Refusal(part.refusal)
    raise WireError("a message of the reply holds a part that is neither text nor refusal")


def read_annotations(annotations: Any) -> tuple[Citation, ...]:
    """Citations of URLs; other kinds speak of files at the vendor, of which none is ever named to it."""
    found = []
    for annotation in annotations if isinstance(annotations, list) else ():
        try:
            one = msgspec.convert(annotation, _Annotation)
        except msgspec.ValidationError:
            continue
        found.append(
            Citation(kind="url", url=one.url, title=one.title, start=one.start_index, end=one.end_index)
        )
    return tuple(found)


def read_status(response: VendorResponse, called: bool) -> FinishReason:
    """How the answer ended. Raises `WireError`, with the vendor's error, if it is no answer."""
    match response.status:
        case "completed":
            return "tool_calls" if called else "stop"
        case "incomplete":
            details = response.incomplete_details
            finish = _CUT.get((details.reason if details is not None else None) or "")
            if finish is None:
                raise WireError("the reply is incomplete for an unknown reason")
            return finish
        case "failed":
            raise WireError("the response failed", said(response.error))
        case _:
            raise WireError("the response has an unknown status")


def said(error: _Failed | None) -> VendorError | None:
    """The vendor's own words, bounded as those of an error body."""
    return read_error(200, msgspec.json.encode({"error": error})) if error is not None else None


def read_usage(usage: VendorUsage | None) -> Usage:
    """Disjoint counts: `input_tokens` includes the cached ones. Details that exceed their total are cut to
    it: the totals are what is billed."""
    if usage is None:
        return Usage(estimated=True)
    prompt, output = tokens(usage.input_tokens), tokens(usage.output_tokens)
    cached = kept = reasoning = 0
    if usage.input_tokens_details is not None:
        cached = min(prompt, tokens(usage.input_tokens_details.cached_tokens or 0))
        kept = min(prompt - cached, tokens(usage.input_tokens_details.cache_write_tokens or 0))
    if usage.output_tokens_details is not None:
        reasoning = min(output, tokens(usage.output_tokens_details.reasoning_tokens or 0))
    return Usage(
        input=prompt - cached - kept,
        output=output,
        cached_input=cached,
        cache_write=kept,
        reasoning=reasoning,
    )
