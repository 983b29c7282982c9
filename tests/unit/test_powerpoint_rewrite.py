"""A shape's text in other words: the same box, the same formatting, and nothing else of the deck changed."""

import io
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pptx import Presentation
from pptx.util import Pt

from signalbox.domain.errors import AttemptsExhausted, MalformedRequest
from signalbox.testing.workload_replies import BROKEN, Broken, Trial, answered, bear
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.powerpoint import WORKLOADS
from signalbox.workloads.powerpoint.editing import NoSuchShape, put, select
from signalbox.workloads.powerpoint.rewrite import Rewritten, rewrite
from signalbox.workloads.registry import File, Registry, Result

SHAPE = 4
OLD = ("The revenue of the works was rising to 4.2 million EUR", "Two cranes were out of service in August")
NEW = "The works' revenue rose to 4.2 million EUR"


def deck(*, height: int = 60) -> bytes:
    """A text box with two paragraphs, the first of three runs, of which the middle one is bold and red."""
    made = Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "The third quarter"
    slide.shapes.add_textbox(Pt(10), Pt(10), Pt(100), Pt(20)).text_frame.text = "beside"
    box = slide.shapes.add_textbox(Pt(50), Pt(200), Pt(500), Pt(height))
    assert box.shape_id == SHAPE
    box.text_frame.word_wrap = True
    first = box.text_frame.paragraphs[0]
    for text, bold in (
        ("The revenue of the works ", False),
        ("was rising", True),
        (" to 4.2 million EUR", False),
    ):
        run = first.add_run()
        run.text, run.font.bold, run.font.size = text, bold, Pt(18)
    second = box.text_frame.add_paragraph()
    second.text = OLD[1]
    second.runs[0].font.size = Pt(18)
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def shape(content: bytes) -> Any:
    return next(each for each in Presentation(io.BytesIO(content)).slides[0].shapes if each.shape_id == SHAPE)


def said(text: str) -> str:
    return msgspec.json.encode({"new_text": text}).decode()


async def run(asker: PipelineAsker) -> Rewritten:
    return await rewrite(asker, select(deck(), 1, SHAPE), "make it plainer")


TRIAL = Trial(
    feature="powerpoint/rewrite",
    run=run,
    good=(said(NEW), said(OLD[1])),
    foreign=said("Der Umsatz der Werke ist auf 4.2 million EUR gestiegen und das ist gut für die Kasse"),
)


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_a_broken_reply_is_borne(broken: Broken) -> None:
    await bear(TRIAL, broken)


async def test_what_stays_keeps_its_formatting_and_the_rest_of_the_deck_is_untouched() -> None:
    made = Registry(WORKLOADS).find("powerpoint", "rewrite")
    file = File("deck.pptx", deck())

    async def operation(asker: PipelineAsker) -> Result:
        params = {"slide": 1, "shape_id": SHAPE, "instruction": "make it plainer"}
        return await made.run(asker, *made.read(params, (file,)))

    result = await answered(operation, said("The revenue of the works rose to 4.2 million EUR"), said(OLD[1]))
    assert msgspec.to_builtins(result.answer) == {
        "shape_id": SHAPE,
        "text": f"The revenue of the works rose to 4.2 million EUR\n{OLD[1]}",
    }
    after = result.files[0].content
    runs = [(each.text, each.font.bold) for each in shape(after).text_frame.paragraphs[0].runs]
    assert runs == [("The revenue of the works ", False), ("rose", True), (" to 4.2 million EUR", False)]
    before = {each.shape_id: each for each in Presentation(io.BytesIO(deck())).slides[0].shapes}
    for each in Presentation(io.BytesIO(after)).slides[0].shapes:
        if each.shape_id != SHAPE:
            assert each.text_frame.text == before[each.shape_id].text_frame.text


async def test_what_does_not_fit_the_box_is_asked_for_again_and_then_refused() -> None:
    long = said(f"{NEW}, which is what the works had hoped for, and what they were told by the office, too")

    async def small(asker: PipelineAsker) -> Rewritten:
        return await rewrite(asker, select(deck(height=52), 1, SHAPE), "say more")

    made = await answered(small, long, said(NEW), said(OLD[1]))
    assert made.texts == {(0, 0): NEW}
    with pytest.raises(AttemptsExhausted):
        await answered(small, long)

    async def large(asker: PipelineAsker) -> Rewritten:
        return await rewrite(asker, select(deck(height=200), 1, SHAPE), "say more")

    assert (await answered(large, long, said(OLD[1]))).texts


@given(st.text("abc XY.", min_size=1, max_size=60).filter(str.strip))
def test_the_runs_of_a_paragraph_say_the_new_text_whatever_it_is(new: str) -> None:
    after = put(CONTENT, 1, SHAPE, {(0, 0): new})
    assert shape(after).text_frame.paragraphs[0].text == new
    assert shape(after).text_frame.paragraphs[1].text == OLD[1]


CONTENT = deck()


@pytest.mark.parametrize(("slide", "ident"), [(1, 99), (2, SHAPE)])
def test_a_shape_that_is_not_there_is_answered_with_those_that_are(slide: int, ident: int) -> None:
    with pytest.raises(NoSuchShape, match=r"shape 99 with text: with text are 2|no slide 2: it has 1"):
        select(CONTENT, slide, ident)


def test_no_deck_is_rewritten_without_a_file() -> None:
    made = Registry(WORKLOADS).find("powerpoint", "rewrite")
    with pytest.raises(MalformedRequest):
        made.read({"slide": 1, "shape_id": 2, "instruction": "x"}, ())
