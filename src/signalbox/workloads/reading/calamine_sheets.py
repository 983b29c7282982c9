"""Workbooks of Excel 97-2003, of Excel in binary, and of OpenDocument: values and what they are.

calamine runs no macro and evaluates no formula. Formulas and defined names are read of xlsx only.
"""

import io
from itertools import islice
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from signalbox.workloads.documents import Sheet, Workbook
from signalbox.workloads.reading.columns import Formulas, Summary, blocks
from signalbox.workloads.reading.package import check_entries, opened_zip
from signalbox.workloads.reading.unreadable import Encrypted, TooLarge, Unreadable

SHEETS_MAX: Final = 500


def read(name: str, content: bytes) -> Workbook:
    """Raises `Unreadable` and its kinds."""
    if content.startswith(b"PK"):
        with opened_zip(content) as archive:
            check_entries(archive)
    opened = opened_workbook(content)
    sheets = tuple(
        sheet_of(opened, each.name, hidden=each.visible != SheetVisibleEnum.Visible)
        for each in opened.sheets_metadata
    )
    return Workbook(name=name, sheets=sheets, missed=("formulas and defined names: save it as .xlsx",))


def opened_workbook(content: bytes) -> Any:
    """Raises `Unreadable` and its kinds."""
    try:
        opened = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError as error:
        raise Encrypted("it is protected by a password: save it without one") from error
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable("it is no workbook, or a damaged one") from error
    if len(opened.sheet_names) > SHEETS_MAX:
        raise TooLarge(f"it has {len(opened.sheet_names)} sheets; {SHEETS_MAX} are read")
    return opened


def sheet_of(
    opened: Any, name: str, *, hidden: bool, formulas: dict[int, Formulas] | None = None, last: int = 0
) -> Sheet:
    """`last` is the number of the last row where not all were left for calamine. Raises `Unreadable`."""
    try:
        found = opened.get_sheet_by_name(name)
        start = found.start or (0, 0)
        summary = Summary(start[0] + 1, start[1])
        # The empty rows above the first are given as well.
        for block in blocks(islice(found.iter_rows(), start[0], None)):
            summary.take(block)
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable("a sheet of it is damaged") from error
    return summary.sheet(name, hidden=hidden, formulas=formulas, last=last)
