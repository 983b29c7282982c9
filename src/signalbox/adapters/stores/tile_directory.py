"""A log as a directory of files, laid out as c2sp.org/tlog-tiles serves one: `checkpoint`, `tile/…` and
`tile/entries/…`; beside these, `handover/<size>` holds the checkpoints that two keys signed.

Made at a checkpoint's size, and read without anything but `tlog`. Salts and bodies are not in it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from signalbox.domain.errors import LogUnavailable
from signalbox.tlog.checkpoint import Checkpoint, seen
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import HASH_BYTES
from signalbox.tlog.paths import TileOf
from signalbox.tlog.tiles import WIDTH, Place, bundle, bundle_path, tiles_of, unbundled

CHECKPOINT: Final = "checkpoint"
HANDOVER: Final = "handover"


class TileDirectory:
    """Raises `LogUnavailable` if the directory cannot be read, `Invalid` if what is in it is no log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        latest = self.checkpoint()
        if latest is None:
            raise LogUnavailable(f"`{path}` holds no exported log: it has no file `{CHECKPOINT}`")
        self._checkpoint = seen(latest).checkpoint

    @staticmethod
    def is_one(path: Path) -> bool:
        return (path / CHECKPOINT).is_file()

    @property
    def size(self) -> int:
        return self._checkpoint.size

    def checkpoint(self, size: int | None = None) -> str | None:
        name = CHECKPOINT if size is None else f"{HANDOVER}/{size}"
        data = self._read(name)
        try:
            return None if data is None else data.decode()
        except UnicodeDecodeError as error:
            raise Invalid(f"`{name}` is not UTF-8") from error

    def tile(self, level: int, number: int) -> bytes:
        width = min(WIDTH, (self.size >> (8 * level)) - number * WIDTH)
        found = self._read(Place(level, number, width).path)
        if found is None:
            raise Invalid(f"tile {number} of level {level} is missing")
        if len(found) != width * HASH_BYTES:
            raise Invalid(f"tile {number} of level {level} has {len(found)} bytes")
        return found

    def entries(self) -> Iterator[bytes]:
        """Those that are there, in order; a bundle that is missing ends them."""
        for number in range(-(-self.size // WIDTH)):
            width = min(WIDTH, self.size - number * WIDTH)
            found = self._read(bundle_path(number, width))
            if found is None:
                return
            entries = unbundled(found)
            if len(entries) != width:
                raise Invalid(f"entry bundle {number} holds {len(entries)} entries, where {width} belong")
            yield from entries

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise LogUnavailable(f"`{self._path / name}` cannot be read: {error.strerror}") from error


def write_tiles(
    path: Path, checkpoint: str, entries: Iterator[bytes], tile_of: TileOf, handovers: Sequence[str] = ()
) -> Checkpoint:
    """Write the log as it was at `checkpoint` into `path`, which must be new or empty.

    Raises `LogUnavailable`, and `Invalid` if a tile is missing; `checkpoint` is written last."""
    latest = seen(checkpoint).checkpoint
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise LogUnavailable(f"`{path}` is not empty: export into a new directory")
        for place in tiles_of(latest.size):
            hashes = tile_of(place.level, place.number)[: place.width * HASH_BYTES]
            _write(path / place.path, hashes)
            if place.level == 0:
                _write(
                    path / bundle_path(place.number, place.width),
                    bundle([next(entries) for _ in range(place.width)]),
                )
        for each in handovers:
            _write(path / HANDOVER / str(seen(each).checkpoint.size), each.encode())
        _write(path / CHECKPOINT, checkpoint.encode())
    except OSError as error:
        raise LogUnavailable(f"`{path}` cannot be written: {error}") from error
    return latest


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
