"""What a witness says of a checkpoint, and when: `cosignature/v1` (c2sp.org/tlog-cosignature), Ed25519.

A cosignature states that, at its time, this was the largest tree of this log that the witness had seen, and
that every earlier one it saw is where this one begins. Whether that is so is checked before: `witness`.
"""

from typing import Final, NamedTuple

from signalbox.tlog.invalid import Invalid
from signalbox.tlog.note import COSIGNATURE, Note, Signature, Signer, Verifier

_TIME_BYTES: Final = 8
_TIME_MAX: Final = 2**63 - 1


class Cosigned(NamedTuple):
    """`time_s`: seconds since the epoch, as the witness's clock had it."""

    witness: Verifier
    time_s: int


def cosign(text: str, witness: Signer, time_s: int) -> Signature:
    """Over the text of a checkpoint. Raises `Invalid` for a key that is not a witness's."""
    key = witness.verifier
    _must_witness(key)
    if not 0 < time_s <= _TIME_MAX:
        raise Invalid("a cosignature's time is in seconds since the epoch, above zero")
    signature = time_s.to_bytes(_TIME_BYTES) + witness.sign(_message(text, time_s))
    return Signature(key.name, key.key_id, signature)


def cosigned(note: Note, witness: Verifier) -> Cosigned | None:
    """The witness's cosignature, None if there is none; the latest if there are several.

    Raises `Invalid` if one does not verify."""
    _must_witness(witness)
    times = []
    for found in note.signatures:
        if found.is_by(witness):
            time_s = int.from_bytes(found.signature[:_TIME_BYTES])
            if time_s > _TIME_MAX:
                raise Invalid(f"the cosignature of `{witness.name}` has no time")
            witness.check(_message(note.text, time_s), found.signature[_TIME_BYTES:])
            times.append(time_s)
    return Cosigned(witness, max(times)) if times else None


def _must_witness(key: Verifier) -> None:
    if key.algorithm != COSIGNATURE:
        raise Invalid(f"the key of `{key.name}` is a log's key, not a witness's")


def _message(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()
