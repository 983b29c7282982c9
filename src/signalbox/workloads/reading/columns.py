"""What a sheet's columns are like, from its rows as they go by: names, kinds, first values, where data begins
and ends. Pure; keeps counts and samples, and no rows."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from signalbox.workloads.documents import Column, Sheet

BLOCK: Final = 4_096
"""Rows that are best handed over at a time."""
COLUMNS_MAX: Final = 1_000
SAMPLES: Final = 5
SHOWN_MAX: Final = 60
"""Signs of a sample or a header."""
_HEAD: Final = 25
"""Rows among which the columns' names are looked for."""


class NumberText(str):
    """A number as it was written."""


class DateText(str):
    """A date as it was written."""


_KINDS: Final = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    NumberText: "number",
    DateText: "date",
}
_REFERENCE: Final = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d{1,7})(?![\d(])")

Row = Sequence[Any]


class Formulas(Struct):
    """Of one column: how many, in which rows, and the first ones as row and text; the text is empty where a
    cell shares another's."""

    count: int
    first: int
    last: int
    texts: list[tuple[int, str]]


class _Counted(Struct):
    kinds: Counter[str]
    samples: list[str]
    filled: int = 0
    first: int = 0
    last: int = 0


class Summary:
    """Rows are given in order, from row `top` (from 1) and column `left` (from 0) on; empty cells are `""` or
    None."""

    def __init__(self, top: int, left: int) -> None:
        self._top = top
        self._left = left
        self._head: list[Row] | None = []
        self._header: Row = ()
        self._header_row = 0
        self._next = top
        self._width = 0
        self._columns: list[_Counted] = []

    def take(self, rows: Sequence[Row]) -> None:
        if self._head is None:
            self._count(rows)
            return
        self._head += rows
        if len(self._head) >= _HEAD:
            self._settle()

    def _settle(self) -> None:
        """Finds the columns' names; what stands above them is no data."""
        head, self._head = self._head or [], None
        place = header_of(head[:_HEAD])
        if place is not None:
            self._header, self._header_row = head[place], self._top + place
            self._next = self._header_row + 1
            head = head[place + 1 :]
        self._count(head)

    def _count(self, rows: Sequence[Row]) -> None:
        width = min(COLUMNS_MAX, max((len(row) for row in rows), default=0))
        self._columns += [_Counted(Counter(), []) for _ in range(width - len(self._columns))]
        if any(len(row) != width for row in rows):
            rows = [[*row[:width], *[""] * (width - len(row))] for row in rows]
        for column, values in zip(self._columns, zip(*rows, strict=True), strict=False):
            _add(column, values, self._next)
        self._next += len(rows)

    def sheet(
        self, name: str, *, hidden: bool = False, formulas: dict[int, Formulas] | None = None, last: int = 0
    ) -> Sheet:
        """`formulas` are by column from 0; `last` is the sheet's last row, where not all rows were taken."""
        if self._head is not None:
            self._settle()
        formulas = formulas or {}
        right = max(
            [self._left + max(len(self._columns), len(self._header)), *(each + 1 for each in formulas)]
        )
        columns = [
            made
            for place in range(self._left, min(right, self._left + COLUMNS_MAX))
            if (made := self._column(place, formulas.get(place))) is not None
        ]
        end = max([self._next - 1, last, *(each.last for each in formulas.values())])
        empty = not columns and not self._header_row
        used = "" if empty else f"{letters(self._left)}{self._top}:{letters(max(right, 1) - 1)}{end}"
        return Sheet(name=name, used=used, header_row=self._header_row, columns=tuple(columns), hidden=hidden)

    def _column(self, place: int, formulas: Formulas | None) -> Column | None:
        own = place - self._left
        counted = self._columns[own] if 0 <= own < len(self._columns) else _Counted(Counter(), [])
        header = as_shown(self._header[own]) if 0 <= own < len(self._header) else ""
        if not counted.filled and not header and formulas is None:
            return None
        filled, first, last = counted.filled, counted.first, counted.last
        kind = counted.kinds.most_common(1)[0][0] if counted.kinds else "empty"
        if formulas is not None:
            filled = max(filled, formulas.count)
            first, last = min(first or formulas.first, formulas.first), max(last, formulas.last)
        mostly = formulas is not None and formulas.count * 2 >= filled
        return Column(
            letter=letters(place),
            header=header,
            kind="formula" if mostly else kind,
            samples=tuple(counted.samples),
            first=first,
            last=last,
            filled=filled,
            formula=repeated(formulas, place) if mostly and formulas is not None else "",
        )


def _add(column: _Counted, values: Sequence[Any], row: int) -> None:
    """A block's values of one column, of which the first stands in `row`."""
    types = Counter(map(type, values))
    empty = values.count("") + types.pop(type(None), 0)
    filled = len(values) - empty
    if not filled:
        return
    for kind, count in types.items():
        column.kinds[_kind(kind)] += count
    if empty:
        column.kinds["text"] -= values.count("")
    column.filled += filled
    places = (place for place, value in enumerate(values) if value not in ("", None))
    first = next(places)
    column.first = column.first or row + first
    back = next(place for place, value in enumerate(reversed(values)) if value not in ("", None))
    column.last = row + len(values) - 1 - back
    while len(column.samples) < SAMPLES and first >= 0:
        column.samples.append(as_shown(values[first]))
        first = next(places, -1)


def _kind(kind: type) -> str:
    known = _KINDS.get(kind)
    return known or ("date" if issubclass(kind, date | time | timedelta) else "text")


def header_of(rows: Sequence[Row]) -> int | None:
    """Which row has the columns' names: the first that is filled over half of the width with texts that
    differ, and has data below it. A table of nothing but texts has one if it has two columns or more."""
    filled = [[value for value in row if value not in ("", None)] for row in rows]
    width = max(map(len, filled), default=0)
    for place, values in enumerate(filled):
        if not values or len(values) * 2 < width or (width > 1 and len(values) == 1):
            continue
        if not all(type(value) is str for value in values):
            return None
        below = [value for row in filled[place + 1 :] for value in row]
        if not below or len(set(values)) < len(values):
            return None
        if width == 1 and all(type(value) is str for value in below):
            return None
        return place
    return None


def repeated(formulas: Formulas, column: int) -> str:
    """The first formula, if most of those that were kept are the same one in another row."""
    texts = [(row, text) for row, text in formulas.texts if text]
    if not texts:
        return ""
    first = _relative(texts[0][1], texts[0][0], column)
    same = sum(not text or _relative(text, row, column) == first for row, text in formulas.texts)
    return f"={texts[0][1]}" if same * 2 > len(formulas.texts) else ""


def _relative(formula: str, row: int, column: int) -> str:
    """References by how far away they are."""

    def away(found: re.Match[str]) -> str:
        fixed_column, letter, fixed_row, number = found.groups()
        across = letter if fixed_column else str(_number(letter) - column)
        return f"C[{across}]R[{number if fixed_row else int(number) - row}]"

    return _REFERENCE.sub(away, formula)


def letters(column: int) -> str:
    """A column's name, from 0: A, …, Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _number(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1


def as_shown(value: Any) -> str:
    """As a reader of the sheet sees it, shortened."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return format(value, ".15g")
    text = " ".join(str(value).split())
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"


def blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows as they are best handed over."""
    given = iter(rows)
    while block := list(islice(given, BLOCK)):
        yield block
