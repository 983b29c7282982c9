"""Events folded into a reply, and streams that are none."""

import pytest

from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Event,
    Finished,
    Metered,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Served,
    TextDelta,
    ToolDelta,
)
from signalbox.domain.request import ToolUse
from signalbox.normalise.collect import Collector, IncompleteStream
from signalbox.testing import values

STOP = Finished(0, "stop")


def collect(*events: Event) -> Reply:
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.reply()


def test_a_stream_becomes_a_reply() -> None:
    assert collect(
        Served("m"),
        TextDelta(1, "x"),
        ReasoningDelta(0, "h"),
        ReasoningDelta(0, "m"),
        TextDelta(0, "a"),
        TextDelta(0, "b"),
        Finished(1, "length"),
        ToolDelta(0, 1, "{}", "c1", "g"),
        ToolDelta(0, 0, '{"a"', "c0", "f"),
        ToolDelta(0, 0, ":1}"),
        RefusalDelta(0, "no"),
        Finished(0, "tool_calls"),
        Metered(Usage(input=3, output=4)),
    ) == Reply(
        choices=(
            values.choice(
                index=0,
                text="ab",
                tool_uses=(ToolUse("c0", "f", '{"a":1}'), ToolUse("c1", "g", "{}")),
                refusal="no",
                reasoning="hm",
                finish="tool_calls",
            ),
            values.choice(index=1, text="x", finish="length"),
        ),
        usage=Usage(input=3, output=4),
        served_model="m",
    )


def test_usage_that_was_not_told_is_marked() -> None:
    assert collect(STOP) == Reply(choices=(values.choice(index=0),), usage=Usage(estimated=True))


@pytest.mark.parametrize(
    "events",
    [
        (),
        (Served("m"), Metered(Usage())),
        (TextDelta(0, "a"),),
        (STOP, TextDelta(1, "a")),
        (STOP, TextDelta(0, "a")),
        (STOP, STOP),
        (STOP, Served("m")),
        (Served("m"), Served("m"), STOP),
        (STOP, Metered(Usage()), Metered(Usage())),
        (STOP, Metered(Usage()), TextDelta(1, "a")),
        (ToolDelta(0, 0, "{}"), STOP),
    ],
)
def test_what_is_no_whole_stream_is_refused(events: tuple[Event, ...]) -> None:
    with pytest.raises(IncompleteStream):
        collect(*events)
