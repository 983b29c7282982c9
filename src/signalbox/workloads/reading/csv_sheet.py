"""Tables as text: values between commas, semicolons, tabs or bars, in the encodings that programs write."""

import csv
import io
import re
from collections import Counter
from typing import Any, Final

from signalbox.workloads.documents import Workbook
from signalbox.workloads.reading.columns import DateText, NumberText, Row, Summary, blocks
from signalbox.workloads.reading.unreadable import TooLarge, Unreadable

ROWS_MAX: Final = 250_000
_DELIMITERS: Final = ",;\t|"
_LOOKED_AT: Final = 64 * 1024
_LINES: Final = 50
_CELL_MAX: Final = 16 * 1024 * 1024
_NUMBER: Final = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d{1,3})?%?")
_COMMA_NUMBER: Final = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?%?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")
_DATE_MAX: Final = 40
_TRUTHS: Final = {"true": True, "false": False}


def read(name: str, content: bytes) -> Workbook:
    """Raises `Unreadable` and its kinds."""
    text, missed = decoded(content)
    delimiter = delimiter_of(text[:_LOOKED_AT])
    csv.field_size_limit(_CELL_MAX)
    summary = Summary(1, 0)
    rows = read_rows = 0
    try:
        for block in blocks(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)):
            rows += len(block)
            if read_rows < ROWS_MAX:
                taken = block[: ROWS_MAX - read_rows]
                read_rows += len(taken)
                summary.take([_typed(row, delimiter) for row in taken])
    except csv.Error as error:
        if "field larger" in str(error):
            raise TooLarge(
                f"a cell of it has more than {_CELL_MAX >> 20} MiB: is a quotation mark missing?"
            ) from error
        raise Unreadable("it is no table of values between separators") from error
    if rows > read_rows:
        missed.append(
            f"rows after {read_rows:,} of the {rows:,}: what is said of its columns is from those above"
        )
    return Workbook(name=name, sheets=(summary.sheet("Sheet1", last=rows),), missed=tuple(missed))


def decoded(content: bytes) -> tuple[str, list[str]]:
    """Raises `Unreadable` for what is no text."""
    missed: list[str] = []
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")
            missed.append("its encoding, which is not UTF-8: it was read as Windows-1252")
    if "\x00" in text:
        raise Unreadable("it is not text")
    return text, missed


def delimiter_of(text: str) -> str:
    """The one by which most lines have the same number of cells, more than one; a comma if none."""
    lines = text.splitlines()[:_LINES]
    best, most = ",", (0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        except csv.Error:
            continue
        width, count = max(widths.items(), key=lambda each: (each[0] > 1, each[1]), default=(0, 0))
        if width > 1 and (count, width) > most:
            best, most = delimiter, (count, width)
    return best


def _typed(row: Row, delimiter: str) -> Row:
    return [_value(cell, delimiter) for cell in row]


def _value(cell: str, delimiter: str) -> Any:
    """A number or a date where it reads as one, as a spreadsheet would take it."""
    text = cell.strip()
    if not text or text[0] not in "-+.0123456789":
        return _TRUTHS.get(text.lower(), text) if 4 <= len(text) <= 5 else text
    if _NUMBER.fullmatch(text) and text[-1] not in "+-.":
        return NumberText(text)
    if delimiter != "," and _COMMA_NUMBER.fullmatch(text):
        return NumberText(text)
    if len(text) <= _DATE_MAX and _DATE.fullmatch(text):
        return DateText(text)
    return text
