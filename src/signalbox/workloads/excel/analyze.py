"""What stands out in a workbook: each finding has the formula that it rests on, and its numbers are that
formula's value and nobody's word."""

import math
import re
from typing import Final

from msgspec import Struct

from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Example, Question
from signalbox.workloads.excel.book import Book, Value
from signalbox.workloads.excel.gate import Passed, Refused, judge
from signalbox.workloads.excel.places import Area
from signalbox.workloads.excel.sight import described, tables

FINDINGS_MAX: Final = 6
_NUMBER: Final = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(\s?%)?")
_HALF: Final = 0.5
_YEARS: Final = range(1900, 2101)


class Finding(Struct, frozen=True, forbid_unknown_fields=True):
    """`claim` says `{value}` where the formula's value belongs."""

    claim: str
    formula: str


class Findings(Struct, frozen=True, forbid_unknown_fields=True):
    findings: tuple[Finding, ...]


class Computed(Struct, frozen=True):
    """`claim` as it reads with the value in its place."""

    claim: str
    formula: str
    value: Value


class ExcelAnalysis(Struct, frozen=True):
    findings: tuple[Computed, ...]


ANALYSIS: Final = Contract(
    app="excel",
    feature="analyze",
    answer=Findings,
    instructions=(
        "You find what is worth knowing in a workbook. Answer with JSON: 1 to "
        f"{FINDINGS_MAX} `findings`, each with a `formula` of Excel (English notation) that gives one value, "
        "and a `claim` of one sentence with {value} where that value belongs. You cannot compute: write no "
        "number into a claim yourself. Use the ranges that are listed."
    ),
    examples=(
        Example('Sheet Orders: names in row 1, values in rows 2 to 48\nOrders!B2:B48 "Item" text: "Chair", '
                '"Lamp"\nOrders!C2:C48 "Pieces" number: 4, 12',
                '{"findings":[{"claim":"{value} pieces in all.","formula":"=SUM(Orders!C2:C48)"},'
                '{"claim":"The largest order is of {value} pieces.","formula":"=MAX(Orders!C2:C48)"}]}',
                "What is worth knowing?"),
    ),
    tokens_out=700,
)  # fmt: skip


async def analyze(asker: Asker, book: Book, wanted: str) -> ExcelAnalysis:
    """Raises members of the error family."""
    asker.tell(0, 1, "looking at the workbook")
    said = await asker.ask(question(book, wanted))
    asker.tell(1, 1, "done")
    return ExcelAnalysis(tuple(_computed(book, finding) for finding in said.findings))


def question(book: Book, wanted: str) -> Question[Findings]:
    def accept(said: Findings) -> str | None:
        if not 1 <= len(said.findings) <= FINDINGS_MAX:
            return f"give 1 to {FINDINGS_MAX} findings"
        for finding in said.findings:
            words = complaint(book, finding)
            if words:
                return words
        return None

    return Question(
        contract=ANALYSIS,
        content=described(tables(book), None),
        task=wanted or "What is worth knowing?",
        accept=accept,
    )


def complaint(book: Book, finding: Finding) -> str | None:
    """A claim may give a number itself only if its formula gives the same, as far as it was rounded."""
    judged = judge(book, finding.formula, spare(book))
    if isinstance(judged, Refused):
        return f"`{finding.formula[:80]}`: {judged.words}"
    value = judged.values[0]
    if value is None or value == "":
        return f"`{finding.formula[:80]}` gives nothing: refer to cells that are filled"
    claim = finding.claim.replace("{value}", "")
    if claim == finding.claim and not _NUMBER.search(claim) and str(value) not in claim:
        return "write {value} into the claim `" + finding.claim[:80] + "` where the formula's value belongs"
    for number in _NUMBER.finditer(claim):
        if not _is_value(number[0], value) and not _is_in_formula(number[0], finding.formula):
            return f"the claim says `{number[0]}`, its formula gives {_shown(value)}: write {{value}}"
    return None


def spare(book: Book) -> Area:
    """A cell beyond what is in use: formulas are tried there."""
    sheet = next(iter(book.sheets.values()))
    return Area(sheet.name, sheet.bottom + 3, sheet.right + 3, sheet.bottom + 3, sheet.right + 3)


def _computed(book: Book, finding: Finding) -> Computed:
    judged = judge(book, finding.formula, spare(book))
    assert isinstance(judged, Passed)  # noqa: S101 - what was accepted passed
    value = judged.values[0]
    return Computed(finding.claim.replace("{value}", _shown(value)), finding.formula, value)


def _is_value(said: str, value: Value) -> bool:
    """Rounded as it is written: 12.3 stands for 12.34, and 12 % for 0.1234."""
    if isinstance(value, bool) or not isinstance(value, float | int):
        return said in str(value)
    bare = said.replace(",", "").replace("−", "-").replace(" ", "")
    places = len(bare.rstrip("%").partition(".")[2])
    meant = float(value) * (100 if bare.endswith("%") else 1)
    return math.fabs(float(bare.rstrip("%")) - meant) <= _HALF * math.pow(10, -places) + 1e-9


def _is_in_formula(said: str, formula: str) -> bool:
    """A year or a bound that the formula itself names."""
    return said.replace(",", "") in re.findall(r"(?<![A-Za-z$\d.])\d+(?:\.\d+)?", formula)


def _shown(value: Value) -> str:
    if isinstance(value, float):
        year = value.is_integer() and int(value) in _YEARS
        return f"{value:.0f}" if year else f"{value:,.10g}" if value.is_integer() else f"{value:,.2f}"
    return str(value)
