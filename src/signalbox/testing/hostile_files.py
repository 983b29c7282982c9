"""Files that are made to do harm, or that are broken, as small as they can be: for tests of reading.

Each is a name with its content, and the code of the error that a reader is to give; an empty code where it is
to be read all the same.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from signalbox.testing.office_samples import package, report, workbook

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UNREADABLE: Final = "file_unreadable"
LOCKED: Final = "file_encrypted"
LARGE: Final = "file_too_large"


class Hostile(Struct, frozen=True):
    what: str
    name: str
    content: bytes
    code: str


def archives() -> Iterator[Hostile]:
    yield Hostile("a zip bomb", "bomb.docx", with_part("word/media/a.xml", b" " * (48 << 20)), LARGE)
    yield Hostile(
        "a bomb in a bomb, which nobody opens",
        "nested.docx",
        with_part("word/embeddings/book.xlsx", package({"a": bytes(3 << 20)})),
        "",
    )
    yield Hostile("entries that overlap", "overlap.docx", overlapping(), UNREADABLE)
    yield Hostile("a size that lies", "lying.docx", lying_size(), UNREADABLE)
    yield Hostile(
        "10,001 entries", "many.docx", package({f"word/{number}": "" for number in range(10_001)}), LARGE
    )
    yield Hostile("two parts of one name", "twice.docx", twice(), UNREADABLE)
    yield Hostile(
        "names that are paths", "paths.docx", with_part("../../../../tmp/signalbox-was-here", b"x"), ""
    )
    yield Hostile("a huge picture", "picture.docx", with_part("word/media/a.png", huge_picture()), "")


def markup() -> Iterator[Hostile]:
    for what, prolog in (
        ("an entity bomb", entities()),
        ("a definition behind a long comment", f"<!--{' ' * 5_000}-->{entities()}"),
        ("an entity that is a file", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>'),
        ("an entity that is fetched", '<!DOCTYPE a [<!ENTITY b SYSTEM "http://127.0.0.1:9/">]>'),
        ("a comment without end", "<!--"),
        ("a prolog longer than is read", f"<!--{' ' * 100_000}-->"),
    ):
        yield Hostile(what, "markup.docx", document(f"{prolog}{body('&b;')}".encode()), UNREADABLE)
        yield Hostile(what, "markup.xlsx", workbook({"A": f"{prolog}{cells('<c><v>1</v></c>')}"}), UNREADABLE)
    utf_16 = f"{entities()}{body('&b;')}"
    yield Hostile("a definition in UTF-16", "utf-16.docx", document(utf_16.encode("utf-16")), UNREADABLE)
    yield Hostile("one in UTF-16 without a mark", "be.docx", document(utf_16.encode("utf-16-be")), UNREADABLE)
    yield Hostile(
        "one in UTF-7",
        "utf-7.docx",
        document(b'<?xml version="1.0" encoding="UTF-7"?>+ADw-!DOCTYPE a>' + body("x").encode()),
        UNREADABLE,
    )
    yield Hostile("one in UTF-32", "utf-32.docx", document(utf_16.encode("utf-32")), UNREADABLE)
    deep = "<w:sdt><w:sdtContent>" * 50_000 + "</w:sdtContent></w:sdt>" * 50_000
    yield Hostile(
        "elements 100,000 deep",
        "deep.docx",
        document(f'<w:document xmlns:w="{_WORD}"><w:body>{deep}</w:body></w:document>'.encode()),
        UNREADABLE,
    )
    yield Hostile("a span without end", "span.docx", document(spanning().encode()), "")


def sheets() -> Iterator[Hostile]:
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>{row}</v></c></row>' for row in range(1, 1_000_001))
    yield Hostile("a million rows", "rows.xlsx", workbook({"A": cells(rows)}), "")
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    yield Hostile("cells at both ends", "far.xlsx", workbook({"A": cells(far)}), "")
    yield Hostile("a million rows of text", "rows.csv", b"id,text\n" + b"1,a\n" * 1_000_000, "")
    yield Hostile("a quotation without end", "quote.csv", b'a,b\n1,"' + b"x" * (17 << 20), LARGE)
    yield Hostile(
        "a number of sheets", "sheets.xlsx", workbook({f"S{n}": cells("") for n in range(600)}), LARGE
    )


def locked() -> Iterator[Hostile]:
    ole = _OLE + bytes(1_016) + "EncryptedPackage".encode("utf-16-le") + bytes(1_024)
    for suffix in ("docx", "pptx", "xlsx"):
        yield Hostile("a password", f"locked.{suffix}", ole, LOCKED)
    yield Hostile("a ZIP's own password", "zip.docx", flagged(report(1)), LOCKED)
    yield Hostile("an old file under a new name", "old.docx", _OLE + bytes(2_048), UNREADABLE)


def mails() -> Iterator[Hostile]:
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n" for level in range(900)
    )
    yield Hostile("parts 900 deep", "deep.eml", f"From: a@b.example\n{nested}".encode(), LARGE)
    yield Hostile("parts 5,000 deep", "deeper.eml", f"From: a@b.example\n{nested * 6}".encode(), LARGE)
    forwarded = "Content-Type: message/rfc822\n\n" * 1_500
    yield Hostile("messages 1,500 deep", "forwarded.eml", f"From: a@b.example\n{forwarded}x".encode(), LARGE)
    yield Hostile("100,000 tags", "tags.eml", html("<div><p>" * 50_000 + "x"), "")
    yield Hostile(
        "a header of a megabyte", "header.eml", b"From: a@b.example\nSubject: " + b"=?" * 500_000, ""
    )
    yield Hostile(
        "a locked mail",
        "locked.eml",
        b"From: a@b.example\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAG",
        LOCKED,
    )


def broken() -> Iterator[Hostile]:
    whole = report(1)
    for share in (2, 10, 100):
        yield Hostile(f"one {share}th of it", "cut.docx", whole[: len(whole) // share], UNREADABLE)
    for suffix in ("docx", "pptx", "xlsx", "msg", "eml", "xls", "doc", "ppt"):
        yield Hostile("nothing", f"empty.{suffix}", b"", UNREADABLE)
        yield Hostile("noise", f"noise.{suffix}", bytes(range(256)) * 64, UNREADABLE)
    yield Hostile("a workbook's insides", "book.docx", workbook({"A": cells("")}), UNREADABLE)
    yield Hostile("an archive", "archive.docx", package({"readme.txt": "hello"}), UNREADABLE)
    yield Hostile("no kind that is read", "program.exe", b"MZ", UNREADABLE)


def with_part(name: str, content: bytes) -> bytes:
    """A sound document with one more part."""
    saved = io.BytesIO(report(1))
    with zipfile.ZipFile(saved, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return saved.getvalue()


def document(main: bytes) -> bytes:
    """A Word document whose main part is this."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(report(1))) as sound,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for entry in sound.infolist():
            inside = main if entry.filename == "word/document.xml" else sound.read(entry)
            archive.writestr(entry.filename, inside)
    return made.getvalue()


