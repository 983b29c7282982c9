"""What a witness does: hold a new checkpoint to the last one it signed, and cosign it.

What it is asked has the form of c2sp.org/tlog-witness, `add-checkpoint`. Keeping what was cosigned, and the
time, are the caller's; so is asking nobody else to sign at the same moment with the same key.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Final, NamedTuple

from signalbox.tlog.checkpoint import Seen, seen
from signalbox.tlog.cosignature import cosign
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import EMPTY_ROOT, verify_consistency
from signalbox.tlog.note import Note, Signer, Verifier, signers_of
from signalbox.tlog.proof import read_hashes

_OLD: Final = re.compile("old (0|[1-9][0-9]{0,18})")


class Asked(NamedTuple):
    """`old` is the size of the checkpoint that the proof starts from; 0 with an empty proof: none."""

    old: int
    proof: tuple[bytes, ...]
    new: Seen

    def __str__(self) -> str:
        hashes = "".join(f"{b64encode(each).decode()}\n" for each in self.proof)
        return f"old {self.old}\n{hashes}\n{self.new.note}"


def read_asked(data: bytes | str) -> Asked:
    """Raises `Invalid`."""
    try:
        whole = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise Invalid("the request is not UTF-8") from error
    head, separator, note = whole.partition("\n\n")
    first, *lines = head.split("\n")
    old = _OLD.fullmatch(first)
    if not separator or old is None:
        raise Invalid("a request to a witness begins with `old N`, and ends in a checkpoint")
    return Asked(int(old[1]), read_hashes(lines), seen(note))


def witnessed(
    asked: Asked, last: Seen | None, log_keys: Sequence[Verifier], witness: Signer, time_s: int
) -> Note:
    """The new checkpoint with this witness's cosignature. `last` is the one it cosigned last, if any.

    Raises `Invalid` if the log did not sign it, it is of another log, or it does not continue the last one:
    then two signed checkpoints that exclude each other are in hand, which is worth keeping.
    """
    new = asked.new.checkpoint
    signers_of(asked.new.note, log_keys)
    if new.origin not in {key.name for key in log_keys}:
        raise Invalid(f"the checkpoint is of `{new.origin[:80]}`, which is none of the logs witnessed here")
    old_size, old_root = (last.checkpoint.size, last.checkpoint.root) if last else (0, EMPTY_ROOT)
    if last is not None and last.checkpoint.origin != new.origin:
        raise Invalid(
            f"the last checkpoint is of `{last.checkpoint.origin[:80]}`, the new one of another log"
        )
    if asked.old != old_size:
        raise Invalid(f"the proof starts at {asked.old} entries, and {old_size} were witnessed last")
    verify_consistency(old_size, new.size, asked.proof, old_root, new.root)
    text, signatures = asked.new.note
    return Note(text, (*signatures, cosign(text, witness, time_s)))
