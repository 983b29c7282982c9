"""A notary's surroundings in memory, for tests of what is signed: its keys, and the checkpoint it keeps."""

import hashlib

from signalbox.domain.errors import LogUnavailable
from signalbox.ports.keys import Following
from signalbox.record.notary import Notary, Retained
from signalbox.tlog.note import Signer, signer

ORIGIN = "log.example/signalbox"


class MemoryLogKeys:
    """Implements `ports.keys.LogKeys`. `now` and `next` may be set; `trouble`, when set, is why signing
    fails. `made` counts keys, each from a seed of its own."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.trouble = ""
        self.now: Signer | None = None
        self.next: Following | None = None
        self.made = 0
        self._origin = origin

    def current(self) -> Signer | None:
        return self.now

    def make(self) -> Signer:
        self.now = self.another()
        return self.now

    def another(self) -> Signer:
        self.made += 1
        whole = signer(self._origin, hashlib.sha256(str(self.made).encode()).digest())

        def sign(message: bytes) -> bytes:
            if self.trouble:
                raise LogUnavailable("the log's key cannot be used", operator=self.trouble)
            return whole.sign(message)

        return Signer(whole.verifier, sign)

    def following(self) -> Following | None:
        return self.next

    def promote(self) -> None:
        if self.next is not None:
            self.now, self.next = self.next.signer, None


class MemoryCheckpoint:
    """Implements `ports.keys.KeptCheckpoint`."""

    def __init__(self) -> None:
        self.note: str | None = None
        self.trouble = ""

    def read(self) -> str | None:
        return self.note

    def keep(self, note: str) -> None:
        if self.trouble:
            raise LogUnavailable(self.trouble)
        self.note = note


def notary(
    keys: MemoryLogKeys, kept: MemoryCheckpoint, *trusted: str, origin: str = ORIGIN, cadence_ms: int = 1
) -> Notary:
    """A notary as the composition root would make one; `trusted` are checkpoints that the operator brings."""
    brought = [Retained(text, "in `trusted`") for text in trusted]
    return Notary(origin, keys, kept, cadence_ms=cadence_ms, trusted=brought)
