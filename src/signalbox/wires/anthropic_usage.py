"""Token counts and stop reasons of the Messages dialect ↔ the domain's, for whole replies and streams.

The dialect's input counts are disjoint, as ours are. It does not price them.
"""

from typing import Any, Final

from msgspec import Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import FinishReason
from signalbox.wires.errors import WireError

TOKENS_MAX: Final = 2**53 - 1
_FINISHES: Final[dict[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "context_window",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}
_STOPS: Final[dict[FinishReason, str]] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "context_window": "model_context_window_exceeded",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
}
_NO_PLACE: Final = ("", "not_available")


class CacheCreation(Struct):
    ephemeral_5m_input_tokens: int | float | None = None
    ephemeral_1h_input_tokens: int | float | None = None


class OutputDetails(Struct):
    thinking_tokens: int | float | None = None


class VendorUsage(Struct):
    """Of a reply, or of a `message_delta`, where what is absent is as `message_start` said."""

    input_tokens: int | float | None = None
    output_tokens: int | float | None = None
    cache_creation_input_tokens: int | float | None = None
    cache_read_input_tokens: int | float | None = None
    cache_creation: CacheCreation | None = None
    output_tokens_details: OutputDetails | None = None
    inference_geo: str | None = None


def read_finish(reason: str | None) -> FinishReason:
    """An unknown reason is refused: an aborted answer must not pass for a whole one."""
    finish = _FINISHES.get(reason or "")
    if finish is not None:
        return finish
    if reason == "pause_turn":
        raise WireError("the reply paused for a tool that the vendor hosts, and none was asked for")
    raise WireError("the reply has no stop reason" if not reason else "the stop reason is unknown")


def write_finish(finish: FinishReason, calls: bool, refused: bool) -> str:
    """`calls`: the answer holds tool calls, which this dialect always says in its stop reason; `refused`:
    it holds a refusal, for which the dialect has no other place."""
    if refused:
        return "refusal"
    return "tool_use" if calls and finish == "stop" else _STOPS[finish]


def read_place(usage: VendorUsage | None) -> str:
    """Where inference ran, in the vendor's words; empty where it does not say."""
    place = usage.inference_geo if usage is not None else None
    return "" if place is None or place in _NO_PLACE else place


def merged(first: VendorUsage | None, last: VendorUsage) -> VendorUsage:
    """Counts of a stream are cumulative: the last word on each holds."""
    if first is None:
        return last
    for field in VendorUsage.__struct_fields__:
        if getattr(last, field) is None:
            setattr(last, field, getattr(first, field))
    return last


def read_usage(usage: VendorUsage) -> Usage:
    """Details that exceed their total are cut to it: the totals are what is billed."""
    written = _tokens(usage.cache_creation_input_tokens)
    output = _tokens(usage.output_tokens)
    hour = reasoning = 0
    if usage.cache_creation is not None:
        hour = _tokens(usage.cache_creation.ephemeral_1h_input_tokens)
        if usage.cache_creation_input_tokens is None:
            written = hour + _tokens(usage.cache_creation.ephemeral_5m_input_tokens)
        hour = min(hour, written)
    if usage.output_tokens_details is not None:
        reasoning = min(output, _tokens(usage.output_tokens_details.thinking_tokens))
    return Usage(
        input=_tokens(usage.input_tokens),
        output=output,
        cached_input=_tokens(usage.cache_read_input_tokens),
        cache_write=written - hour,
        cache_write_1h=hour,
        reasoning=reasoning,
    )


def _tokens(count: int | float | None) -> int:
    if count is None:
        return 0
    if 0 <= count <= TOKENS_MAX and (type(count) is int or int(count) == count):
        return int(count)
    raise WireError("the usage holds a number that is no token count")


def write_usage(usage: Usage) -> dict[str, Any]:
    """The dialect's usage object."""
    written: dict[str, Any] = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cached_input,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.output,
    }
    if usage.reasoning:
        written["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return written
