"""A `Reply` → the client's Responses object, and what its stream has in common with it.

Responses knows one answer, not several choices. Ids of items are made from the response's own, so that the
same reply has the same bytes. Thinking is shown as a summary with its seal in `encrypted_content`
(`openai_responses_seal`). Citations of URLs are annotations; others are listed in `signalbox.citations`.
"""

from typing import Any, Final

import msgspec

from signalbox.domain.money import Usage
from signalbox.domain.reply import FinishReason, Reply, Said
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ToolUse
from signalbox.wires import openai_responses_body as wire
from signalbox.wires.openai_chat_reply import write_citation
from signalbox.wires.openai_responses_read import ResponsesCall
from signalbox.wires.openai_responses_seal import write_seal

encode: Final = msgspec.json.Encoder().encode
_CUT: Final[dict[FinishReason, str]] = {
    "length": "max_output_tokens",
    "context_window": "max_output_tokens",
    "content_filter": "content_filter",
}
"""What the dialect calls an answer that is not whole; all others are `completed`."""


def cut_by(finish: FinishReason, refused: bool) -> str:
    """Why the answer is `incomplete`, empty if it is not. A model that declined without saying so in a
    refusal was stopped by a filter, as far as this dialect can say."""
    return "content_filter" if finish == "refusal" and not refused else _CUT.get(finish, "")


class Envelope:
    """The response object around its output: what is the same in each telling of it is encoded once."""

    __slots__ = ("_after", "_before", "suffix")

    def __init__(self, id: str, created_s: int, call: ResponsesCall, model: str) -> None:
        self.suffix = id.removeprefix("resp_")
        self._before = b'{"id":%b,"object":"response","created_at":%d,"model":%b,' % (
            encode(id),
            created_s,
            encode(model),
        )
        self._after = encode(_echo(call))[1:-1]

    def item_id(self, prefix: str, place: int) -> str:
        return f"{prefix}_{self.suffix}_{place}"

    def encode(
        self,
        status: str,
        output: list[dict[str, Any]],
        *,
        cut: str = "",
        usage: Usage | None = None,
        error: dict[str, Any] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> bytes:
        rider = b',"signalbox":' + encode(extra) if extra is not None else b""
        return b'%b"status":"%b","error":%b,"incomplete_details":%b,"output":%b,"usage":%b,%b%b}' % (
            self._before,
            status.encode(),
            encode(error),
            encode({"reason": cut} if cut else None),
            encode(output),
            encode(write_usage(usage) if usage is not None else None),
            self._after,
            rider,
        )


def _echo(call: ResponsesCall) -> dict[str, Any]:
    """What of the request the reply repeats, with the values that count where nothing was said."""
    asked = call.asked
    text = asked.text or wire.TextConfig()
    reasoning = asked.reasoning or wire.Reasoning()
    return {
        "instructions": asked.instructions,
        "metadata": asked.metadata or {},
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "max_output_tokens": asked.max_output_tokens,
        "tools": asked.tools or [],
        "tool_choice": asked.tool_choice or "auto",
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "reasoning": {"effort": reasoning.effort, "summary": reasoning.summary},
        "text": {"format": text.format or wire.TextFormat(), "verbosity": text.verbosity or "medium"},
        "user": asked.user,
        "prompt_cache_key": asked.prompt_cache_key,
        "safety_identifier": asked.safety_identifier,
        "store": False,
        "background": False,
        "previous_response_id": None,
        "conversation": None,
        "max_tool_calls": None,
        "service_tier": "default",
        "truncation": "disabled",
        "top_logprobs": 0,
    }


def write_usage(usage: Usage) -> dict[str, Any]:
    """The dialect's usage object: its input holds all of the prompt."""
    prompt = usage.prompt
    return {
        "input_tokens": prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input,
            "cache_write_tokens": usage.cache_write + usage.cache_write_1h,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": prompt + usage.output,
    }


def write_reply(
    reply: Reply,
    *,
    id: str,
    created_s: int,
    call: ResponsesCall,
    model: str,
    extra: dict[str, Any] | None = None,
) -> bytes:
    """`extra` travels as the top-level key `signalbox`, which SDKs keep and do not mind."""
    envelope = Envelope(id, created_s, call, model)
    (choice,) = reply.choices
    cut = cut_by(choice.finish, any(type(part) is Refusal for part in choice.parts))
    output: list[dict[str, Any]] = []
    for part in choice.parts:
        _write_part(part, output, envelope)
    status = "incomplete" if cut else "completed"
    if cut and output and output[-1]["type"] != "reasoning":
        output[-1]["status"] = "incomplete"
    cited = [
        write_citation(0, citation)
        for part in choice.parts
        if type(part) is Text and part.citations
        for citation in part.citations
        if citation.kind != "url"
    ]
    if cited:
        extra = {**(extra or {}), "citations": cited}
    return envelope.encode(status, output, cut=cut, usage=reply.usage, extra=extra)


def _write_part(part: Said, output: list[dict[str, Any]], envelope: Envelope) -> None:
    """A part of its own, or one more of the message that came last."""
    match part:
        case Thinking():
            output.append(reasoning_item(part, envelope.item_id("rs", len(output))))
        case ToolUse():
            place = len(output)
            call_id = part.id or envelope.item_id("call", place)
            output.append(call_item(envelope.item_id("fc", place), call_id, part.name, part.arguments))
        case _:
            if not output or output[-1]["type"] != "message":
                output.append(message_item(envelope.item_id("msg", len(output)), []))
            output[-1]["content"].append(content_part(part))


def message_item(id: str, content: list[dict[str, Any]], status: str = "completed") -> dict[str, Any]:
    return {"id": id, "type": "message", "status": status, "role": "assistant", "content": content}


def content_part(part: Text | Refusal) -> dict[str, Any]:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    marks = [annotation(citation) for citation in part.citations if citation.kind == "url"]
    return text_part(part.text, marks)


def text_part(text: str, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}


def annotation(citation: Citation) -> dict[str, Any]:
    place = {"start_index": max(0, citation.start), "end_index": max(0, citation.end)}
    return {"type": "url_citation", "url": citation.url, "title": citation.title, **place}


def call_item(id: str, call_id: str, name: str, arguments: str, status: str = "completed") -> dict[str, Any]:
    return {
        "id": id,
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def reasoning_item(thought: Thinking, id: str) -> dict[str, Any]:
    """A summary of one text, or none where there is nothing to read."""
    summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
    sealed = write_seal(thought, id)
    item: dict[str, Any] = {"id": id, "type": "reasoning", "summary": summary}
    return {**item, "encrypted_content": sealed} if sealed is not None else item
