"""A deck's outline: which slides, of what kind, resting on which paragraphs. The first of the two steps that
a deck is made in, since a small model that is asked for a whole deck at once loses the thread."""

from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from signalbox.workloads.asking import Asker
from signalbox.workloads.chunking import Chunk
from signalbox.workloads.contract import Contract, Example, Question, narrowed
from signalbox.workloads.grounding import Source
from signalbox.workloads.language import is_foreign, language_of
from signalbox.workloads.powerpoint import content, pages
from signalbox.workloads.powerpoint.content import Layout, SlideContent
from signalbox.workloads.powerpoint.material import Material, layouts_for

SLIDES_MAX: Final = 40
_TITLE_MAX: Final = 80
_CITED_MAX: Final = 8

Title = Annotated[str, Meta(min_length=1, max_length=_TITLE_MAX)]


class Planned(Struct, frozen=True, forbid_unknown_fields=True):
    """`source_para`: ids of what the slide rests on."""

    title: Title
    source_para: tuple[str, ...]
    layout: Layout


class Outline(Struct, frozen=True, forbid_unknown_fields=True):
    """`title` and `subtitle` stand on the first slide, which is not among `slides`."""

    title: Title
    subtitle: Annotated[str, Meta(max_length=120)]
    slides: tuple[Planned, ...]


OUTLINE: Final = Contract(
    app="powerpoint",
    feature="outline",
    answer=Outline,
    instructions=(
        "You plan a slide deck. Answer in the material's language with JSON: a title and a subtitle for the "
        "deck, and the slides in order. A slide's title says its point in a few words, no two are alike. "
        "Each line of the material begins with its id in brackets, such as [p3]; give with each slide the "
        "ids of the lines that it rests on. `layout` is `bullets` unless another fits better: `two-column` "
        "for two sides, `table` for rows of data, `chart` for a series of numbers, `quote` for somebody's "
        "words, `section` to open a part. Use only names and numbers that stand in the material."
    ),
    examples=(
        Example(
            "[p1] # Winter timetable\n[p2] From 12 December the night train to Graz leaves at 22:40 instead "
            "of 23:05.\n[p3] Sales: 2023 410 tickets, 2024 520 tickets, 2025 690 tickets.\n[p4] Ms Ilves "
            "must inform the stations by 1 December.",
            '{"title":"Winter timetable","subtitle":"The night train to Graz","slides":['
            '{"title":"The night train leaves earlier","source_para":["p2"],"layout":"bullets"},'
            '{"title":"More tickets are sold each year","source_para":["p3"],"layout":"chart"},'
            '{"title":"Stations have to be informed","source_para":["p4"],"layout":"bullets"}]}',
        ),
    ),
    tokens_out=1_500,
)


async def outline(
    asker: Asker, material: Material, slides: int, *, wish: str = "", feature: str = "outline"
) -> Outline:
    """Of about so many slides besides the first; a long text is planned piece by piece. `wish` is what the
    user said of the deck. `feature` is the one that asks. Raises members of the error family."""
    pieces = material.pieces(slides)
    whole = sum(len(piece.text) for piece in pieces)
    parts: list[Outline] = []
    for number, piece in enumerate(pieces):
        asker.tell(number, len(pieces), f"planning, part {number + 1} of {len(pieces)}")
        share = max(1, round(slides * len(piece.text) / whole))
        taken = frozenset(planned.title.casefold() for part in parts for planned in part.slides)
        parts.append(await asker.ask(question(piece, material, share, wish, feature, taken)))
    planned = tuple(each for part in parts for each in part.slides)
    return replace(parts[0], slides=planned[:SLIDES_MAX])


def question(
    piece: Chunk,
    material: Material,
    slides: int,
    wish: str = "",
    feature: str = "outline",
    taken: frozenset[str] = frozenset(),
) -> Question[Outline]:
    """`taken`: titles that stand on other slides already."""
    source = Source([piece.text, material.document.title, wish]) if material.grounded else None
    layouts = layouts_for(piece.text, slides) if material.grounded else ("bullets", "two-column")
    ids = frozenset(piece.ids)

    def accept(said: Outline) -> str | None:
        if not 1 <= len(said.slides) <= slides:
            return f"plan {slides} slides"
        titles = [each.title.casefold() for each in said.slides]
        if len(set(titles)) < len(titles) or not taken.isdisjoint(titles):
            return "two slides have the same title: each makes a point of its own"
        for each in said.slides:
            if not each.source_para or not ids.issuperset(each.source_para):
                return f"`source_para` names ids of the material, such as {', '.join(piece.ids[:3])}"
        titles = [each.title for each in said.slides]
        if material.grounded and is_foreign(". ".join((said.title, *titles)), piece.text):
            return f"write in the language of the material (`{language_of(piece.text)}`)"
        return _wrong(said) or _missing(said, source)

    schema = narrowed(OUTLINE.schema, "slides", minItems=max(1, slides * 2 // 3), maxItems=slides)
    schema = narrowed(schema, "slides/*/source_para", minItems=1, maxItems=_CITED_MAX)
    schema = narrowed(schema, "slides/*/source_para/*", enum=list(piece.ids))
    schema = narrowed(schema, "slides/*/layout", enum=list(layouts))
    wanted = f"Plan {slides} slides." if slides > 1 else "Plan one slide."
    return Question(
        contract=replace(OUTLINE, feature=feature),
        content=piece.text,
        task=f"{wanted} The user's wish: {wish}" if wish and material.grounded else wanted,
        accept=accept,
        schema=schema,
        tokens_out=400 + 90 * slides,
    )


def first_slide(said: Outline) -> SlideContent:
    return SlideContent(layout="title", title=said.title, subtitle=said.subtitle)


def _wrong(said: Outline) -> str | None:
    titles = [SlideContent(layout="section", title=each.title) for each in said.slides]
    for slide in (first_slide(said), *titles):
        for complaint in (*content.complaints(slide), *pages.complaints(slide)):
            return complaint
    return None


def _missing(said: Outline, source: Source | None) -> str | None:
    if source is None:
        return None
    texts = [said.title, said.subtitle, *(each.title for each in said.slides)]
    missing = [word for text in texts for word in source.missing(text)]
    if missing:
        return f"these stand nowhere in the material, so leave them out: {', '.join(missing[:10])}"
    return None
