"""A whole reply → the events of a stream that says the same: `collect` the other way round.

For a client that asked for a stream, of a reply that had to be seen whole first. It adds and checks nothing.
"""

from collections.abc import Iterator

from signalbox.domain.reply import (
    Choice,
    Cited,
    Event,
    Finished,
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
from signalbox.domain.request import Refusal, Text, Thinking, ToolUse


def unfold(reply: Reply) -> Iterator[Event]:
    """In the order that `domain.reply.Event` states. Each part is one delta."""
    if reply.served_model or reply.served_place:
        yield Served(reply.served_model, reply.served_place)
    for choice in reply.choices:
        yield from _choice(choice)
    yield Metered(reply.usage)


def _choice(choice: Choice) -> Iterator[Event]:
    index, calls = choice.index, 0
    before: Said | None = None
    for part in choice.parts:
        if before is not None and type(before) is type(part) and not isinstance(part, ToolUse):
            yield PartEnded(index)
        match part:
            case Text():
                yield TextDelta(index, part.text)
                for citation in part.citations:
                    yield Cited(index, citation)
            case Thinking():
                if part.text:
                    yield ReasoningDelta(index, part.text)
                if part.signature or part.id:
                    yield ThinkingSealed(index, part.signature, part.format, part.redacted, part.id)
            case Refusal():
                yield RefusalDelta(index, part.text)
            case ToolUse():
                yield ToolDelta(index, calls, part.arguments, part.id, part.name)
                calls += 1
        before = part
    yield Finished(index, choice.finish, choice.stop_word)
