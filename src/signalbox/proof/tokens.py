"""A text of invariants → words, strings and signs, each with its place. It knows no grammar."""

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from signalbox.proof.invariants import InvariantFault, InvariantsInvalid

_TOKEN: Final = re.compile(
    r'(?P<blank>[ \t\r\n]+|\#[^\n]*)|(?P<string>"(?:[^"\\\n]|\\["\\])*")'
    r"|(?P<sign>>=|<=|[<>(),:])|(?P<word>[A-Za-z0-9][A-Za-z0-9._-]*)"
)


class Token(Struct, frozen=True):
    """`text` of a string is what stands between the quotes. Places count from 1."""

    kind: Literal["word", "string", "sign", "end"]
    text: str
    line: int
    column: int

    def shown(self) -> str:
        return "the end of the text" if self.kind == "end" else f"`{self.text[:80]}`"


def tokens(text: str) -> tuple[Token, ...]:
    """The last is of kind `end`. Raises `InvariantsInvalid` at the first character that begins nothing."""
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    place, line, begun = 0, 1, 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            message = _stray(text[place])
            raise InvariantsInvalid((InvariantFault(line, place - begun + 1, message),))
        written = found.group()
        match found.lastgroup:
            case "string":
                yield Token("string", re.sub(r"\\(.)", r"\1", written[1:-1]), line, place - begun + 1)
            case "word":
                yield Token("word", written, line, place - begun + 1)
            case "sign":
                yield Token("sign", written, line, place - begun + 1)
        place = found.end()
        if newlines := written.count("\n"):
            line += newlines
            begun = place - (len(written) - written.rindex("\n") - 1)
    yield Token("end", "", line, place - begun + 1)


def _stray(character: str) -> str:
    if character == '"':
        return 'a string ends on its line, and a backslash in it stands before `"` or another'
    return f"`{character}` means nothing here"
