"""One entry's proof as a file: its number, inclusion path and checkpoint (c2sp.org/tlog-proof, version 1).

Here the `extra` line carries the entry itself, so that the file says what it proves.
"""

import re
from base64 import b64encode
from typing import Final, NamedTuple

from signalbox.tlog.checkpoint import read_checkpoint
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from signalbox.tlog.note import Note, from_base64, read_note

HEADER: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile("index (0|[1-9][0-9]{0,18})")
_HASHES_MAX: Final = 63


class Proof(NamedTuple):
    """`extra` is None where the file has no such line. It is not to be believed before `verify` returned."""

    number: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    def __str__(self) -> str:
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines += [f"index {self.number}", *(b64encode(each).decode() for each in self.path), "", ""]
        return "\n".join(lines) + str(self.note)

    def verify(self, entry: bytes) -> None:
        """The entry is in the tree of the checkpoint, or `Invalid`. Who signed that is another question."""
        checkpoint = read_checkpoint(self.note.text)
        verify_inclusion(self.number, checkpoint.size, leaf_hash(entry), self.path, checkpoint.root)


def read_proof(data: bytes | str) -> Proof:
    """Takes the form apart and verifies nothing. Raises `Invalid`."""
    try:
        whole = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise Invalid("the proof is not UTF-8") from error
    head, separator, note = whole.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines.pop(0) != HEADER:
        raise Invalid(f"a proof begins with `{HEADER}` and ends in a checkpoint")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "))
    number = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if number is None:
        raise Invalid("the proof has no line `index N`")
    return Proof(int(number[1]), read_hashes(lines), read_note(note), extra)


def read_hashes(lines: list[str]) -> tuple[bytes, ...]:
    """A hash a line, in base64. Raises `Invalid`."""
    if len(lines) > _HASHES_MAX:
        raise Invalid(f"a proof has at most {_HASHES_MAX} hashes")
    hashes = tuple(from_base64(line) for line in lines)
    if any(len(each) != HASH_BYTES for each in hashes):
        raise Invalid("a line of the proof is no SHA-256 hash")
    return hashes
