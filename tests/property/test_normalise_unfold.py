"""What is unfolded into events is collected into the same reply."""

from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, FinishReason, Reply, Said
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ToolUse
from signalbox.normalise.collect import Collector
from signalbox.normalise.unfold import unfold

words = st.text(max_size=8)
citations = st.lists(st.builds(Citation, kind=st.just("char"), cited=words), max_size=2).map(tuple)
sealed = st.builds(
    Thinking, words, st.text(min_size=1, max_size=4), st.just("anthropic"), st.just(False), words
)
redacted = st.builds(Thinking, st.just(""), st.text(min_size=1, max_size=4), st.just("openai"), st.just(True))
parts: st.SearchStrategy[Said] = st.one_of(
    st.builds(Text, words, citations=citations),
    st.builds(Thinking, st.text(min_size=1, max_size=8)),
    sealed,
    redacted,
    st.builds(Refusal, words),
    st.builds(ToolUse, words, st.text(min_size=1, max_size=4), words),
)
finishes: st.SearchStrategy[FinishReason] = st.sampled_from(
    ["stop", "stop_sequence", "length", "tool_calls", "content_filter", "refusal"]
)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    choices = draw(st.lists(st.lists(parts, max_size=5).map(tuple), min_size=1, max_size=3))
    return Reply(
        choices=tuple(
            Choice(index=index, parts=said, finish=draw(finishes), stop_word=draw(words))
            for index, said in enumerate(choices)
        ),
        usage=Usage(input=draw(st.integers(0, 9)), output=draw(st.integers(0, 9))),
        served_model=draw(words),
        served_place=draw(words),
    )


@given(replies())
def test_collecting_what_was_unfolded_gives_the_reply(reply: Reply) -> None:
    collector = Collector()
    for event in unfold(reply):
        collector.add(event)
    assert collector.reply() == reply
