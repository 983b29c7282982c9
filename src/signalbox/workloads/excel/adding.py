"""A sheet of values added to a workbook's file, everything else left as it was."""

import re
from typing import Any, Final

from lxml import etree

from signalbox.workloads.excel.operations import Grid, Value
from signalbox.workloads.excel.places import cell
from signalbox.workloads.excel.writing import LINKS, MAIN, PART, RELATED, as_bytes, packed, parts_of
from signalbox.workloads.reading.package import check_ooxml, opened_zip, tree

_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def with_sheet(content: bytes, name: str, grid: Grid) -> bytes:
    """`name` is free. Texts are texts, whatever they begin with."""
    package = check_ooxml(content, "xl")
    with opened_zip(content) as archive:
        parts = parts_of(archive, package.main)
        workbook, relations = tree(archive, parts.workbook), tree(archive, parts.relations)
        types = tree(archive, "[Content_Types].xml")
        folder = parts.workbook.rpartition("/")[0]
        taken = set(archive.namelist())
        part = next(
            path
            for number in range(1, 10_000)
            if (path := f"{folder}/worksheets/sheet{number}.xml") not in taken
        )
        sheets = workbook.find(f"{MAIN}sheets")
        ident = f"rId{1 + max([0, *_numbers(relations)])}"
        made = etree.SubElement(sheets, f"{MAIN}sheet")
        made.set("name", name)
        made.set(
            "sheetId",
            str(
                1
                + max(
                    int(each.get("sheetId", "0")) for each in sheets.iter(f"{MAIN}sheet") if each is not made
                )
            ),
        )
        made.set(LINKS, ident)
        _child(relations, RELATED, Id=ident, Type=_RELATION, Target=f"/{part}")
        _child(types, PART, PartName=f"/{part}", ContentType=_KIND)
        changed: dict[str, bytes | None] = {
            parts.workbook: as_bytes(workbook),
            parts.relations: as_bytes(relations),
            "[Content_Types].xml": as_bytes(types),
        }
        return packed(archive, changed, added={part: _sheet(grid)})


def _numbers(relations: Any) -> list[int]:
    found = [re.fullmatch(r"rId(\d+)", each.get("Id", "")) for each in relations.iter(RELATED)]
    return [int(each[1]) for each in found if each]


def _child(parent: Any, tag: str, **attributes: str) -> None:
    made = etree.SubElement(parent, tag)
    for key, value in attributes.items():
        made.set(key, value)


def _sheet(grid: Grid) -> bytes:
    root = etree.Element(f"{MAIN}worksheet", nsmap={None: MAIN.strip("{}")})
    data = etree.SubElement(root, f"{MAIN}sheetData")
    for number, values in enumerate((grid.names, *grid.rows), 1):
        row = etree.SubElement(data, f"{MAIN}row")
        row.set("r", str(number))
        for column, value in enumerate(values, 1):
            _cell(row, cell(number, column), value)
    return as_bytes(root)


def _cell(row: Any, place: str, value: Value) -> None:
    if value is None or value == "":
        return
    made = etree.SubElement(row, f"{MAIN}c")
    made.set("r", place)
    match value:
        case bool():
            made.set("t", "b")
            etree.SubElement(made, f"{MAIN}v").text = str(int(value))
        case str():
            made.set("t", "inlineStr")
            text = etree.SubElement(etree.SubElement(made, f"{MAIN}is"), f"{MAIN}t")
            text.text = _CONTROL.sub("", value)
            text.set(_SPACE, "preserve")
        case _:
            etree.SubElement(made, f"{MAIN}v").text = repr(float(value))
