"""What is looked at before a library sees a file: is it the format that it claims, and harmless in size.

OOXML files are ZIP archives of XML without document type definitions (ECMA-376 part 2 forbids them), so that
an entity bomb is refused by the sight of one. Runs in the child. Nothing is ever unpacked to a disk, so that
the names of entries are names and no paths.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Final

from lxml import etree
from msgspec import Struct

from signalbox.workloads.reading.unreadable import Encrypted, TooLarge, Unreadable

ENTRIES_MAX: Final = 10_000
UNFOLDED_MAX: Final = 512 * 1024 * 1024
TREE_MAX: Final = 48 * 1024 * 1024
"""Of XML that is kept in memory as a tree, which takes some ten times as much: all parts together."""
RATIO_MAX: Final = 200
_RATIO_FROM: Final = 4 * 1024 * 1024
"""Small parts compress well in all innocence."""
PROLOG_MAX: Final = 64 * 1024
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_KINDS: Final = {"word": "text", "ppt": "presentation", "xl": "workbook"}
_OFFICE: Final = re.compile(r"/(?:officeDocument/(?:2006/)?relationships/officeDocument)$")
_STRICT: Final = "http://purl.oclc.org/"
_ENCODINGS: Final = re.compile(rb"utf-?8|utf-?16(?:le|be)?|(?:us-)?ascii|iso-8859-\d+|windows-125\d", re.I)
_DECLARED: Final = re.compile(rb"\sencoding\s*=\s*[\"']([^\"']*)")
_RELS: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Package(Struct, frozen=True, kw_only=True):
    """`main` is the name of the part that the others hang from; `macros`: there is code in it, which nobody
    runs."""

    main: str
    names: tuple[str, ...]
    macros: bool

    @property
    def missed(self) -> tuple[str, ...]:
        return ("macros, which were not run",) if self.macros else ()


def check_ooxml(content: bytes, folder: str, *, tree_max: int = TREE_MAX) -> Package:
    """`folder` is that of the format: `word`, `ppt` or `xl`. Raises `Unreadable` and its kinds."""
    if content.startswith(OLE):
        if _ENCRYPTED in content:
            raise Encrypted("it is protected by a password: save it without one")
        raise Unreadable("it is a file of Office 97-2003, or of another format, under this name")
    with opened_zip(content) as archive:
        trees = check_entries(archive)
        if trees > tree_max:
            raise TooLarge(f"its XML takes {trees >> 20} MiB; {tree_max >> 20} MiB are read")
        return _package(archive, folder)


def opened_zip(content: bytes) -> zipfile.ZipFile:
    """Raises `Unreadable`."""
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
        raise Unreadable("it is no whole archive, as files of this format are: it may be cut off") from error


def check_entries(archive: zipfile.ZipFile) -> int:
    """Sizes, encryption and definitions of document types in every entry, whatever it is called. Gives the
    size of all XML together. Raises `Unreadable` and its kinds."""
    entries = archive.infolist()
    if len(entries) > ENTRIES_MAX:
        raise TooLarge(f"it has {len(entries)} parts; {ENTRIES_MAX} are read")
    whole = sum(entry.file_size for entry in entries)
    if whole > UNFOLDED_MAX:
        raise TooLarge(f"it unfolds to {whole >> 20} MiB; {UNFOLDED_MAX >> 20} MiB are read")
    _check_places(entries)
    for entry in entries:
        if entry.flag_bits & 1:
            raise Encrypted("parts of it are encrypted: save it without a password")
        if entry.file_size > _RATIO_FROM and entry.file_size > RATIO_MAX * max(1, entry.compress_size):
            raise TooLarge(
                f"a part of it unfolds to more than {RATIO_MAX} times its size, as no document does"
            )
    return sum(entry.file_size for entry in entries if _is_checked_xml(archive, entry))


def _check_places(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Entries that share bytes are how a small archive unfolds to a large one without compressing well."""
    if len({entry.filename for entry in entries}) != len(entries):
        raise Unreadable("two parts of it have one name")
    end = -1
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise Unreadable("parts of it overlap, as no program writes them")
        end = entry.header_offset + 30 + entry.compress_size


