"""Whatever passes the check of content and room is drawn: nothing overflows or overlaps, and it reopens."""

import io
from typing import Any, get_args

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pptx import Presentation

from signalbox.workloads.powerpoint import content, fits, pages
from signalbox.workloads.powerpoint.content import (
    ChartContent,
    ChartKind,
    Layout,
    Series,
    Side,
    SlideContent,
    TableContent,
    Theme,
)
from signalbox.workloads.powerpoint.grid import HEIGHT, RULES, SLOTS, WIDTH
from signalbox.workloads.powerpoint.metrics import wrap
from signalbox.workloads.powerpoint.render import render
from signalbox.workloads.powerpoint.reopened import reopened
from signalbox.workloads.powerpoint.shapes import Shape

WORDS = st.one_of(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=18
    ),
    st.sampled_from(
        (
            "Revenue",
            "12 %",
            "the",
            "supercalifragilistic",
            "a&b<c>",
            "Straßenbahnhaltestelle",
            "売上高",
            "WWWWWW",
            "iii",
            "…",
        )
    ),
)
LINES = st.lists(WORDS, min_size=1, max_size=9).map(" ".join)
LABELS = st.text("abcXYZ &<é9売", min_size=1, max_size=20)
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(0, 5_000).map(float)
SIDES = st.builds(Side, LABELS, st.lists(LINES, min_size=1, max_size=5).map(tuple))


@st.composite
def tables(draw: st.DrawFn) -> TableContent:
    columns = draw(st.integers(1, 4))
    row = st.lists(LABELS, min_size=columns, max_size=columns).map(tuple)
    return TableContent(draw(row), tuple(draw(st.lists(row, min_size=1, max_size=16))))


@st.composite
def charts(draw: st.DrawFn) -> ChartContent:
    count = draw(st.integers(1, 12))
    values = st.lists(NUMBERS, min_size=count, max_size=count).map(tuple)
    series = draw(st.lists(st.builds(Series, LABELS, values), min_size=1, max_size=4).map(tuple))
    names = draw(st.lists(LABELS, min_size=count, max_size=count).map(tuple))
    return ChartContent(draw(st.sampled_from(get_args(ChartKind))), names, series, draw(st.just("") | LABELS))


@st.composite
def slides(draw: st.DrawFn) -> SlideContent:
    layout: Layout = draw(st.sampled_from(get_args(Layout)))
    bullets = st.lists(LINES, min_size=1, max_size=7).map(tuple)
    fields: dict[Layout, dict[str, Any]] = {
        "title": {"subtitle": draw(st.just("") | LINES)},
        "section": {"subtitle": draw(st.just("") | LINES)},
        "bullets": {"bullets": draw(bullets)},
        "two-column": {"left": draw(SIDES), "right": draw(SIDES)},
        "table": {"table": draw(tables()) if layout == "table" else None},
        "chart": {"chart": draw(charts()) if layout == "chart" else None},
        "quote": {"quote": draw(LINES), "subtitle": draw(LINES)},
    }
    more = fields[layout]
    if layout == "chart":
        more["bullets"] = draw(st.just(()) | bullets)
    return SlideContent(layout=layout, title=draw(LINES), notes=draw(LINES), **more)


def passes(slide: SlideContent) -> bool:
    return not content.complaints(slide) and not pages.complaints(slide)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(slides(), st.sampled_from(get_args(Theme)))
def test_what_passes_is_drawn_within_its_room_and_reopens(slide: SlideContent, theme: Theme) -> None:
    assume(passes(slide))
    laid_out = pages.lay_out(slide)
    drawn = render(laid_out, theme)
    file = reopened(drawn)
    assert (file.width, file.height) == (WIDTH, HEIGHT)
    assert [fits.complaints(shapes, WIDTH, HEIGHT) for shapes in file.slides] == [()] * len(laid_out)
    shown = "".join(said(shapes) for shapes in file.slides)
    for text in content.texts(content.tidy(slide)):
        unseen = (slide.notes.strip(), *chart_words(slide), slide.title if slide.layout == "quote" else "")
        if squeezed(text) not in map(squeezed, unseen):
            assert squeezed(text) in squeezed(shown)
    deck = Presentation(io.BytesIO(drawn))
    assert all(each.notes_slide.notes_text_frame.text for each in deck.slides) == bool(slide.notes.strip())


@settings(deadline=None, max_examples=50)
@given(LINES, st.floats(12, 54), st.floats(60, 900))
def test_larger_text_never_takes_fewer_lines_and_a_wider_box_never_more(
    text: str, size: float, width: float
) -> None:
    lines = wrap(text, size, width).lines
    assert wrap(text, size * 1.2, width).lines >= lines
    assert wrap(text, size, width * 1.2).lines <= lines


@given(st.sampled_from(get_args(Layout)))
def test_no_two_places_of_a_layout_overlap_each_other_or_its_rules(layout: Layout) -> None:
    places = tuple(Shape(name=slot.name, frame=slot.frame) for slot in SLOTS[layout])
    assert fits.complaints(places, WIDTH, HEIGHT) == ()
    for rule in RULES[layout]:
        for place in places:
            both = (place, Shape(name="rule", frame=rule.frame))
            assert fits.complaints(both, WIDTH, HEIGHT) == ()


def said(shapes: tuple[Shape, ...]) -> str:
    return " ".join(line.text for shape in shapes for each in (shape, *shape.cells) for line in each.lines)


def squeezed(text: str) -> str:
    return "".join(text.split()).strip('"“”„')


def chart_words(slide: SlideContent) -> tuple[str, ...]:
    if slide.chart is None:
        return ()
    return (*slide.chart.categories, *(each.name for each in slide.chart.series), slide.chart.unit)
