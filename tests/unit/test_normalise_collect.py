"""Events folded into a reply, and streams that are none."""

import pytest

from signalbox.domain.money import Usage
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
    Served,
    TextDelta,
    ThinkingSealed,
    ToolDelta,
)
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ToolUse
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
            Choice(
                index=0,
                parts=(
                    Thinking("hm"),
                    Text("ab"),
                    ToolUse("c0", "f", '{"a":1}'),
                    ToolUse("c1", "g", "{}"),
                    Refusal("no"),
                ),
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


def test_parts_keep_their_order_seals_and_citations() -> None:
    page = Citation(kind="page", cited="as is", source=0, start=1, end=2)
    reply = collect(
        ReasoningDelta(0, "first "),
        ReasoningDelta(0, "thought"),
        ThinkingSealed(0, "sig-1", "anthropic"),
        ThinkingSealed(0, "hidden", "anthropic", redacted=True),
        TextDelta(0, "one"),
        Cited(0, page),
        PartEnded(0),
        TextDelta(0, "two"),
        ToolDelta(0, 0, "{}", "c", "f"),
        ReasoningDelta(0, "second thought"),
        TextDelta(0, "three"),
        Finished(0, "stop_sequence", "END"),
    )
    assert reply.choices == (
        Choice(
            index=0,
            parts=(
                Thinking("first thought", "sig-1", "anthropic"),
                Thinking("", "hidden", "anthropic", redacted=True),
                Text("one", citations=(page,)),
                Text("two"),
                ToolUse("c", "f", "{}"),
                Thinking("second thought"),
                Text("three"),
            ),
            finish="stop_sequence",
            stop_word="END",
        ),
    )
