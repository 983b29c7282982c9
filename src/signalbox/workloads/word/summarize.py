"""A text's summary, every point of it with the paragraphs that it rests on.

A long text is summarised piece by piece, and the pieces' points are put together by code: what a model said
of a piece was held against that piece, and no second model may add to it. More questions choose the points
that matter most, by number. A point that does not stand in its piece is left out, and told; a piece of which
no more than half stands is asked for again.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from signalbox.workloads.asking import Asker
from signalbox.workloads.chunking import Chunk, chunks
from signalbox.workloads.contract import Contract, Example, Question, narrowed
from signalbox.workloads.documents import TextDocument
from signalbox.workloads.grounding import Source
from signalbox.workloads.language import is_foreign, language_of
from signalbox.workloads.manners import fault, is_nothing

BULLETS_MAX: Final = 7
PIECE: Final = 4_000
"""Characters: what a model of 1.5 billion parameters still sums up in four sentences."""
_SHOWN_MAX: Final = 4
_CHOSEN_FROM: Final = 30

Line = Annotated[str, Meta(min_length=1, max_length=320)]
Title = Annotated[str, Meta(max_length=120)]


class Bullet(Struct, frozen=True, forbid_unknown_fields=True):
    """`source_para`: ids of the paragraphs that it rests on."""

    text: Line
    source_para: Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model says of one piece. `actions`: what somebody is to do, in the text's own words."""

    title: Title
    bullets: Annotated[tuple[Bullet, ...], Meta(min_length=1, max_length=_SHOWN_MAX)]
    actions: Annotated[tuple[Line, ...], Meta(max_length=5)]


class Chosen(Struct, frozen=True, forbid_unknown_fields=True):
    numbers: Annotated[tuple[int, ...], Meta(min_length=1, max_length=BULLETS_MAX)]


class WordSummary(Struct, frozen=True):
    title: str
    bullets: tuple[Bullet, ...]
    actions: tuple[str, ...]


class Summarized(Struct, frozen=True):
    """`left_out` is how many points and actions did not stand in the text."""

    summary: WordSummary
    left_out: int


PART: Final = Contract(
    app="word",
    feature="summarize",
    answer=Part,
    instructions=(
        "You summarise a part of a document for somebody who has no time to read it. Answer in the "
        "document's language with JSON: a short title, 1 to 4 bullets of one sentence each, and the actions "
        "that the text asks somebody to take (an empty list if it asks for none). Each line of the document "
        "begins with its id in brackets, such as [p3]; give with each bullet the ids that it rests on. Use "
        "only names and numbers that stand in the text."
    ),
    examples=(
        Example(
            "[p1] # Winter timetable\n[p2] From 12 December the night train to Graz leaves at 22:40 instead "
            "of 23:05.\n[p3] Ms Ilves must inform the stations by 1 December.",
            '{"title":"Winter timetable","bullets":[{"text":"The night train to Graz leaves at 22:40 from 12 '
            'December.","source_para":["p2"]}],"actions":["Ms Ilves informs the stations by 1 December."]}',
        ),
    ),
    tokens_out=700,
)
CHOICE: Final = Contract(
    app="word",
    feature="summarize",
    answer=Chosen,
    instructions=(
        "You are shown numbered points of a document's summary. Answer with JSON: the numbers of the at most "
        f"{BULLETS_MAX} points that matter most."
    ),
    tokens_out=120,
)


