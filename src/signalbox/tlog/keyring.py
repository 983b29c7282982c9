"""Which key may have signed what: the keys of a log, one after the other.

A record of kind `key` hands over: the key that it names signs trees of that size and more, the one before it
trees of that size and less, and the tree that ends with the record is signed by both, unless the earlier
key was lost or is not to be trusted. So trust goes forward only where the earlier key vouched for the later
one, and backward wherever the later one signed for a log that names the earlier.
"""

from collections.abc import Sequence
from typing import NamedTuple

from signalbox.tlog.checkpoint import Seen
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.note import ED25519, Verifier, signers_of


class Handover(NamedTuple):
    """`size`: of the tree whose last record names `key`. `signed` is what is kept of that size, if anything;
    that it is of this log is for the caller to have checked."""

    size: int
    key: Verifier
    signed: Seen | None


class KeyRing:
    """`given`: keys that the verifier trusts. `handovers` in the order of the log."""

    def __init__(self, given: Sequence[Verifier], handovers: Sequence[Handover]) -> None:
        if any(key.algorithm != ED25519 for key in given):
            raise Invalid("a witness's key was given where a log's key belongs")
        self._handovers = tuple(handovers)
        named = {handover.key for handover in handovers}
        first = tuple(key for key in given if key not in named)
        self._keys = (first, *((handover.key,) for handover in handovers))
        self._trusted = self._reach({n for n, keys in enumerate(self._keys) if set(keys) & set(given)})

    def signers(self, seen: Seen) -> tuple[Verifier, ...]:
        """Which trusted keys signed, of those that were the log's at this size. Raises `Invalid`."""
        size = seen.checkpoint.size
        now = sum(handover.size <= size for handover in self._handovers)
        times = [now, now - 1] if now and self._handovers[now - 1].size == size else [now]
        if not any(time in self._trusted for time in times):
            raise Invalid(
                f"another key signed at {size} records, and no given key vouches for it: give that key, too, "
                "from where you can trust it"
            )
        return signers_of(
            seen.note, [key for time in times if time in self._trusted for key in self._keys[time]]
        )

    def _reach(self, trusted: set[int]) -> set[int]:
        for number, handover in enumerate(self._handovers, 1):
            if number - 1 in trusted and handover.signed is not None:
                try:
                    signers_of(handover.signed.note, self._keys[number - 1])
                except Invalid:
                    continue
                trusted.add(number)
        for number in range(len(self._handovers), 0, -1):
            if number in trusted and self._keys[number - 1]:
                trusted.add(number - 1)
        return trusted
