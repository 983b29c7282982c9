"""Excel workbooks: each sheet's columns, defined names, what is hidden. Nothing is evaluated, and no link to
another workbook is followed."""

import io
import posixpath
import zipfile
from typing import Final

from msgspec import Struct

from signalbox.workloads.documents import Sheet, Workbook
from signalbox.workloads.reading.calamine_sheets import SHEETS_MAX, opened_workbook, sheet_of
from signalbox.workloads.reading.package import UNFOLDED_MAX, check_ooxml, opened_zip, tree
from signalbox.workloads.reading.sheet_xml import BYTES_MAX, Scanned, scan, shortened
from signalbox.workloads.reading.unreadable import TooLarge

NAMES_MAX: Final = 1_000
WORKBOOK_MAX: Final = 128 * 1024 * 1024
"""Of all sheets' XML that is read."""
_LEAST: Final = 1024 * 1024
"""That is read of every sheet, however many went before."""
_STRINGS_MAX: Final = 128 * 1024 * 1024
_REFERS_MAX: Final = 300
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class _Entry(Struct, frozen=True):
    name: str
    part: str
    hidden: bool


def read(name: str, content: bytes) -> Workbook:
    """Raises `Unreadable` and its kinds. A sheet that is larger than is read is read from its beginning, and
    `missed` says so."""
    package = check_ooxml(content, "xl", tree_max=UNFOLDED_MAX)
    with opened_zip(content) as archive:
        entries, names = _entries(archive, package.main)
        _check_strings(archive)
        scanned: dict[str, Scanned] = {}
        left = WORKBOOK_MAX
        for entry in entries:
            scanned[entry.part] = scan(archive, entry.part, max(_LEAST, min(left, BYTES_MAX)))
            left -= min(BYTES_MAX, archive.getinfo(entry.part).file_size)
        if any(each.read for each in scanned.values()):
            content = _shortened(archive, scanned)
    opened = opened_workbook(content)
    sheets: list[Sheet] = []
    missed: list[str] = []
    for entry in entries:
        found = scanned[entry.part]
        sheets.append(
            sheet_of(opened, entry.name, hidden=entry.hidden, formulas=found.formulas, last=found.rows)
        )
        if found.read:
            missed.append(
                f"rows after {found.read:,} of the {found.rows:,} of sheet `{entry.name[:40]}`: what is said "
                "of its columns is from those above"
            )
    missed += package.missed
    return Workbook(name=name, sheets=tuple(sheets), names=names, missed=tuple(missed))


def _entries(archive: zipfile.ZipFile, main: str) -> tuple[tuple[_Entry, ...], tuple[tuple[str, str], ...]]:
    """Worksheets in the order of their tabs, and defined names. Sheets of charts have no cells."""
    folder, _, base = main.rpartition("/")
    relations: dict[str, str] = {}
    for relation in tree(archive, f"{folder}/_rels/{base}.rels"):
        if str(relation.get("Type", "")).endswith("/worksheet"):
            target = str(relation.get("Target", ""))
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
            relations[str(relation.get("Id", ""))] = full
    found: list[_Entry] = []
    names: list[tuple[str, str]] = []
    for element in tree(archive, main).iter("{*}sheet", "{*}definedName"):
        if str(element.tag).endswith("}definedName"):
            if element.get("hidden") not in ("1", "true") and len(names) < NAMES_MAX:
                names.append((str(element.get("name", "")), (element.text or "")[:_REFERS_MAX]))
        elif (at := relations.get(str(element.get(_RELATION, "")))) in archive.namelist():
            hidden = str(element.get("state", "visible")) != "visible"
            found.append(_Entry(str(element.get("name", "")), str(at), hidden))
    if len(found) > SHEETS_MAX:
        raise TooLarge(f"it has {len(found)} sheets; {SHEETS_MAX} are read")
    return tuple(found), tuple(names)


def _check_strings(archive: zipfile.ZipFile) -> None:
    """Texts stand in one part, which calamine keeps whole."""
    for entry in archive.infolist():
        if entry.filename.lower().endswith("sharedstrings.xml") and entry.file_size > _STRINGS_MAX:
            raise TooLarge(f"its texts take {entry.file_size >> 20} MiB; {_STRINGS_MAX >> 20} MiB are read")


def _shortened(archive: zipfile.ZipFile, scanned: dict[str, Scanned]) -> bytes:
    """The same workbook with large sheets cut short."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as written:
        for entry in archive.infolist():
            if entry.filename.endswith("/") or entry.filename.startswith("xl/media/"):
                continue
            found = scanned.get(entry.filename)
            with written.open(entry.filename, "w") as target:
                if found is not None and found.read:
                    for piece in shortened(archive, entry.filename, found.read):
                        target.write(piece)
                else:
                    target.write(archive.read(entry.filename))
    return made.getvalue()
