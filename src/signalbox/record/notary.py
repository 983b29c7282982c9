"""Signs the log's checkpoints, and refuses to sign for a log that is not the one it signed before.

On opening, the log is held to every checkpoint at hand: the one stored in it, the one kept beside it, and
those that the operator brings. A log that is shorter than one of them, or differs from it, was put back or
tampered with; to go on with it would be to say two things under one name.

It decides neither when a checkpoint is due (`journal` does) nor where keys are (`ports.keys`).
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from signalbox.domain.errors import LogUnavailable
from signalbox.domain.records import LOG_TENANT, KeyBody, Record
from signalbox.ports.keys import Following, KeptCheckpoint, LogKeys
from signalbox.ports.log import LogStore
from signalbox.record.tree import StoredTiles
from signalbox.tlog.checkpoint import Checkpoint, Seen, seen
from signalbox.tlog.edge import Edge
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.note import Signer, signed, signers_of
from signalbox.tlog.paths import root_of

_logger: Final = logging.getLogger(__name__)


class Retained(Struct, frozen=True):
    """A checkpoint that was kept elsewhere: its text, and the words for where it is from."""

    text: str
    place: str


def retained_in(file: Path) -> Retained:
    """Raises `LogUnavailable`."""
    try:
        return Retained(file.read_text("utf-8"), f"in `{file}`")
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(
            f"the trusted checkpoint `{file}` cannot be read ({error}): put it there, or take it out of the "
            "settings knowingly"
        ) from error


class Notary:
    """Used by the log's writer thread alone, but for `covered`, which anybody may read."""

    def __init__(
        self,
        origin: str,
        keys: LogKeys,
        kept: KeptCheckpoint,
        *,
        cadence_ms: int,
        trusted: Sequence[Retained] = (),
    ) -> None:
        self.cadence_ms = cadence_ms
        self.covered = 0
        """How many records the latest signed checkpoint covers."""
        self._origin = origin
        self._keys = keys
        self._kept = kept
        self._trusted = tuple(trusted)
        self._signers: tuple[Signer, ...] = ()
        self._handover: Following | None = None

    def open(self, store: LogStore, edge: Edge, now_us: int) -> tuple[Record, ...]:
        """Hold the log to what was signed; return the records with which a new key begins, if one does.

        Raises `LogUnavailable` if the log may not be continued, in words that say what to do.
        """
        latest = self._checked(store, edge)
        current = self._keys.current()
        if current is None and latest is None:
            current = self._keys.make()
        following = self._keys.following()
        if following is not None and latest is not None and _signed_by(latest, following.signer):
            self._keys.promote()  # the last process ended between the two
            current, following = following.signer, None
        self._must_own(current, following, latest)
        self.covered = latest.checkpoint.size if latest else 0
        self._handover = following
        self._signers = () if current is None or (following and following.replaces) else (current,)
        if following is None:
            return ()
        self._signers = (*self._signers, following.signer)
        body = KeyBody(
            next=following.signer.verifier.vkey,
            previous=current.verifier.vkey if current else "",
            reason="replacement" if following.replaces else "rotation",
        )
        return (Record(LOG_TENANT, "key", body.next, now_us, body),)

    def certify(self, edge: Edge) -> str:
        """A signed checkpoint of this tree; empty if it has one, or if the key cannot be used now."""
        if edge.size == self.covered:
            return ""
        try:
            return str(signed(Checkpoint(self._origin, edge.size, edge.root()).text, self._signers))
        except LogUnavailable as error:
            if self._handover is not None:  # INVARIANT: no key follows unless both signed where it begins
                raise
            _logger.warning("no checkpoint was signed, which is tried again: %s", error.operator)
            return ""

    def published(self, size: int, note: str) -> None:
        """The checkpoint that `certify` made is in the log: keep it beside the log as well."""
        if not note:
            return
        self.covered = size
        try:
            self._kept.keep(note)
        except LogUnavailable as error:  # the records are written: nothing may be refused any more
            _logger.warning("a checkpoint was not kept beside the log: %s", error.operator)
        if self._handover is not None:
            self._keys.promote()
            self._signers = (self._handover.signer,)
            self._handover = None

    def _checked(self, store: LogStore, edge: Edge) -> Seen | None:
        """The latest of our own checkpoints, after the log was held to all of them."""
        ours: list[Seen] = []
        tiles = StoredTiles(store, edge.size)
        for text, place, is_ours in (
            (store.checkpoint(), "stored in the log", True),
            (self._kept.read(), "kept beside the log", True),
            *((each.text, each.place, False) for each in self._trusted),
        ):
            if text is None:
                continue
            found = _read(text, place)
            self._hold(found.checkpoint, place, tiles, edge)
            if is_ours:
                ours.append(found)
        return max(ours, key=lambda each: each.checkpoint.size, default=None)

    def _hold(self, checkpoint: Checkpoint, place: str, tiles: StoredTiles, edge: Edge) -> None:
        if checkpoint.origin != self._origin:
            raise _refusal(
                f"the checkpoint {place} is of the log `{checkpoint.origin}`, and the settings name "
                f"`{self._origin}`: a log keeps its origin; put it back under [log], or start a new log in "
                "another data directory"
            )
        if checkpoint.size > edge.size:
            raise _refusal(
                f"the log has {edge.size} records, and the checkpoint {place} was signed over "
                f"{checkpoint.size}: an older copy was put back, or its end was cut off. {_REMEDY}"
            )
        try:
            root = root_of(tiles, checkpoint.size)
        except Invalid as error:
            raise _refusal(f"the log's tree cannot be read: {error}. {_REMEDY}") from error
        if root != checkpoint.root:
            raise _refusal(
                f"the log's first {checkpoint.size} records are not those that the checkpoint {place} was "
                f"signed over: another log stands here, or it was changed. {_REMEDY}"
            )

    def _must_own(self, current: Signer | None, following: Following | None, latest: Seen | None) -> None:
        """The key at hand is the one that signed last, unless its successor says that it is not to count."""
        if following is not None and following.replaces:
            return
        if latest is None and current is not None:
            return
        if current is None or (latest is not None and not _signed_by(latest, current)):
            raise _refusal(
                "the key that signed the last checkpoint is not here: put it back from its backup, or, if it "
                "is lost, prepare another with `signalbox log key --replace` and tell everyone who verifies"
            )


_REMEDY: Final = (
    "Put the whole log back from a newer backup; if there is none, keep this one and its checkpoint for the "
    "auditor, and start a new log under another origin in another data directory"
)


def _signed_by(checkpoint: Seen, key: Signer) -> bool:
    try:
        signers_of(checkpoint.note, [key.verifier])
    except Invalid:
        return False
    return True


def _read(text: str, place: str) -> Seen:
    try:
        return seen(text)
    except Invalid as error:
        raise _refusal(f"the checkpoint {place} cannot be read: {error}") from error


def _refusal(words: str) -> LogUnavailable:
    return LogUnavailable(f"the decision log will not be continued: {words}")