def body(text: str) -> str:
    return (
        f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>'
    )


def cells(rows: str) -> str:
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def html(inside: str) -> bytes:
    head = "From: a@b.example\nContent-Type: text/html; charset=utf-8"
    return f"{head}\n\n<html><body>{inside}</body></html>".encode()


def entities() -> str:
    """A billion laughs."""
    each = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return f'<!DOCTYPE a [<!ENTITY a "ha">{each}]>'


def spanning() -> str:
    cell = '<w:tc><w:tcPr><w:gridSpan w:val="99999"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>'
    row = f'<w:tr><w:trPr><w:gridBefore w:val="99999"/></w:trPr>{cell * 20}</w:tr>'
    return f'<w:document xmlns:w="{_WORD}"><w:body><w:tbl>{row * 20}</w:tbl></w:body></w:document>'


def overlapping() -> bytes:
    """Each entry of the directory points at the same bytes (Fifield's bomb is made so)."""
    content = bytearray(report(1))
    at = first = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 42 : at + 46] = content[first + 42 : first + 46]
        at = content.find(b"PK\x01\x02", at + 4)
    return bytes(content)


def lying_size() -> bytes:
    """The main part says that it has 100 bytes, in both places where it says so."""
    content = bytearray(document(body("x" * 5_000).encode()))
    for signature, size, name in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = content.find(signature)
        while content[at + name : at + name + 17] != b"word/document.xml":
            at = content.find(signature, at + 4)
        content[at + size : at + size + 4] = struct.pack("<I", 100)
    return bytes(content)


def flagged(content: bytes) -> bytes:
    """Every entry says that it is encrypted."""
    made = bytearray(content)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = made.find(signature)
        while at >= 0:
            made[at + flags] |= 1
            at = made.find(signature, at + 4)
    return bytes(made)


def twice() -> bytes:
    """`word/document.xml` and another of that name: which one is read depends on the program."""
    return with_part("word/documenu.xml", b"<a/>").replace(b"word/documenu.xml", b"word/document.xml")


def huge_picture() -> bytes:
    """A PNG of 60,000 × 60,000 points that says so in a few hundred bytes."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


GROUPS: Final = (archives, markup, sheets, locked, mails, broken)
"""Made when they are asked for: some take seconds."""
