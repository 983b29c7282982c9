"""What a model answered, as one reply or as events; whichever vendor it was."""

from typing import Literal

from msgspec import Struct

from signalbox.domain.money import Usage
from signalbox.domain.request import ToolUse

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Choice(Struct, frozen=True, kw_only=True):
    index: int
    text: str = ""
    tool_uses: tuple[ToolUse, ...] = ()
    refusal: str = ""
    reasoning: str = ""
    finish: FinishReason = "stop"


class Reply(Struct, frozen=True, kw_only=True):
    """`served_model` is the name that the endpoint reported (empty if it reported none)."""

    choices: tuple[Choice, ...]
    usage: Usage
    served_model: str = ""
    created_s: int = 0


class TextDelta(Struct, frozen=True):
    choice: int
    text: str


class ReasoningDelta(Struct, frozen=True):
    choice: int
    text: str


class RefusalDelta(Struct, frozen=True):
    choice: int
    text: str


class ToolDelta(Struct, frozen=True):
    """A piece of tool call number `index` of a choice; `id` and `name` come with its first piece."""

    choice: int
    index: int
    arguments: str
    id: str = ""
    name: str = ""


class Finished(Struct, frozen=True):
    choice: int
    reason: FinishReason


class Metered(Struct, frozen=True):
    """The vendor's usage figures; at most once, at the end."""

    usage: Usage


class Served(Struct, frozen=True):
    """The model name that the endpoint reports; at most once, before any content."""

    model: str


Event = TextDelta | ReasoningDelta | RefusalDelta | ToolDelta | Finished | Metered | Served
"""A stream is: Served?, any deltas, a Finished per choice, Metered?; then it ends. Anything else raises."""

CONTENT = (TextDelta, ReasoningDelta, RefusalDelta, ToolDelta)
