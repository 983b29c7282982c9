"""Tiles: 256 hashes a row, named and laid out as c2sp.org/tlog-tiles says.

Tile `number` of level `l` holds the roots of the subtrees of 256^l entries each, from the one numbered
256 × `number` on. Entry bundles hold the entries under the tiles of level 0, each after its length.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import HASH_BYTES

WIDTH: Final = 256
TILE_BYTES: Final = WIDTH * HASH_BYTES
ENTRY_BYTES_MAX: Final = 0xFFFF


class Tile(NamedTuple):
    """`hashes`: 32 bytes each, 1 to 256 of them; a partial tile is the last of its level."""

    level: int
    number: int
    hashes: bytes

    @property
    def width(self) -> int:
        return len(self.hashes) // HASH_BYTES


class Place(NamedTuple):
    """Which tile, and how many hashes it has in a tree of some size."""

    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        return f"tile/{self.level}/{_path(self.number, self.width)}"


def tiles_of(size: int) -> Iterator[Place]:
    """Every tile of a tree of `size` entries, whole and partial, level by level from the leaves up."""
    level = 0
    while hashes := size >> (8 * level):
        for number in range(hashes // WIDTH):
            yield Place(level, number, WIDTH)
        if hashes % WIDTH:
            yield Place(level, hashes // WIDTH, hashes % WIDTH)
        level += 1


def bundle_path(number: int, width: int) -> str:
    return f"tile/entries/{_path(number, width)}"


def bundle(entries: Sequence[bytes]) -> bytes:
    """Raises `Invalid` for an entry beyond 65,535 bytes."""
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise Invalid(f"an entry of {len(entry)} bytes, where a bundle holds at most {ENTRY_BYTES_MAX}")
    return b"".join([len(entry).to_bytes(2) + entry for entry in entries])


def unbundled(data: bytes) -> tuple[bytes, ...]:
    """Raises `Invalid` for a bundle that ends inside an entry, or has none or more than 256."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        if end > len(data) or at + 2 > len(data):
            raise Invalid("the entry bundle is cut short")
        entries.append(data[at + 2 : end])
        at = end
    if not 1 <= len(entries) <= WIDTH:
        raise Invalid(f"the entry bundle holds {len(entries)} entries, where 1 to {WIDTH} were expected")
    return tuple(entries)


def _path(number: int, width: int) -> str:
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == WIDTH else f"{path}.p/{width}"
