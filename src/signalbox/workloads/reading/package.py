"""What is looked at before a library sees a file: is it the format that it claims, and harmless in size.

OOXML files are ZIP archives of XML without document type definitions (ECMA-376 part 2 forbids them), so that
an entity bomb is refused by the sight of one. Runs in the child.
"""

import io
import zipfile
from typing import Final

from signalbox.workloads.reading.unreadable import Encrypted, TooLarge, Unreadable

ENTRIES_MAX: Final = 10_000
UNFOLDED_MAX: Final = 512 * 1024 * 1024
RATIO_MAX: Final = 200
_RATIO_FROM: Final = 1024 * 1024
"""Small parts compress well in all innocence."""
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_HEAD: Final = 4_096


def check_ooxml(content: bytes, part: str) -> None:
    """`part` is one that every file of the format has. Raises `Unreadable` and its kinds."""
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise Encrypted("it is protected by a password: save it without one")
        raise Unreadable("it is a file of Office 97-2003, or of another format, under this name")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check(archive, part)
    except zipfile.BadZipFile as error:
        raise Unreadable(f"it is no archive, as files of this format are ({error})") from error


def _check(archive: zipfile.ZipFile, part: str) -> None:
    entries = archive.infolist()
    if len(entries) > ENTRIES_MAX:
        raise TooLarge(f"it has {len(entries)} parts; {ENTRIES_MAX} are read")
    whole = sum(entry.file_size for entry in entries)
    if whole > UNFOLDED_MAX:
        raise TooLarge(f"it unfolds to {whole >> 20} MiB; {UNFOLDED_MAX >> 20} MiB are read")
    for entry in entries:
        if entry.flag_bits & 1:
            raise Encrypted("parts of it are encrypted: save it without a password")
        if entry.file_size > _RATIO_FROM and entry.file_size > RATIO_MAX * max(1, entry.compress_size):
            raise TooLarge("a part of it unfolds to more than 200 times its size, as no document does")
    if part not in archive.namelist():
        raise Unreadable(f"it has no `{part}`, as files of this format have")
    for entry in entries:
        if entry.filename.lower().endswith((".xml", ".rels")):
            with archive.open(entry) as opened:
                head = opened.read(_HEAD)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head or "<!DOCTYPE".encode("utf-16-le") in head:
                raise Unreadable("it has a document type definition, which no file of this format has")