async def summarize(asker: Asker, document: TextDocument, *, focus: str = "") -> Summarized:
    """`focus` is what the reader wants to know above all. A document without text has an empty summary.
    Raises members of the error family."""
    pieces = chunks(document, PIECE)
    steps = len(pieces) + (len(pieces) > 1)
    parts: list[Part] = []
    left_out = 0
    for number, piece in enumerate(pieces):
        asker.tell(number, steps, f"reading part {number + 1} of {len(pieces)}")
        part = await asker.ask(question(piece, focus))
        kept = _grounded(part, Source([piece.text]))
        said = len(part.bullets) + sum(not is_nothing(action) for action in part.actions)
        left_out += said - len(kept.bullets) - len(kept.actions)
        parts.append(kept)
    bullets = [bullet for part in parts for bullet in part.bullets]
    if len(bullets) > BULLETS_MAX:
        asker.tell(len(pieces), steps, "choosing what matters most")
        bullets = await _choose(asker, bullets, focus)
    asker.tell(steps, steps, "done")
    actions = dict.fromkeys(action for part in parts for action in part.actions)
    return Summarized(WordSummary(_title(document, parts), tuple(bullets), tuple(actions)), left_out)


def question(piece: Chunk, focus: str = "") -> Question[Part]:
    """What is asked of one piece: only its own ids can be cited."""
    source, ids = Source([piece.text]), frozenset(piece.ids)

    def accept(part: Part) -> str | None:
        for bullet in part.bullets:
            if not ids.issuperset(bullet.source_para):
                return f"`source_para` names ids of the text, such as {', '.join(piece.ids[:3])}"
        said = " ".join(bullet.text for bullet in part.bullets)
        wrong = fault(said, piece.text)
        if wrong is not None:
            return wrong
        if is_foreign(said, piece.text):
            return f"answer in the document's language (`{language_of(piece.text)}`)"
        if 2 * len(_grounded(part, source).bullets) <= len(part.bullets):
            missing = [word for bullet in part.bullets for word in source.missing(bullet.text)]
            return f"these stand nowhere in the text, so leave them out: {', '.join(missing[:10])}"
        return None

    schema = narrowed(PART.schema, "bullets/*/source_para/*", enum=list(piece.ids))
    return Question(contract=PART, content=piece.text, task=_wanted(focus), accept=accept, schema=schema)


def _grounded(part: Part, source: Source) -> Part:
    """Without what does not stand in the source."""
    return Part(
        "" if source.missing(part.title, title=True) else part.title,
        tuple(bullet for bullet in part.bullets if not source.missing(bullet.text)),
        tuple(action for action in part.actions if not is_nothing(action) and not source.missing(action)),
    )


def _title(document: TextDocument, parts: Sequence[Part]) -> str:
    """The document's own, its first heading, or what a model called its first part."""
    heading = next((paragraph.text for paragraph in document.paragraphs if paragraph.heading), "")
    said = next((part.title for part in parts if part.title), "")
    return document.title or (heading if len(parts) > 1 else "") or said or heading or document.name


async def _choose(asker: Asker, bullets: list[Bullet], focus: str) -> list[Bullet]:
    """The most important ones, in the text's order: from groups, until there are few enough."""
    while len(bullets) > BULLETS_MAX:
        groups = [bullets[start : start + _CHOSEN_FROM] for start in range(0, len(bullets), _CHOSEN_FROM)]
        bullets = []
        for group in groups:
            if len(group) <= BULLETS_MAX:
                bullets += group
                continue
            chosen = await asker.ask(_choice(group, focus))
            bullets += [group[number - 1] for number in sorted(set(chosen.numbers))]
    return bullets


def _choice(bullets: Sequence[Bullet], focus: str) -> Question[Chosen]:
    def accept(chosen: Chosen) -> str | None:
        if not all(1 <= number <= len(bullets) for number in chosen.numbers):
            return f"the numbers go from 1 to {len(bullets)}"
        return None

    content = "\n".join(f"{number}. {bullet.text}" for number, bullet in enumerate(bullets, 1))
    schema = narrowed(CHOICE.schema, "numbers/*", enum=list(range(1, len(bullets) + 1)))
    return Question(contract=CHOICE, content=content, task=_wanted(focus), accept=accept, schema=schema)


def _wanted(focus: str) -> str:
    return f"The reader wants to know above all: {focus}" if focus else ""
