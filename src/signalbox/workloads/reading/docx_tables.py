"""Tables of a Word document as rows of text, from the XML itself: python-docx refuses tables whose cells do
not fill their grid, and takes quadratic time over large ones.

WordprocessingML: ECMA-376 part 1, 17.4 (`w:tbl`, `w:gridSpan`, `w:vMerge`, `w:gridBefore`).
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from docx.oxml.ns import qn

Rows = tuple[tuple[str, ...], ...]
_SPAN_MAX: Final = 64
"""Columns that a cell may be repeated over: a file can say any number."""
_ROW, _CELL, _TABLE, _PARAGRAPH = qn("w:tr"), qn("w:tc"), qn("w:tbl"), qn("w:p")
_INSIDE: Final = frozenset(qn(name) for name in ("w:sdt", "w:sdtContent", "w:ins", "w:moveTo", "w:customXml"))
_VALUE: Final = qn("w:val")


def rows_of(table: Any, text_of: Callable[[Any], str]) -> Iterator[Rows]:
    """The table, then those that stand in its cells, each by itself. `text_of` reads a `w:p`."""
    nested: list[Any] = []
    above: list[str] = []
    rows: list[tuple[str, ...]] = []
    for row in _children(table, _ROW):
        cells = [""] * min(_SPAN_MAX, _number(row, "w:trPr", "w:gridBefore", 0))
        for cell in _children(row, _CELL):
            span = max(1, min(_SPAN_MAX, _number(cell, "w:tcPr", "w:gridSpan", 1)))
            if _goes_on(cell):
                text = above[len(cells)] if len(cells) < len(above) else ""
            else:
                text = "\n".join(
                    filter(None, (text_of(each).strip() for each in _children(cell, _PARAGRAPH)))
                )
            cells += [text] * span
            nested += _children(cell, _TABLE)
        above = cells
        rows.append(tuple(cells))
    yield tuple(rows)
    for each in nested:
        yield from rows_of(each, text_of)


def _children(element: Any, tag: str) -> Iterator[Any]:
    """Also those within a content control or a tracked insertion."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _INSIDE:
            yield from _children(child, tag)


def _number(element: Any, properties: str, name: str, default: int) -> int:
    found = element.find(f"{qn(properties)}/{qn(name)}")
    said = found.get(_VALUE, "") if found is not None else ""
    return int(said) if said.isdecimal() and len(said) < 6 else default


def _goes_on(cell: Any) -> bool:
    """Whether it is the rest of a cell above."""
    found = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
    return found is not None and found.get(_VALUE, "continue") == "continue"
