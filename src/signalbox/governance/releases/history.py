"""What the acts come to: which releases there are, how far each is, which is in force.

A projection: it obeys what was done and judges nothing. What may be done next is `steps`'s; whether what was
done was right is `audit`'s.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.acts import Act, ActContent
from signalbox.domain.errors import NotFound
from signalbox.governance.releases.acts import (
    KINDS,
    Approved,
    Drafted,
    Proved,
    Published,
    RolledBack,
    Simulated,
    Withdrawn,
)
from signalbox.governance.releases.statement import Statement

State = Literal["draft", "stale", "withdrawn", "in force", "superseded"]


class Release(Struct, frozen=True, kw_only=True):
    """One release as it stands. `author` is the subject who drafted it, or who rolled back to its content.

    `origin` is the number of the draft whose content it has and whose approvals it rests on: its own, but
    for a rollback. `proved` and `simulated` are the latest. `publication` is None if it was never in force.
    """

    number: int
    hash: str
    author: str
    drafted_us: int
    base: int
    base_hash: str
    log: str = ""
    nonce: str = ""
    summary: str = ""
    origin: int
    proved: Proved | None = None
    simulated: Simulated | None = None
    approvals: tuple[Approved, ...] = ()
    publication: Published | RolledBack | None = None
    published_us: int = 0
    published_by: str = ""
    withdrawn: str = ""

    def statement(self, subject: str, key: str) -> Statement:
        """What `subject` signs with `key` to approve it."""
        return Statement(
            approver=subject,
            author=self.author,
            base=self.base,
            base_hash=self.base_hash,
            hash=self.hash,
            key=key,
            log=self.log,
            nonce=self.nonce,
            number=self.number,
        )


class Releases:
    """A projection of the history; `number` is the last number given."""

    def __init__(self) -> None:
        self.number = 0
        self._releases: dict[int, Release] = {}
        self._in_force = 0

    @property
    def kinds(self) -> Sequence[type[ActContent]]:
        return KINDS

    def obey(self, act: Act) -> None:
        match act.kind:
            case Drafted.kind:
                self._drafted(act, Drafted.of(act))
            case Proved.kind:
                proved = Proved.of(act)
                self._change(replace(self.get(proved.number), proved=proved))
            case Simulated.kind:
                simulated = Simulated.of(act)
                self._change(replace(self.get(simulated.number), simulated=simulated))
            case Approved.kind:
                approved = Approved.of(act)
                release = self.get(approved.number)
                self._change(replace(release, approvals=(*release.approvals, approved)))
            case Published.kind:
                published = Published.of(act)
                self._enter(act, self.get(published.number), published)
            case RolledBack.kind:
                self._rolled_back(act, RolledBack.of(act))
            case Withdrawn.kind:
                withdrawn = Withdrawn.of(act)
                self._change(replace(self.get(withdrawn.number), withdrawn=withdrawn.reason))

    @property
    def in_force(self) -> Release | None:
        return self._releases.get(self._in_force)

    def get(self, number: int) -> Release:
        """Raises `NotFound`."""
        found = self._releases.get(number)
        if found is None:
            raise NotFound(f"there is no release {number}")
        return found

    def state(self, release: Release) -> State:
        if release.number == self._in_force:
            return "in force"
        if release.publication is not None:
            return "superseded"
        if release.withdrawn:
            return "withdrawn"
        return "draft" if release.base == self._in_force else "stale"

    def __iter__(self) -> Iterator[Release]:
        """In order of number."""
        return iter(tuple(self._releases.values()))

    def _drafted(self, act: Act, drafted: Drafted) -> None:
        self.number = drafted.number
        self._change(
            Release(
                number=drafted.number,
                hash=drafted.hash,
                author=act.by,
                drafted_us=act.time_us,
                base=drafted.base,
                base_hash=drafted.base_hash,
                log=drafted.log,
                nonce=drafted.nonce,
                summary=drafted.summary,
                origin=drafted.number,
            )
        )

    def _rolled_back(self, act: Act, back: RolledBack) -> None:
        target = self.get(back.to)
        release = Release(
            number=back.number,
            hash=back.hash,
            author=act.by,
            drafted_us=act.time_us,
            base=back.base,
            base_hash=back.base_hash,
            summary=back.reason,
            origin=target.origin,
        )
        self.number = back.number
        self._enter(act, release, back)

    def _enter(self, act: Act, release: Release, publication: Published | RolledBack) -> None:
        self._change(replace(release, publication=publication, published_us=act.time_us, published_by=act.by))
        self._in_force = release.number

    def _change(self, release: Release) -> None:
        self._releases[release.number] = release
