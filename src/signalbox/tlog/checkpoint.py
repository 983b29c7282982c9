"""Checkpoints: a log's name, size and root hash as the text of a note (c2sp.org/tlog-checkpoint).

Extension lines of others are read and kept; none is ever written here.
"""

import re
from base64 import b64encode
from typing import Final, NamedTuple

from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import HASH_BYTES
from signalbox.tlog.note import Note, from_base64, read_note

_SIZE: Final = re.compile("0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    """`root` is the tree's root hash over the first `size` entries of the log that `origin` names."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


class Seen(NamedTuple):
    """A note and the checkpoint that is its text. Nothing of it is verified yet."""

    note: Note
    checkpoint: Checkpoint


def read_checkpoint(text: str) -> Checkpoint:
    """The text of a note. Raises `Invalid`."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise Invalid("a checkpoint has three lines or more, none of them empty")
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size):
        raise Invalid("a checkpoint's second line is its size in decimal digits")
    hashed = from_base64(root)
    if len(hashed) != HASH_BYTES:
        raise Invalid("a checkpoint's third line is a SHA-256 hash in base64")
    return Checkpoint(origin, int(size), hashed, tuple(extensions))


def seen(data: bytes | str) -> Seen:
    """A signed checkpoint, taken apart. Raises `Invalid`."""
    note = read_note(data)
    return Seen(note, read_checkpoint(note.text))
