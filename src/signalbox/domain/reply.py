"""What a model answered, as one reply or as events; whichever vendor it was."""

from typing import Literal

from msgspec import Struct

from signalbox.domain.money import Usage
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ThinkingFormat, ToolUse

FinishReason = Literal[
    "stop",
    "stop_sequence",  # one of the caller's stop words
    "length",
    "context_window",  # the model's context was full before the output limit was reached
    "tool_calls",
    "content_filter",  # the vendor's filter cut it off
    "refusal",  # the model, or a safety classifier in front of it, declined
]

Said = Text | Thinking | ToolUse | Refusal


class Choice(Struct, frozen=True, kw_only=True):
    """`parts` in the order in which the model gave them. `stop_word` is the one that ended it."""

    index: int
    parts: tuple[Said, ...] = ()
    finish: FinishReason = "stop"
    stop_word: str = ""

    @property
    def text(self) -> str:
        return "".join([part.text for part in self.parts if type(part) is Text])

    @property
    def reasoning(self) -> str:
        return "".join([part.text for part in self.parts if type(part) is Thinking])

    @property
    def refusal(self) -> str:
        return "".join([part.text for part in self.parts if type(part) is Refusal])

    @property
    def tool_uses(self) -> tuple[ToolUse, ...]:
        return tuple([part for part in self.parts if type(part) is ToolUse])


class Reply(Struct, frozen=True, kw_only=True):
    """`served_model` and `served_place` are what the endpoint reported (empty if it reported nothing).

    `vectors` answer an embedding request: little-endian 32-bit floats, one for each text.
    """

    choices: tuple[Choice, ...]
    usage: Usage
    served_model: str = ""
    served_place: str = ""
    created_s: int = 0
    vectors: tuple[bytes, ...] = ()


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


class ThinkingSealed(Struct, frozen=True):
    """The vendor's seal on the thinking that came before, or, `redacted`, in its place: its block ends."""

    choice: int
    signature: str
    format: ThinkingFormat
    redacted: bool = False
    id: str = ""


class Cited(Struct, frozen=True):
    """A citation for the text block at hand."""

    choice: int
    citation: Citation


class PartEnded(Struct, frozen=True):
    """The block that the last delta belonged to is over: what follows begins another, even of its kind."""

    choice: int


class Finished(Struct, frozen=True):
    choice: int
    reason: FinishReason
    stop_word: str = ""


class Metered(Struct, frozen=True):
    """The vendor's usage figures; at most once, at the end."""

    usage: Usage


class Served(Struct, frozen=True):
    """The model name, and the place where known, that the endpoint reports; once, before any content."""

    model: str
    place: str = ""


Delta = TextDelta | ReasoningDelta | RefusalDelta | ToolDelta
Event = Delta | ThinkingSealed | Cited | PartEnded | Finished | Metered | Served
"""A stream is: Served?, any deltas (with seals, citations and ends of parts between them), a Finished per
choice, Metered?; then it ends. Anything else raises."""

CONTENT = (TextDelta, ReasoningDelta, RefusalDelta, ToolDelta, ThinkingSealed)