def _is_checked_xml(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    if entry.is_dir() or not entry.file_size:
        return False
    with part(archive, entry.filename) as opened:
        head = read_some(opened, PROLOG_MAX if entry.filename.endswith((".xml", ".rels")) else 4)
        if not _looks_like_xml(head):
            return False
        if len(head) <= 4:
            head += read_some(opened, PROLOG_MAX)
    check_prolog(head)
    return True


def part(archive: zipfile.ZipFile, name: str) -> zipfile.ZipExtFile:
    """An entry, opened. Raises `Unreadable`."""
    try:
        return archive.open(name)  # type: ignore[return-value]  # what is opened for reading is one
    except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise Unreadable("a part of it is missing or cannot be unpacked") from error


def read_some(opened: zipfile.ZipExtFile, most: int) -> bytes:
    """Raises `Unreadable` where what was packed is broken."""
    try:
        return opened.read(most)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]  # re-exported in fact
        raise Unreadable("a part of it is broken: the file may be cut off") from error


def tree(archive: zipfile.ZipFile, name: str) -> etree._Element:
    """A part's XML. Raises `Unreadable`."""
    with part(archive, name) as opened:
        content = read_some(opened, TREE_MAX)
    return parsed(content)


def parsed(content: bytes) -> etree._Element:
    """Raises `Unreadable`. Its prolog has been checked."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("a part of it is no well-formed XML") from error


def _looks_like_xml(head: bytes) -> bool:
    """By its first signs, in any encoding that a parser would guess."""
    bare = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return bare.startswith((b"<", b"\x00<", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\x00<", b"\x4c\x6f\xa7\x94"))


def check_prolog(head: bytes) -> None:
    """What stands before the root element: no definition of a document type, and no encoding in which one
    could be hidden. Raises `Unreadable`."""
    text = _plain(head)
    place = 0
    while True:
        place = len(text) - len(text[place:].lstrip(b" \t\r\n"))
        if text.startswith(b"<?", place):
            end = text.find(b"?>", place)
        elif text.startswith(b"<!--", place):
            end = text.find(b"-->", place + 4)
        elif text.startswith(b"<!", place):
            raise Unreadable("it has a document type definition, which no file of this format has")
        elif text.startswith(b"<", place):
            return
        else:
            raise Unreadable("a part of it is no well-formed XML")
        if end < 0:
            raise Unreadable("a part of it has a prolog without end")
        declared = _DECLARED.search(text, place, end) if text.startswith(b"<?xml", place) else None
        if declared and not _ENCODINGS.fullmatch(declared[1]):
            raise Unreadable("a part of it is in an encoding that no file of this format has")
        place = end + (2 if text.startswith(b"?", end) else 3)


def _plain(head: bytes) -> bytes:
    """UTF-16 as bytes of ASCII, where it is that."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"\x00\x00\x00<", b"\x4c\x6f\xa7\x94")):
        raise Unreadable("a part of it is in an encoding that no file of this format has")
    even = head[: len(head) // 2 * 2]
    if head.startswith((b"\xff\xfe", b"<\x00")):
        return even.decode("utf-16-le", "replace").lstrip("\ufeff").encode()
    if head.startswith((b"\xfe\xff", b"\x00<")):
        return even.decode("utf-16-be", "replace").lstrip("\ufeff").encode()
    return head.removeprefix(b"\xef\xbb\xbf")


def _package(archive: zipfile.ZipFile, folder: str) -> Package:
    names = tuple(archive.namelist())
    if "[Content_Types].xml" not in names or "_rels/.rels" not in names:
        raise Unreadable("it is an archive, and not a document of Office")
    main = ""
    for relation in tree(archive, "_rels/.rels").iter(_RELS):
        if _OFFICE.search(relation.get("Type", "")):
            if relation.get("Type", "").startswith(_STRICT):
                raise Unreadable("it is in the strict variant of Open XML: save it in the ordinary one")
            main = relation.get("Target", "").lstrip("/").removeprefix("./")
    if main not in names:
        raise Unreadable(f"it has no {_KINDS[folder]} in it, as files of this format have")
    for other, kind in _KINDS.items():
        if main.startswith(f"{other}/") and other != folder:
            raise Unreadable(f"it is a {kind} under another format's name")
    return Package(
        main=main, names=names, macros=any(name.lower().endswith("vbaproject.bin") for name in names)
    )
