"""The events of one stream → one `Reply`.

It does not look into the text, nor repair it. It holds the stream to the order that `domain.reply.Event`
states, so that a broken stream never becomes a reply.
"""

from msgspec import Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Choice,
    Cited,
    Event,
    Finished,
    FinishReason,
    Metered,
    PartEnded,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Said,
    Served,
    TextDelta,
    ThinkingSealed,
    ToolDelta,
)
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ThinkingFormat, ToolUse

_OfChoice = (
    TextDelta | ReasoningDelta | RefusalDelta | ToolDelta | ThinkingSealed | Cited | PartEnded | Finished
)


class IncompleteStream(ValueError):
    """The events do not make a reply. The text says what is missing or out of order, never content."""


class _Block(Struct):
    """One part while it grows. `key` is the tool call's index."""

    kind: type[Said]
    pieces: list[str]
    key: int = -1
    id: str = ""
    name: str = ""
    citations: list[Citation] = []
    signature: str = ""
    format: ThinkingFormat = ""
    redacted: bool = False


class _Gathered(Struct):
    """One choice while it grows: its blocks in the order of their beginnings, and the one that grows."""

    blocks: list[_Block]
    calls: dict[int, _Block]
    growing: _Block | None = None
    finish: FinishReason | None = None
    stop_word: str = ""


class Collector:
    """`add` every event, then ask for the `reply`."""

    __slots__ = ("_choices", "_place", "_served", "_usage")

    def __init__(self) -> None:
        self._choices: dict[int, _Gathered] = {}
        self._served: str | None = None
        self._place = ""
        self._usage: Usage | None = None

    def add(self, event: Event) -> None:
        """Raises `IncompleteStream` on an event that may not stand here."""
        if isinstance(event, Served):
            if self._served is not None or self._choices:
                raise IncompleteStream("the served model is told once, before any content")
            self._served, self._place = event.model, event.place
        elif self._usage is not None:
            raise IncompleteStream("an event follows the usage figures")
        elif isinstance(event, Metered):
            self._usage = event.usage
        else:
            self._add_to_choice(event)

    def reply(self) -> Reply:
        """The whole reply, choices in order of their index, parts in the order in which they began,
        tool calls among themselves by their number.

        Usage that was never told is `Usage(estimated=True)`, all zero. Raises `IncompleteStream` unless
        there is a choice and every choice has finished.
        """
        if not self._choices:
            raise IncompleteStream("the stream has no choice")
        return Reply(
            choices=tuple([_choice(index, self._choices[index]) for index in sorted(self._choices)]),
            usage=self._usage if self._usage is not None else Usage(estimated=True),
            served_model=self._served or "",
            served_place=self._place,
        )

    def so_far(self) -> tuple[Choice, ...]:
        """What has come of a stream that broke off; of a choice that has not finished, `finish` says nothing.
        A tool call may end anywhere in its arguments."""
        return tuple([_begun(index, self._choices[index]) for index in sorted(self._choices)])

    def _add_to_choice(self, event: _OfChoice) -> None:
        choice = self._choices.get(event.choice)
        if choice is None:
            choice = self._choices[event.choice] = _Gathered([], {})
        if choice.finish is not None:
            raise IncompleteStream(f"choice {event.choice} goes on after its finish")
        match event:
            case TextDelta():
                _growing(choice, Text).pieces.append(event.text)
            case ReasoningDelta():
                _growing(choice, Thinking).pieces.append(event.text)
            case RefusalDelta():
                _growing(choice, Refusal).pieces.append(event.text)
            case ToolDelta():
                _add_to_call(event, choice)
            case ThinkingSealed():
                _seal(event, choice)
            case Cited():
                _growing(choice, Text).citations.append(event.citation)
            case PartEnded():
                choice.growing = None
            case Finished():
                choice.finish, choice.stop_word = event.reason, event.stop_word


def _growing(choice: _Gathered, kind: type[Said]) -> _Block:
    """The block at hand if it is of this kind, else a new one."""
    block = choice.growing
    if block is None or block.kind is not kind:
        block = choice.growing = _Block(kind, [])
        choice.blocks.append(block)
    return block


def _seal(event: ThinkingSealed, choice: _Gathered) -> None:
    if event.redacted:
        choice.growing = None
    block = _growing(choice, Thinking)
    block.signature, block.format, block.redacted, block.id = (
        event.signature,
        event.format,
        event.redacted,
        event.id,
    )
    choice.growing = None


def _add_to_call(event: ToolDelta, choice: _Gathered) -> None:
    block = choice.calls.get(event.index)
    if block is not None:
        block.pieces.append(event.arguments)
    elif event.name:
        block = _Block(ToolUse, [event.arguments], event.index, event.id, event.name)
        choice.calls[event.index] = block
        choice.blocks.append(block)
        choice.growing = None
    else:
        raise IncompleteStream(f"tool call {event.index} begins without a name")


def _choice(index: int, gathered: _Gathered) -> Choice:
    if gathered.finish is None:
        raise IncompleteStream(f"choice {index} has no finish")
    return _begun(index, gathered)


def _begun(index: int, gathered: _Gathered) -> Choice:
    calls = iter([gathered.calls[key] for key in sorted(gathered.calls)])
    return Choice(
        index=index,
        parts=tuple([_part(next(calls) if block.kind is ToolUse else block) for block in gathered.blocks]),
        finish=gathered.finish or "stop",
        stop_word=gathered.stop_word,
    )


def _part(block: _Block) -> Said:
    text = "".join(block.pieces)
    if block.kind is ToolUse:
        return ToolUse(block.id, block.name, text)
    if block.kind is Thinking:
        return Thinking(text, block.signature, block.format, block.redacted, block.id)
    if block.kind is Refusal:
        return Refusal(text)
    return Text(text, citations=tuple(block.citations))
