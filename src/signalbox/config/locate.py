"""Where in a TOML text a field stands: `endpoints[3].retention` → line.

tomllib gives values without positions, so this scans the same text once more and notes the line of each
table header, key and array item. It deliberately does not judge the text: it is handed only what
tomllib has accepted, and reads no value.

Format: TOML 1.0, https://toml.io/en/v1.0.0
"""

import re
import tomllib
from bisect import bisect_left
from typing import Final

FieldPath = tuple[str | int, ...]
"""Table keys and array places, from the root: `("endpoints", 3, "retention")`."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?""""{0,2}'  # up to two quotes may stand right before the closing three
    r"|'''.*?''''{0,2}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")


def show(path: FieldPath) -> str:
    """The path as people write it: `endpoints[3].price.currency`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else f'"{part}"')
    return text


class Lines:
    """The line (1-based) of every field of one text.

    `text` must be valid TOML with LF or CRLF line ends. `statements` are its headers and pairs in order, each
    as the root key that it belongs to and where its lines begin: comments before it are its own.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks = [place for place, char in enumerate(text) if char == "\n"]
        self._at = 0
        self._found: dict[FieldPath, int] = {}
        self._items: dict[FieldPath, int] = {}  # how many [[headers]] an array of tables has had so far
        self.statements: list[tuple[str, int]] = []
        self._document()

    def line(self, path: FieldPath) -> int:
        """Where `path` stands; for a field that is missing, where the table begins that lacks it."""
        while path:
            if path in self._found:
                return self._found[path]
            path = path[:-1]
        return 1

    def _document(self) -> None:
        text, table = self._text, FieldPath()
        begins = 0
        self._blank()
        while self._at < len(text):
            if text.startswith("[[", self._at):
                root = (table := self._header(2))[0]
            elif text[self._at] == "[":
                root = (table := self._header(1))[0]
            else:
                root = self._pair(table)[0]
            self.statements.append((str(root), begins))
            begins = text.find("\n", self._at) + 1 or len(text)
            self._blank()

    def _header(self, brackets: int) -> FieldPath:
        line = self._line()
        self._at += brackets
        keys = self._key()
        self._at += brackets
        if brackets == 1:
            path = self._resolve(keys)
        else:
            array = (*self._resolve(keys[:-1]), keys[-1])
            place = self._items.get(array, 0)
            self._items[array] = place + 1
            self._found.setdefault(array, line)
            path = (*array, place)
        self._note_ancestors(path, line)
        self._found[path] = line  # the header itself wins over an earlier mention of a table within
        return path

    def _resolve(self, keys: tuple[str, ...]) -> FieldPath:
        """A header's name means the last item of every array of tables it passes."""
        path = FieldPath()
        for key in keys:
            path = (*path, key)
            if path in self._items:
                path = (*path, self._items[path] - 1)
        return path

    def _pair(self, table: FieldPath) -> FieldPath:
        line = self._line()
        path = (*table, *self._key())
        self._note_ancestors(path, line)
        self._found[path] = line
        self._at += 1  # the equals sign
        self._value(path)
        return path

    def _value(self, path: FieldPath) -> None:
        self._blank()
        match self._text[self._at]:
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_SCALAR)

    def _array(self, path: FieldPath) -> None:
        self._at += 1
        place = 0
        while self._next() != "]":
            self._found[(*path, place)] = self._line()
            self._value((*path, place))
            place += 1
            if self._next() == ",":
                self._at += 1
        self._at += 1

    def _inline_table(self, path: FieldPath) -> None:
        self._at += 1
        while self._next() != "}":
            self._pair(path)
            if self._next() == ",":
                self._at += 1
        self._at += 1

    def _key(self) -> tuple[str, ...]:
        """A key with its dots; ends at what follows it, the equals sign or a bracket."""
        parts: list[str] = []
        while True:
            self._blank()
            quoted = self._text[self._at] in "\"'"
            raw = self._skip(_STRING if quoted else _BARE_KEY)
            parts.append(tomllib.loads(f"key = {raw}")["key"] if quoted else raw)
            if self._next() != ".":
                return tuple(parts)
            self._at += 1

    def _note_ancestors(self, path: FieldPath, line: int) -> None:
        """Tables that a dotted key or a header makes on its way begin here, unless they already did."""
        for depth in range(1, len(path)):
            self._found.setdefault(path[:depth], line)

    def _next(self) -> str:
        self._blank()
        return self._text[self._at]

    def _blank(self) -> None:
        self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"not the TOML that tomllib read, at line {self._line()}")
        self._at = found.end()
        return found.group()

    def _line(self) -> int:
        return bisect_left(self._breaks, self._at) + 1
