"""The events of one stream → one `Reply`.

It does not look into the text, nor repair it. It holds the stream to the order that `domain.reply.Event`
states, so that a broken stream never becomes a reply.
"""

from msgspec import Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Choice,
    Event,
    Finished,
    FinishReason,
    Metered,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Served,
    TextDelta,
    ToolDelta,
)
from signalbox.domain.request import ToolUse


class IncompleteStream(ValueError):
    """The events do not make a reply. The text says what is missing or out of order, never content."""


class _Call(Struct):
    id: str
    name: str
    arguments: list[str]


class _Gathered(Struct):
    text: list[str]
    reasoning: list[str]
    refusal: list[str]
    calls: dict[int, _Call]
    finish: FinishReason | None = None


class Collector:
    """`add` every event, then ask for the `reply`."""

    __slots__ = ("_choices", "_served", "_usage")

    def __init__(self) -> None:
        self._choices: dict[int, _Gathered] = {}
        self._served: str | None = None
        self._usage: Usage | None = None

    def add(self, event: Event) -> None:
        """Raises `IncompleteStream` on an event that may not stand here."""
        if isinstance(event, Served):
            if self._served is not None or self._choices:
                raise IncompleteStream("the served model is told once, before any content")
            self._served = event.model
        elif self._usage is not None:
            raise IncompleteStream("an event follows the usage figures")
        elif isinstance(event, Metered):
            self._usage = event.usage
        else:
            self._add_to_choice(event)

    def reply(self) -> Reply:
        """The whole reply, choices in order of their index, tool calls likewise.

        Usage that was never told is `Usage(estimated=True)`, all zero. Raises `IncompleteStream` unless
        there is a choice and every choice has finished.
        """
        if not self._choices:
            raise IncompleteStream("the stream has no choice")
        return Reply(
            choices=tuple([_choice(index, self._choices[index]) for index in sorted(self._choices)]),
            usage=self._usage if self._usage is not None else Usage(estimated=True),
            served_model=self._served or "",
        )

    def _add_to_choice(self, event: TextDelta | ReasoningDelta | RefusalDelta | ToolDelta | Finished) -> None:
        choice = self._choices.get(event.choice)
        if choice is None:
            choice = self._choices[event.choice] = _Gathered([], [], [], {})
        if choice.finish is not None:
            raise IncompleteStream(f"choice {event.choice} goes on after its finish")
        match event:
            case TextDelta():
                choice.text.append(event.text)
            case ReasoningDelta():
                choice.reasoning.append(event.text)
            case RefusalDelta():
                choice.refusal.append(event.text)
            case ToolDelta():
                _add_to_call(event, choice.calls)
            case Finished():
                choice.finish = event.reason


def _add_to_call(event: ToolDelta, calls: dict[int, _Call]) -> None:
    call = calls.get(event.index)
    if call is not None:
        call.arguments.append(event.arguments)
    elif event.name:
        calls[event.index] = _Call(event.id, event.name, [event.arguments])
    else:
        raise IncompleteStream(f"tool call {event.index} begins without a name")


def _choice(index: int, gathered: _Gathered) -> Choice:
    if gathered.finish is None:
        raise IncompleteStream(f"choice {index} has no finish")
    return Choice(
        index=index,
        text="".join(gathered.text),
        tool_uses=tuple(
            [
                ToolUse(call.id, call.name, "".join(call.arguments))
                for _, call in sorted(gathered.calls.items())
            ]
        ),
        refusal="".join(gathered.refusal),
        reasoning="".join(gathered.reasoning),
        finish=gathered.finish,
    )
