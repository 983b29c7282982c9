"""Legal holds, erasures and readings of kept content: the acts, and what they come to.

A hold is a tenant's, under a name that people know it by; it covers one subject or all of them. Subjects are
pseudonyms, here and in the history. A hold is never overruled: who wants to erase lifts it first.

An erasure is ordered, and from then on under way until it is said to be done: a hold that comes later is told
that it came too late. What carrying it out takes is not known here.
"""

from collections.abc import Mapping, Sequence, Set
from typing import ClassVar, Final

from msgspec import Struct

from signalbox.domain.acts import Act, ActContent, Proposal
from signalbox.domain.errors import Conflict, MalformedRequest, NotFound
from signalbox.domain.switches import reason_of

_NAME_MAX: Final = 128
_NONE: Final = frozenset[str]()


class HoldPlaced(ActContent, frozen=True):
    """`subject` is empty where all of the tenant's content is held."""

    kind: ClassVar[str] = "hold.placed"

    hold: str
    reason: str
    subject: str


class HoldLifted(ActContent, frozen=True):
    kind: ClassVar[str] = "hold.lifted"

    hold: str
    reason: str


class ErasureOrdered(ActContent, frozen=True):
    """`key` is the id of the data key that is to be destroyed, empty where there was none."""

    kind: ClassVar[str] = "erasure.ordered"

    key: str
    reason: str
    subject: str


class SubjectErased(ActContent, frozen=True):
    """`order` is the number of the act that ordered it. How many there were: `payloads` deleted, `records`
    of the log emptied."""

    kind: ClassVar[str] = "subject.erased"

    order: int
    payloads: int
    records: int
    subject: str


class ContentRead(ActContent, frozen=True):
    """Somebody is about to be shown what is kept of a decision."""

    kind: ClassVar[str] = "content.read"

    decision: str
    reason: str


KINDS: Final[tuple[type[ActContent], ...]] = (
    HoldPlaced,
    HoldLifted,
    ErasureOrdered,
    SubjectErased,
    ContentRead,
)


class Held(Conflict):
    """A legal hold forbids it; the message names the hold."""

    code = "held"


class Hold(Struct, frozen=True):
    """One in force. `subject` empty: all of the tenant's."""

    name: str
    tenant: str
    subject: str
    reason: str
    by: str
    since_us: int


class Erasure(Struct, frozen=True):
    """One under way; `order` numbers it, `time_us` is when it was ordered: what was decided later stays."""

    order: int
    tenant: str
    subject: str
    time_us: int


class Holds:
    """The projection: holds in force, and erasures under way, the oldest first. `erasures` counts all that
    were ordered."""

    kinds: Final[Sequence[type[ActContent]]] = KINDS

    def __init__(self) -> None:
        self._holds: dict[tuple[str, str], Hold] = {}
        self._erasures: dict[tuple[str, str], Erasure] = {}
        self._destroyed: dict[str, set[str]] = {}
        self._ordered: dict[tuple[str, str], Erasure] = {}
        self.erasures = 0

    def obey(self, act: Act) -> None:
        match act.kind:
            case HoldPlaced.kind:
                placed = HoldPlaced.of(act)
                self._holds[act.tenant, placed.hold] = Hold(
                    placed.hold, act.tenant, placed.subject, placed.reason, act.by, act.time_us
                )
            case HoldLifted.kind:
                self._holds.pop((act.tenant, HoldLifted.of(act).hold), None)
            case ErasureOrdered.kind:
                ordered = ErasureOrdered.of(act)
                erasure = Erasure(act.number, act.tenant, ordered.subject, act.time_us)
                self._erasures[act.tenant, ordered.subject] = erasure
                self._ordered[act.tenant, ordered.subject] = erasure
                self.erasures += 1
                self._destroyed.setdefault(act.tenant, set()).add(ordered.key)
            case SubjectErased.kind:
                self._erasures.pop((act.tenant, SubjectErased.of(act).subject), None)

    def of_tenant(self, tenant: str) -> tuple[Hold, ...]:
        """In the order in which they were placed."""
        return tuple(hold for hold in self._holds.values() if hold.tenant == tenant)

    def over(self, tenant: str, subject: str) -> Hold | None:
        """A hold that covers the subject's content, if there is one."""
        return next((hold for hold in self.of_tenant(tenant) if hold.subject in ("", subject)), None)

    def erasure(self, tenant: str, subject: str) -> Erasure | None:
        """The erasure of this subject that is under way."""
        return self._erasures.get((tenant, subject))

    def destroyed(self, tenant: str) -> Set[str]:
        """Ids of the data keys that erasures have destroyed."""
        return self._destroyed.get(tenant, _NONE)

    @property
    def ordered(self) -> Mapping[tuple[str, str], Erasure]:
        """The latest erasure of every subject that was ever erased, by tenant and subject."""
        return self._ordered

    @property
    def under_way(self) -> Mapping[tuple[str, str], Erasure]:
        """By tenant and subject."""
        return self._erasures


