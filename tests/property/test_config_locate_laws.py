"""The scan for lines against tomllib, on generated documents.

Every leaf of a generated document is a number that is written once, so the line it stands on is known
from the text alone; and every table and key that tomllib reports must be known to the scan.
"""

import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.config.locate import FieldPath, Lines

BARE = st.text("abcdefgh-_0123456789", min_size=1, max_size=4)
ODD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=4)
KEYS = st.one_of(BARE, ODD)
BLANK = st.sampled_from(["", " ", "\t"])
NOISE = st.sampled_from(
    [
        "", "\n", "# [x]\n", '# """\n', "# = ]\n\n",
    ]
)  # fmt: skip
STRINGS = st.sampled_from(
    [
        '"a"', '"[b]\\"#"', "'c\"]'", '"""\n[[d]]\ne = 1\n"""', "'''\n#f\n'''", '"""g"""""', "''''h'''''",
        '"""\\""" """', '""', "''", '""""""', '"""\\\n   j\\\\"""',
    ]
)  # fmt: skip


class Writer:
    """Writes a document by drawing; `marks` are the unique numbers in it."""

    def __init__(self, data: st.DataObject, line_end: str) -> None:
        self.draw: Callable[[st.SearchStrategy[Any]], Any] = data.draw
        self.text = ""
        self.mark = 100_000  # longer than any key
        self.line_end = line_end

    def key(self, key: str) -> str:
        if key and all(char.isascii() and (char.isalnum() or char in "-_") for char in key):
            return key if self.draw(st.booleans()) else f'"{key}"'
        quoted = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"' if "'" in key or self.draw(st.booleans()) else f"'{key}'"

    def number(self) -> str:
        self.mark += 1
        return str(self.mark)

    def value(self, depth: int, multiline: bool = True) -> str:
        kind = self.draw(st.sampled_from(["number", "number", "string", "array", "inline"]))
        if kind == "string":
            text: str = self.draw(STRINGS)
            return text if multiline or "\n" not in text else '"k"'
        if kind == "array" and depth:
            space = ["", " ", "\n", " # ]\n", "\n\n"] if multiline else ["", " "]
            gap = st.sampled_from(space)
            items = [
                self.draw(gap) + self.value(depth - 1, multiline) + self.draw(gap)
                for _ in range(self.draw(st.integers(0, 3)))
            ]
            last = "," if items and self.draw(st.booleans()) else ""
            return f"[{','.join(items)}{last}{self.draw(gap)}]"
        if kind == "inline" and depth:
            keys = self.draw(st.lists(BARE, max_size=3, unique=True))
            pairs = [f"{self.key(key)} = {self.value(depth - 1, multiline)}" for key in keys]
            return "{" + " , ".join(pairs) + "}"
        return self.number()

    def pairs(self) -> None:
        for key in self.draw(st.lists(KEYS, max_size=4, unique=True)):
            dotted = self.draw(st.booleans())
            written = self.key(key)
            if dotted:
                written += self.draw(BLANK) + "." + self.draw(BLANK) + self.key(self.draw(KEYS))
            self.text += f"{self.draw(NOISE)}{self.draw(BLANK)}{written}{self.draw(BLANK)}= {self.value(2)}\n"

    def document(self) -> str:
        self.pairs()
        for name in self.draw(st.lists(KEYS, max_size=4, unique=True)):
            header = self.key(name)
            if self.draw(st.booleans()):
                for _ in range(self.draw(st.integers(1, 3))):
                    self.text += f"{self.draw(NOISE)}[[{self.draw(BLANK)}{header} ]] # [z]\n"
                    self.pairs()
                    if self.draw(st.booleans()):
                        self.text += f"[{header}.sub-table]\n"
                        self.pairs()
                    for _ in range(self.draw(st.integers(0, 2))):
                        self.text += f"[[{header} . 'sub array']]\n"
                        self.pairs()
            else:
                self.text += f"[{header}.{self.key(self.draw(BARE))}]\n"
                self.pairs()
                self.text += f"[{header}]\n" if self.draw(st.booleans()) else ""
        return self.text.replace("\n", self.line_end)


def leaves(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from leaves(item, (*path, place))
    else:
        yield path, value


@given(st.data(), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60, deadline=None)
def test_every_leaf_is_found_on_the_line_it_stands_on(data: st.DataObject, line_end: str) -> None:
    check(data, line_end)


@pytest.mark.soak
@given(st.data(), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_leaf_is_found_at_length(data: st.DataObject, line_end: str) -> None:
    check(data, line_end)


def check(data: st.DataObject, line_end: str) -> None:
    text = Writer(data, line_end).document()
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # two dotted keys met, or a table was opened twice
        return
    lines = Lines(text.replace("\r\n", "\n"))
    rows = text.split("\n")
    for path, value in leaves(tables, ()):
        line = lines.line(path)
        # The scan knows the field itself: without its last part the path still begins no later.
        assert lines.line(path[:-1]) <= line
        if isinstance(value, int):
            (row,) = [number for number, row in enumerate(rows, 1) if str(value) in row]
            # A number may stand below its key only as an array's item, which has a line of its own.
            assert line == row
