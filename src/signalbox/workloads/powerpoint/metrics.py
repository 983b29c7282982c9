"""How much room a text takes, by a table of widths that is shipped: the same on every machine. Pure.

The table has the widths of Carlito and Liberation Sans, which are those of Calibri and Arial; no font has to
be installed. It leans to the wide side: no kerning, a break at spaces only, 3 % on top. It shapes no script:
what the table does not have is taken for as wide as it can be.
"""

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

import msgspec

LINE: Final = 1.2207
"""Height of a line over the font size: of Calibri and Carlito (ascent and descent of the `OS/2` table)."""
_LINE_TALL: Final = 1.45
"""Of the fonts that stand in for East Asian and other scripts."""
_MARGIN: Final = 1.03
_UNKNOWN: Final = 1_050
_ALIKE: Final = {
    "calibri": "calibri",
    "carlito": "calibri",
    "arial": "arial",
    "helvetica": "arial",
    "liberation sans": "arial",
}
_OTHER_FONT: Final = 1.08
"""What a font that the table does not have may be wider than Arial."""
_BREAK_ANYWHERE: Final = frozenset("WF")
"""East Asian widths (UAX #11) of the characters between which a line may end without a space."""


class Wrapped(NamedTuple):
    """`broken` is the first word that is wider than a line, empty if there is none."""

    lines: int
    broken: str


def wrap(text: str, size: float, width: float, *, bold: bool = False, family: str = "calibri") -> Wrapped:
    """Of one paragraph in a box so wide, both in points; `\\n` begins a line, and an empty one takes one too.
    A word that is wider than the line is cut where the line ends, as applications do."""
    if "\n" in text:
        parts = [wrap(part, size, width, bold=bold, family=family) for part in text.split("\n")]
        return Wrapped(sum(part.lines for part in parts), next((p.broken for p in parts if p.broken), ""))
    room = width / size * 1_000 / _MARGIN
    space = _advance(" ", bold, family)
    lines, filled, broken = 1, 0.0, ""
    for word in text.split():
        gap = space if filled else 0.0
        for piece in _pieces(word):
            long = sum(_advance(sign, bold, family) for sign in piece)
            if filled and filled + gap + long > room:
                lines, filled = lines + 1, 0.0
            else:
                filled += gap
            if long > room:
                broken = broken or piece
                widest = max(_advance(sign, bold, family) for sign in piece)
                lines += int(long // max(1.0, room - widest))
                filled = room
            else:
                filled += long
            gap = 0.0
    return Wrapped(lines, broken)


def natural_width(text: str, size: float, *, bold: bool = False, family: str = "calibri") -> float:
    """In points, on one line."""
    return sum(_advance(sign, bold, family) for sign in text) * size * _MARGIN / 1_000


def line_height(text: str, size: float) -> float:
    """In points, at single spacing."""
    tall = any(sign > "\u1fff" and sign not in _flat() for sign in text)
    return size * (_LINE_TALL if tall else LINE)


def _pieces(word: str) -> list[str]:
    """Between which a line may end."""
    if word.isascii():
        return [word]
    pieces = [""]
    for sign in word:
        if unicodedata.east_asian_width(sign) in _BREAK_ANYWHERE:
            pieces += [sign, ""]
        else:
            pieces[-1] += sign
    return [piece for piece in pieces if piece]


@lru_cache(maxsize=8_192)
def _advance(sign: str, bold: bool, family: str) -> float:
    name = _ALIKE.get(family.casefold())
    known = _table()[name or "arial"]["bold" if bold else "regular"].get(ord(sign))
    if known is None:
        return 0.0 if unicodedata.category(sign) in {"Mn", "Me", "Cf"} else float(_UNKNOWN)
    return known if name else known * _OTHER_FONT


@cache
def _flat() -> frozenset[str]:
    """Characters above U+1FFF that the table's fonts have themselves."""
    return frozenset(chr(code) for code in _table()["calibri"]["regular"] if code > 0x1FFF)


@cache
def _table() -> dict[str, dict[str, dict[int, int]]]:
    read = (files("signalbox.workloads.powerpoint") / "widths.json").read_bytes()
    stored = msgspec.json.decode(read, type=dict[str, dict[str, dict[str, list[int]]]])
    return {
        family: {
            weight: {int(first) + at: width for first, run in runs.items() for at, width in enumerate(run)}
            for weight, runs in weights.items()
        }
        for family, weights in stored.items()
    }
