"""Make the width table that slides are measured by: `python scripts/font_widths.py > .../widths.json`.

Needs the fonts Carlito and Liberation Sans (Debian: fonts-crosextra-carlito, fonts-liberation), whose widths
are those of Calibri and Arial. Reads `cmap` (format 4) and `hmtx` (OpenType 1.9, chapters of these names).
"""

import struct
import sys
from pathlib import Path
from typing import Final

import msgspec

_FONTS: Final = Path("/usr/share/fonts/truetype")
_FILES: Final = {
    "calibri": ("crosextra/Carlito-Regular.ttf", "crosextra/Carlito-Bold.ttf"),
    "arial": ("liberation/LiberationSans-Regular.ttf", "liberation/LiberationSans-Bold.ttf"),
}
_RANGES: Final = (
    (0x20, 0x7F), (0xA0, 0x180), (0x370, 0x400), (0x400, 0x460), (0x1E00, 0x1F00), (0x2010, 0x2045),
    (0x20A0, 0x20C0), (0x2100, 0x2123), (0x2190, 0x2194), (0x2200, 0x2266),
)  # fmt: skip


def widths(font: bytes) -> dict[int, int]:
    """Advance of each character that the font has, in thousandths of the font size, rounded up."""
    tables = {
        font[at : at + 4]: struct.unpack(">II", font[at + 8 : at + 16])
        for at in range(12, 12 + 16 * struct.unpack(">H", font[4:6])[0], 16)
    }
    head, hhea, hmtx = tables[b"head"][0], tables[b"hhea"][0], tables[b"hmtx"][0]
    (units,) = struct.unpack(">H", font[head + 18 : head + 20])
    (metrics,) = struct.unpack(">H", font[hhea + 34 : hhea + 36])
    glyphs = _glyphs(font, tables[b"cmap"][0])

    def advance(glyph: int) -> int:
        at = hmtx + 4 * min(glyph, metrics - 1)
        return int(struct.unpack(">H", font[at : at + 2])[0])

    return {
        code: -(-advance(glyphs[code]) * 1000 // units)
        for first, last in _RANGES
        for code in range(first, last)
        if glyphs.get(code)
    }


def _glyphs(font: bytes, cmap: int) -> dict[int, int]:
    (count,) = struct.unpack(">H", font[cmap + 2 : cmap + 4])
    for number in range(count):
        at = cmap + struct.unpack(">I", font[cmap + 8 + 8 * number : cmap + 12 + 8 * number])[0]
        if struct.unpack(">H", font[at : at + 2])[0] == 4:
            return _segments(font, at)
    raise SystemExit("the font has no `cmap` of format 4")


def _segments(font: bytes, at: int) -> dict[int, int]:
    (twice,) = struct.unpack(">H", font[at + 6 : at + 8])
    found: dict[int, int] = {}
    for segment in range(0, twice, 2):
        (end,) = struct.unpack_from(">H", font, at + 14 + segment)
        (start,) = struct.unpack_from(">H", font, at + 16 + twice + segment)
        (delta,) = struct.unpack_from(">H", font, at + 16 + 2 * twice + segment)
        place = at + 16 + 3 * twice + segment
        (offset,) = struct.unpack_from(">H", font, place)
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                (glyph,) = struct.unpack_from(">H", font, place + offset + 2 * (code - start))
            if glyph or not offset:
                found[code] = (glyph + delta) & 0xFFFF
    return found


def main() -> None:
    table: dict[str, dict[str, dict[str, list[int]]]] = {}
    for family, (regular, bold) in _FILES.items():
        table[family] = {}
        for weight, name in (("regular", regular), ("bold", bold)):
            runs: dict[str, list[int]] = {}
            last, run = -2, [0]
            for code, width in widths((_FONTS / name).read_bytes()).items():
                if code != last + 1:
                    run = runs[str(code)] = []
                run.append(width)
                last = code
            table[family][weight] = runs
    sys.stdout.buffer.write(msgspec.json.encode(table) + b"\n")


if __name__ == "__main__":
    main()
