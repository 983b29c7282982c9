"""A text's summary, every point of it with the paragraphs that it rests on.

A long text is summarised piece by piece, and the pieces' points are put together by code: what a model said
of a piece was held against that piece, and no second model may add to it. One more question chooses the
points that matter most, by number.
"""

from typing import Final

from msgspec import Struct

from signalbox.workloads.asking import Asker
from signalbox.workloads.chunking import Chunk, chunks
from signalbox.workloads.contract import Contract, Example, Question
from signalbox.workloads.documents import TextDocument
from signalbox.workloads.grounding import Source

BULLETS_MAX: Final = 7
_SHOWN_MAX: Final = 4


class Bullet(Struct, frozen=True, forbid_unknown_fields=True):
    """`source_para`: ids of the paragraphs that it rests on."""

    text: str
    source_para: tuple[str, ...]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model says of one piece. `actions`: what somebody is to do, in the text's own words."""

    title: str
    bullets: tuple[Bullet, ...]
    actions: tuple[str, ...]


class Chosen(Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    numbers: tuple[int, ...]


class WordSummary(Struct, frozen=True):
    title: str
    bullets: tuple[Bullet, ...]
    actions: tuple[str, ...]


PART: Final = Contract(
    app="word",
    feature="summarize",
    answer=Part,
    instructions=(
        "You summarise a part of a document for somebody who has no time to read it. Answer in the "
        "document's language with JSON: a short title, 1 to 4 bullets of one sentence each, and the actions "
        "that the text asks somebody to take (none if it asks for none). Each line of the document begins "
        "with its id in brackets, such as [p3]; give with each bullet the ids that it rests on. Use only "
        "names and numbers that stand in the text."
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
        "You are shown numbered points of a document's summary. Answer with JSON: a short title for the "
        f"whole document, and the numbers of the at most {BULLETS_MAX} points that matter most, in order."
    ),
    tokens_out=200,
)


async def summarize(asker: Asker, document: TextDocument, *, focus: str = "") -> WordSummary:
    """`focus` is what the reader wants to know above all. A document without text has an empty summary.
    Raises members of the error family."""
    pieces = chunks(document)
    steps = len(pieces) + (len(pieces) > 1)
    parts: list[Part] = []
    for number, piece in enumerate(pieces):
        asker.tell(number, steps, f"reading part {number + 1} of {len(pieces)}")
        parts.append(await asker.ask(_of(piece, focus)))
    bullets = [bullet for part in parts for bullet in part.bullets]
    title = document.title or (parts[0].title if parts else "")
    if len(bullets) > BULLETS_MAX:
        asker.tell(len(pieces), steps, "choosing what matters most")
        chosen = await asker.ask(_choose(bullets, focus))
        title = document.title or chosen.title
        bullets = [bullets[number - 1] for number in sorted(set(chosen.numbers))]
    asker.tell(steps, steps, "done")
    actions = dict.fromkeys(action for part in parts for action in part.actions)
    return WordSummary(title, tuple(bullets), tuple(actions))


def _of(piece: Chunk, focus: str) -> Question[Part]:
    source, ids = Source([piece.text]), frozenset(piece.ids)

    def accept(part: Part) -> str | None:
        if not 1 <= len(part.bullets) <= _SHOWN_MAX:
            return f"give 1 to {_SHOWN_MAX} bullets"
        for bullet in part.bullets:
            if not bullet.source_para or not ids.issuperset(bullet.source_para):
                return f"`source_para` names ids of the text, such as {', '.join(piece.ids[:3])}"
        said = [part.title, *(bullet.text for bullet in part.bullets), *part.actions]
        missing = [word for text in said for word in source.missing(text)]
        if missing:
            return f"these stand nowhere in the text, so leave them out: {', '.join(missing[:10])}"
        return None

    return Question(contract=PART, content=piece.text, task=_wanted(focus), accept=accept)


def _choose(bullets: list[Bullet], focus: str) -> Question[Chosen]:
    source = Source(bullet.text for bullet in bullets)

    def accept(chosen: Chosen) -> str | None:
        if not 1 <= len(set(chosen.numbers)) <= BULLETS_MAX:
            return f"give 1 to {BULLETS_MAX} numbers"
        if not all(1 <= number <= len(bullets) for number in chosen.numbers):
            return f"the numbers go from 1 to {len(bullets)}"
        missing = source.missing(chosen.title)
        return f"the title has what the points have not: {', '.join(missing)}" if missing else None

    content = "\n".join(f"{number}. {bullet.text}" for number, bullet in enumerate(bullets, 1))
    return Question(contract=CHOICE, content=content, task=_wanted(focus), accept=accept)


def _wanted(focus: str) -> str:
    return f"The reader wants to know above all: {focus}" if focus else ""
