"""A selection in other words: paragraph by paragraph, each on its own, and nothing outside the selection.

Numbers and names stay as they are unless the user's own words name them. A paragraph is asked for as plain
text, line by line where it has line breaks, so that these stay too. What is not text (a row of figures) is
left alone.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from signalbox.domain.request import Grammar
from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Question
from signalbox.workloads.documents import Paragraph
from signalbox.workloads.faithful import unfaithful

_WORDS_MIN: Final = 3
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_TOKENS_MAX: Final = 2_048
_CHARACTERS_PER_TOKEN: Final = 2
_TOKENS_SPARE: Final = 60


class Edit(Struct, frozen=True):
    para_id: str
    new_text: str


class WordEdits(Struct, frozen=True):
    """Paragraphs that say something else than before, in the order of the text."""

    edits: tuple[Edit, ...]


class NewText(Struct, frozen=True, forbid_unknown_fields=True):
    new_text: Annotated[str, Meta(min_length=1)]


LINE: Final = Contract(
    app="word",
    feature="rewrite",
    answer=NewText,
    instructions=(
        "You rewrite a text as the user asks, and answer with the new text alone, on one line. Keep its "
        "language and its meaning. Keep every number and every name exactly as written. Add no facts. For "
        "example `its 3 pm on monday, tell Jo pls` becomes, if politeness is asked for, `The meeting is at "
        "3 pm on Monday. Please tell Jo.`"
    ),
    grammar=Grammar(r"root ::= [^\n{`<] [^\n]*", "new_text"),
)


async def rewrite(
    asker: Asker, paragraphs: Sequence[Paragraph], instruction: str, *, may_drop: bool = False
) -> WordEdits:
    """`instruction` is what the user wants; `may_drop`: numbers and names may be left out, as where it is to
    be shorter. Raises members of the error family: then no paragraph is delivered."""
    texts = [paragraph for paragraph in paragraphs if _is_prose(paragraph.text)]
    edits: list[Edit] = []
    for number, paragraph in enumerate(texts):
        asker.tell(number, len(texts), f"rewriting {paragraph.id}")
        lines = [
            await _line(asker, line, instruction, may_drop) if _is_prose(line) else line
            for line in paragraph.text.split("\n")
        ]
        new = "\n".join(lines)
        if new != paragraph.text:
            edits.append(Edit(paragraph.id, new))
    asker.tell(len(texts), len(texts), "done")
    return WordEdits(tuple(edits))


async def _line(asker: Asker, line: str, instruction: str, may_drop: bool) -> str:
    """With the spaces around it as they were."""
    core = line.strip()
    answer = await asker.ask(question(core, instruction, may_drop=may_drop))
    return line.replace(core, " ".join(answer.new_text.split()), 1)


def question(line: str, instruction: str, *, may_drop: bool = False) -> Question[NewText]:
    def accept(answer: NewText) -> str | None:
        return unfaithful(line, answer.new_text, instruction, may_drop=may_drop)

    return Question(
        contract=LINE,
        content=line,
        task=f"Rewrite the text above: {instruction}",
        accept=accept,
        tokens_out=min(_TOKENS_MAX, len(line) // _CHARACTERS_PER_TOKEN + _TOKENS_SPARE),
    )


def _is_prose(text: str) -> bool:
    return len(_WORD.findall(text)) >= _WORDS_MIN
