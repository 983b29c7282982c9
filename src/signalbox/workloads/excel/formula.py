"""A formula for what was said in words: written by a model, held against the gate, then explained by code.

The model gives the formula alone. What it means is read from its parts (`meaning`), since a small model that
is asked for both gets the formula wrong, and any model may describe another formula than it wrote.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.request import Grammar
from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Example, Question
from signalbox.workloads.excel.book import Book
from signalbox.workloads.excel.functions import asked_for
from signalbox.workloads.excel.gate import Refused, judge
from signalbox.workloads.excel.grammar import formula_grammar
from signalbox.workloads.excel.meaning import assumed, told
from signalbox.workloads.excel.parsing import parse
from signalbox.workloads.excel.places import Area
from signalbox.workloads.excel.sight import Table, around, described, own_column, tables


class Written(Struct, frozen=True, forbid_unknown_fields=True):
    formula: str


class ExcelFormula(Struct, frozen=True):
    """`target_range` is where it stands, `formula` that of the first cell. `values` are the first results."""

    target_range: str
    formula: str
    explanation: str
    assumptions: tuple[str, ...]
    values: tuple[str | float | bool | None, ...]


_ORDERS: Final = (
    "Sheet Orders: names in row 1, values in rows 2 to 48\n"
    'B2:B48 "Item" text: "Chair", "Lamp"\n'
    'C2:C48 "Pieces" number: 4, 12\n'
    'D2:D48 "Rebate" number: 0.1, 0\n'
    'E2:E48 "Region" text: "North", "South"'
)
_SALES: Final = (
    "Sheet Prices: names in row 1, values in rows 2 to 20\n"
    'Prices!A2:A20 "Item" text: "Lamp", "Chair"\n'
    f'Prices!B2:B20 "Unit price" number: 25, 110\n\n{_ORDERS}'
)
_PIECES: Final = (
    'Sheet Orders: names in row 1, values in rows 2 to 48\nC2:C48 "Pieces" number: 4, 12\n'
    'D2:D48 "Rebate" number: 0.1, 0'
)
_OF_ROW: Final = "Formula for cell F2, which is then copied down to row 48"
_ONE: Final = "Formula for cell C50"

FORMULA: Final = Contract(
    app="excel",
    feature="formula",
    answer=Written,
    instructions=(
        "You write one Excel formula for one cell, in English notation with commas. Use the cells as they "
        "are listed. A formula that is copied down refers to the cells of its own first row, such as C2, "
        "and holds the ranges that it looks in with $, such as $A$2:$B$20. A formula for one cell over many "
        "refers to the whole range, such as C2:C48. Do only the part of the task that belongs in the cell "
        "you are told. The answer is `formula`, which begins with =."
    ),
    examples=(
        Example(_SALES, "=C2*VLOOKUP(B2,Prices!$A$2:$B$20,2,FALSE)*(1-D2)",
                f'{_OF_ROW}. Its column is named "Amount"\nTask: what each order comes to, with its rebate'),
        Example(_ORDERS, '=SUMIFS(C2:C48,E2:E48,"North",B2:B48,"Lamp")',
                f"{_ONE}\nTask: how many lamps did the north order? Then draw a chart of it."),
        Example(_PIECES, '=IF(C2>=10,"bulk","")',
                f"{_OF_ROW}\nTask: mark orders of 10 pieces or more with bulk, leave the others empty"),
        Example(_PIECES, "=AVERAGE(C2:C48)", f"{_ONE}\nTask: average of pieces in a row named Average"),
        Example(_ORDERS, '=B2&" x "&C2&", "&E2',
                f"{_OF_ROW}\nTask: a label such as Chair x 4, North for each order"),
        Example(_PIECES, "=(C3-C2)/C2",
                "Formula for cell F3, which is then copied down to row 48\n"
                "Task: change of pieces against the order before, as a share"),
    ),
    tokens_out=160,
    grammar=Grammar(formula_grammar(("Sheet1",), 26), "formula"),
)  # fmt: skip


async def formula(asker: Asker, book: Book, task: str, target: Area) -> ExcelFormula:
    """`target` names a sheet of the book. Raises members of the error family."""
    asker.tell(0, 1, "writing the formula")
    written = await asker.ask(question(book, task, target))
    asker.tell(1, 1, "done")
    return finished(book, written.formula, task, target)


def question(book: Book, task: str, target: Area) -> Question[Written]:
    seen = tables(book)
    volatile = asked_for(task)

    def accept(written: Written) -> str | None:
        judged = judge(book, written.formula, target, volatile=volatile)
        return judged.words if isinstance(judged, Refused) else None

    return Question(
        contract=replace(FORMULA, grammar=Grammar(_grammar(book, seen, target, volatile), "formula")),
        content=described(seen, target),
        task=f"{around(book, target)}\nTask: {task}",
        accept=accept,
    )


def finished(book: Book, text: str, task: str, target: Area) -> ExcelFormula:
    """What is told of a formula that the gate let through. Raises `ValueError` for one that it did not."""
    parsed = parse(text)
    judged = judge(book, text, target, volatile=asked_for(task))
    if isinstance(judged, Refused):
        raise ValueError(judged.words)
    seen = tables(book)
    return ExcelFormula(
        target_range=f"{target.sheet}!{target.a1}",
        formula=parsed.text,
        explanation=told(parsed.tree, seen, target),
        assumptions=assumed(parsed, seen, target),
        values=judged.values,
    )


def _grammar(book: Book, seen: tuple[Table, ...], target: Area, volatile: frozenset[str]) -> str:
    sheets = [sheet.name for sheet in book.sheets.values()]
    right = max([target.right, *(sheet.right for sheet in book.sheets.values())])
    own = own_column(seen, target)
    elsewhere = any(table.right >= target.left for table in seen if table.sheet != target.sheet)
    return formula_grammar(sheets, min(right, 702), volatile, without="" if elsewhere else own)
