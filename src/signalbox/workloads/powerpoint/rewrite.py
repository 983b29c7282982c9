"""A shape's text in other words that fit the same box: paragraph by paragraph, numbers and names kept."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Question
from signalbox.workloads.faithful import unfaithful
from signalbox.workloads.powerpoint.selection import Selected, Unit
from signalbox.workloads.word.rewrite import LINE, NewText

_WORDS_MIN: Final = 2
_CONTRACT: Final = replace(LINE, app="powerpoint")


class Rewritten(Struct, frozen=True):
    """`texts` are the units that changed, by paragraph and line."""

    text: str
    texts: dict[tuple[int, int], str]


async def rewrite(asker: Asker, selected: Selected, instruction: str, *, may_drop: bool = False) -> Rewritten:
    """`instruction` is what the user wants; `may_drop`: numbers and names may be left out. Raises members of
    the error family: then nothing is delivered."""
    units = [unit for unit in selected.units if len(unit.text.split()) >= _WORDS_MIN]
    texts: dict[tuple[int, int], str] = {}
    for number, unit in enumerate(units):
        asker.tell(number, len(units), f"rewriting paragraph {unit.paragraph + 1}")
        said = await asker.ask(question(selected, unit, instruction, may_drop=may_drop))
        new = " ".join(said.new_text.split())
        if new != unit.text.strip():
            texts[unit.paragraph, unit.line] = new
            selected = selected.with_text(unit, new)
    asker.tell(len(units), len(units), "done")
    return Rewritten(selected.text, texts)


def question(
    selected: Selected, unit: Unit, instruction: str, *, may_drop: bool = False
) -> Question[NewText]:
    def accept(answer: NewText) -> str | None:
        new = " ".join(answer.new_text.split())
        if selected.outgrown(selected.with_text(unit, new)):
            return "the new text does not fit the box: make it shorter"
        return unfaithful(unit.text, new, instruction, may_drop=may_drop)

    return Question(
        contract=_CONTRACT,
        content=unit.text.strip(),
        task=f"Rewrite the text above, and make it no longer: {instruction}",
        accept=accept,
        tokens_out=len(unit.text) // 2 + 60,
    )
