"""What a formula does, step by step. Each step is about a part that the formula really has, and no number is
in its words that is not in the formula."""

import re
from typing import Final

from msgspec import Struct

from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Example, Question, narrowed
from signalbox.workloads.excel.book import Book
from signalbox.workloads.excel.parsing import NotAFormula, Parsed, parse, pieces
from signalbox.workloads.excel.places import Area
from signalbox.workloads.excel.sight import described, tables

STEPS_MAX: Final = 8
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_HUNDREDFOLD: Final = 100


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """`subexpr` is a part of the formula as it is written there."""

    subexpr: str
    meaning: str


class ExcelExplanation(Struct, frozen=True, forbid_unknown_fields=True):
    summary: str
    steps: tuple[Step, ...]


EXPLANATION: Final = Contract(
    app="excel",
    feature="explain",
    answer=ExcelExplanation,
    instructions=(
        "You explain an Excel formula to somebody who did not write it. Answer with JSON: a summary of one "
        f"sentence, and 1 to {STEPS_MAX} steps from the inside out, each with a part of the formula exactly "
        "as it is written (`subexpr`) and what that part means here. Call columns by their names. Use no "
        "numbers that are not in the formula."
    ),
    examples=(
        Example(
            '=IF(C2>=10,C2*0.9,C2)\n\nSheet Orders: names in row 1, values in rows 2 to 48\n'
            'C2:C48 "Pieces" number: 4, 12',
            '{"summary":"From 10 pieces on, orders are counted at 0.9.","steps":[{"subexpr":'
            '"C2>=10","meaning":"whether the order has at least 10 pieces"},{"subexpr":"C2*0.9","meaning":'
            '"the pieces times 0.9"}]}',
        ),
    ),
    tokens_out=600,
)  # fmt: skip


async def explain(
    asker: Asker, formula: str, *, book: Book | None = None, target: Area | None = None
) -> ExcelExplanation:
    """`book` and `target`: where it stands, if that is known. Raises `NotAFormula` for what is none, and
    members of the error family."""
    return await asker.ask(question(parse(formula), book, target))


def question(parsed: Parsed, book: Book | None, target: Area | None) -> Question[ExcelExplanation]:
    parts = pieces(parsed.text)
    numbers = _numbers(parsed.text)
    shown = described(tables(book), target) if book is not None else ""
    names = _numbers(shown)

    def accept(said: ExcelExplanation) -> str | None:
        if not said.summary.strip() or not 1 <= len(said.steps) <= STEPS_MAX:
            return f"give a summary and 1 to {STEPS_MAX} steps"
        for step in said.steps:
            if not is_part(step.subexpr, parts):
                return f"`{step.subexpr[:80]}` is no part of the formula: copy one, such as `{parts[-1]}`"
            if not step.meaning.strip():
                return f"say what `{step.subexpr[:80]}` means"
        told = [said.summary, *(step.meaning for step in said.steps)]
        strange = sorted({number for text in told for number in _numbers(text)} - numbers - names)
        return f"these numbers are not in the formula: {', '.join(strange[:5])}" if strange else None

    return Question(
        contract=EXPLANATION,
        content=f"{parsed.text}\n\n{shown}".strip(),
        accept=accept,
        schema=narrowed(EXPLANATION.schema, "steps/*/subexpr", enum=_spellings(parsed, parts)),
    )


def _spellings(parsed: Parsed, parts: tuple[str, ...]) -> list[str]:
    """Each part as it may be written: with spaces around signs, without, and as the formula has it."""
    close = [re.sub(r'("[^"]*")|\s+', lambda found: found[1] or "", part) for part in parts]
    return list(dict.fromkeys([*parts, *close, parsed.text, parsed.text[1:]]))


def is_part(text: str, parts: tuple[str, ...]) -> bool:
    """Whether it is one of the parts, up to spaces and the case of names."""
    try:
        said = pieces("=" + text.strip().removeprefix("="))[0]
    except NotAFormula:
        return False
    return said in parts


def _numbers(text: str) -> set[str]:
    """Numbers in a text, a share also as percent."""
    found = {number.rstrip("0").rstrip(".") if "." in number else number for number in _NUMBER.findall(text)}
    return found | {f"{float(number) * _HUNDREDFOLD:.10g}" for number in found if "." in number}
