"""Plain text and Markdown: paragraphs between empty lines."""

from signalbox.workloads.documents import Paragraph, TextDocument
from signalbox.workloads.reading.unreadable import Unreadable


def read(name: str, content: bytes) -> TextDocument:
    """UTF-8, with or without a mark of its own, or UTF-16 with one. Raises `Unreadable`."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable("it is not text in UTF-8") from error
    if "\x00" in text:
        raise Unreadable("it is not text")
    pieces = [piece.strip() for piece in text.replace("\r\n", "\n").split("\n\n")]
    paragraphs = [
        Paragraph(id=f"p{number}", text=piece.lstrip("# "), heading=_level(piece))
        for number, piece in enumerate([piece for piece in pieces if piece], 1)
    ]
    return TextDocument(name=name, paragraphs=tuple(paragraphs))


def _level(piece: str) -> int:
    """Of a Markdown heading: `## So`."""
    marks = len(piece) - len(piece.lstrip("#"))
    return marks if 0 < marks <= 6 and piece[marks : marks + 1] == " " and "\n" not in piece else 0
