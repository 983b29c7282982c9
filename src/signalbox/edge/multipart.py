"""`multipart/form-data` (RFC 7578) → its parts. Pure; what it is given is whole and within bounds.

Strict where browsers and curl are: no preamble, no nesting, no transfer encoding, names in quotes.
"""

import re
from typing import Final

from msgspec import Struct

from signalbox.domain.errors import MalformedRequest

_BOUNDARY: Final = re.compile(
    rb'multipart/form-data;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))\s*', re.I
)
_NAME: Final = re.compile(rb'form-data;\s*name="([^"\r\n]*)"(?:;\s*filename="([^"\r\n]*)")?[^\r\n]*', re.I)
_QUOTED: Final = ((b"%22", b'"'), (b"%0D", b"\r"), (b"%0A", b"\n"))
_PARTS_MAX: Final = 256
_HEAD_MAX: Final = 8_192


class Part(Struct, frozen=True):
    """`filename` is None for a field that is no file."""

    name: str
    filename: str | None
    content: bytes


def is_form(content_type: bytes) -> bool:
    return content_type[:19].lower() == b"multipart/form-data"


def read_form(content_type: bytes, body: bytes) -> list[Part]:
    """In their order. Raises `MalformedRequest`."""
    found = _BOUNDARY.fullmatch(content_type)
    if found is None:
        raise MalformedRequest("the form has no `boundary` in its content type")
    mark = b"\r\n--" + (found[1] or found[2])
    pieces = (b"\r\n" + body).split(mark, _PARTS_MAX + 2)
    if len(pieces) > _PARTS_MAX + 2:
        raise MalformedRequest(f"the form has more than {_PARTS_MAX} parts")
    if len(pieces) < 2 or pieces[0] or pieces[-1][:2] != b"--" or pieces[-1][2:].strip():
        raise MalformedRequest("the form does not begin and end with its boundary")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    end = piece.find(b"\r\n\r\n", 0, _HEAD_MAX)
    if piece[:2] != b"\r\n" or end < 0:
        raise MalformedRequest("a part of the form has no end of its headers")
    for line in piece[2:end].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-transfer-encoding":
            raise MalformedRequest("a part of the form has a transfer encoding; send the bytes as they are")
        if name.lower() == b"content-disposition":
            said = _NAME.fullmatch(value.strip())
            if said is not None:
                filename = None if said[2] is None else _text(said[2])
                return Part(_text(said[1]), filename, piece[end + 4 :])
    raise MalformedRequest("a part of the form has no name")


def _text(quoted: bytes) -> str:
    for written, meant in _QUOTED:
        quoted = quoted.replace(written, meant)
    try:
        return quoted.decode()
    except UnicodeDecodeError as error:
        raise MalformedRequest("a name in the form is not UTF-8") from error