def place(holds: Holds, tenant: str, name: str, subject: str, reason: str) -> Proposal:
    """Raises `MalformedRequest`, and `Conflict` where the name is taken or the subject is being erased."""
    name = _name_of(name)
    if "/" in name or name in (".", ".."):  # a part of the path by which it is lifted
        raise MalformedRequest(f"name the hold otherwise: `{name}` cannot be said in an address")
    if any(hold.name == name for hold in holds.of_tenant(tenant)):
        raise Conflict(f"there is a hold `{name}` already: lift it first, or use another name")
    late = [e for e in holds.under_way.values() if e.tenant == tenant and subject in ("", e.subject)]
    if late:
        raise Conflict(
            f"too late: the erasure that act {late[0].order} ordered is under way; "
            "a hold can be placed once it is done"
        )
    return Proposal(tenant, HoldPlaced(hold=name, reason=reason_of(reason), subject=subject))


def lift(holds: Holds, tenant: str, name: str, reason: str) -> Proposal:
    """Raises `MalformedRequest` and `NotFound`."""
    name = _name_of(name)
    if not any(hold.name == name for hold in holds.of_tenant(tenant)):
        raise NotFound(f"there is no hold `{name}` in force")
    return Proposal(tenant, HoldLifted(hold=name, reason=reason_of(reason)))


def order_erasure(holds: Holds, tenant: str, subject: str, reason: str, *, key: str) -> tuple[Proposal, ...]:
    """Nothing where it is ordered already. Raises `Held` and `MalformedRequest`."""
    if holds.erasure(tenant, subject) is not None:
        return ()
    hold = holds.over(tenant, subject)
    if hold is not None:
        raise Held(
            f"not erased: the legal hold `{hold.name}` forbids it ({hold.reason}; placed by {hold.by})"
        )
    return (Proposal(tenant, ErasureOrdered(key=key, reason=reason_of(reason), subject=subject)),)


def erasure_done(holds: Holds, erasure: Erasure, *, payloads: int, records: int) -> tuple[Proposal, ...]:
    """Nothing where somebody else has said so already."""
    if holds.erasure(erasure.tenant, erasure.subject) != erasure:
        return ()
    done = SubjectErased(order=erasure.order, payloads=payloads, records=records, subject=erasure.subject)
    return (Proposal(erasure.tenant, done),)


def reading(tenant: str, decision: str, reason: str) -> Proposal:
    """Raises `MalformedRequest`."""
    return Proposal(tenant, ContentRead(decision=decision, reason=reason_of(reason)))


def _name_of(written: str) -> str:
    name = written.strip()
    if not name or len(name) > _NAME_MAX or not name.isprintable():
        raise MalformedRequest(f"name the hold: 1 to {_NAME_MAX} printable characters, in one line")
    return name
