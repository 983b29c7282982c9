"""Break-glass: one person asks, a second grants, it expires alone, and a third says what was found.

A grant supplies permits that are missing and nothing else (`policy.granted`). What keeps it rare is here:
at most one for a tenant at a time, for an hour at most, and none while the last one has not been reviewed.

Deliberately absent: a clock (the time is handed in), roles, and whether a request is covered.
"""

from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.acts import Act, ActContent, ActUnreadable, Proposal
from signalbox.domain.errors import Conflict, MalformedRequest, NotFound, NotPermitted
from signalbox.domain.grants import KINDS as SELECTORS
from signalbox.domain.grants import Grant, GrantTerms
from signalbox.domain.switches import reason_of
from signalbox.domain.traits import Sensitivity

MINUTES_MAX: Final = 60
ASK_STANDS_US: Final = 60 * 60_000_000
"""For how long what was asked for may be granted."""
_NAMES_MAX: Final = 64
_NAME_MAX: Final = 128
_FINDINGS_MAX: Final = 4_000

Standing = Literal["asked", "lapsed", "withdrawn", "active", "owed", "reviewed"]
"""`lapsed`: was not granted in time. `owed`: it is over, and its review is owed."""


class Asked(ActContent, frozen=True, kw_only=True):
    """Permits for requests of the users, keys or groups to what the selectors name, for so many minutes."""

    kind = "break-glass.asked"
    personal = ("users",)

    endpoints: tuple[str, ...]
    groups: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    minutes: int
    reason: str
    sensitivity_max: int
    users: tuple[str, ...] = ()


class Granted(ActContent, frozen=True):
    """INVARIANT: by another than who asked."""

    kind = "break-glass.granted"

    grant: str


class Ended(ActContent, frozen=True):
    """Before its time; or, of what was only asked for, withdrawn."""

    kind = "break-glass.ended"

    grant: str
    reason: str


class Reviewed(ActContent, frozen=True):
    """By one who neither asked nor granted."""

    kind = "break-glass.reviewed"

    findings: str
    grant: str


KINDS: Final[tuple[type[ActContent], ...]] = (Asked, Granted, Ended, Reviewed)


class Case(Struct, frozen=True, kw_only=True):
    """One grant from the asking on. Moments are wall clock, 0 where it has not come to that; `act` is the
    number of the last act about it."""

    id: str
    act: int
    tenant: str
    asked: Asked
    asked_by: str
    asked_us: int
    granted_by: str = ""
    granted_us: int = 0
    until_us: int = 0
    ended_by: str = ""
    ended_us: int = 0
    ended_for: str = ""
    reviewed_by: str = ""
    reviewed_us: int = 0
    findings: str = ""

    def standing(self, now_us: int) -> Standing:
        if self.reviewed_us:
            return "reviewed"
        if self.granted_us:
            return "owed" if self.ended_us or now_us >= self.until_us else "active"
        if self.ended_us:
            return "withdrawn"
        return "asked" if now_us < self.asked_us + ASK_STANDS_US else "lapsed"

    @property
    def grant(self) -> Grant:
        """As dispatch honours it."""
        asked = self.asked
        terms = GrantTerms(
            id=self.id,
            tenant=self.tenant,
            endpoints=asked.endpoints,
            sensitivity_max=Sensitivity(asked.sensitivity_max),
            until_us=self.until_us,
        )
        return Grant(terms=terms, users=asked.users, keys=asked.keys, groups=asked.groups)


class BreakGlass:
    """What the history comes to. Implements `board.Projection`."""

    kinds = KINDS

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}
        self._unreviewed: dict[str, str] = {}

    def obey(self, act: Act) -> None:
        """Raises `ActUnreadable` for an act that this program does not do, and leaves all as it was."""
        match act.kind:
            case Asked.kind:
                self._asked(act, Asked.of(act))
            case Granted.kind:
                self._granted(act, Granted.of(act))
            case Ended.kind:
                ended = Ended.of(act)
                case = self._at(act, ended.grant)
                self._put(act, replace(case, ended_by=act.by, ended_us=act.time_us, ended_for=ended.reason))
            case Reviewed.kind:
                reviewed = Reviewed.of(act)
                case = self._at(act, reviewed.grant)
                took_part = (case.asked_by, case.granted_by, *case.asked.users)
                _readable(act, bool(case.granted_us) and act.by not in took_part, "is no third person's")
                self._put(
                    act,
                    replace(case, reviewed_by=act.by, reviewed_us=act.time_us, findings=reviewed.findings),
                )
                self._unreviewed.pop(case.tenant, None)

    def cases(self, tenant: str) -> tuple[Case, ...]:
        """A tenant's, the latest first."""
        return tuple(case for case in reversed(self._cases.values()) if case.tenant == tenant)

    def case(self, tenant: str, ident: str) -> Case:
        """Raises `NotFound`, also for another tenant's."""
        case = self._cases.get(ident)
        if case is None or case.tenant != tenant:
            raise NotFound(f"there is no break-glass grant `{ident[:64]}` of this tenant")
        return case

    def in_force(self, now_us: int) -> tuple[Grant, ...]:
        """Of every tenant."""
        cases = [self._cases[ident] for ident in self._unreviewed.values()]
        return tuple(case.grant for case in cases if case.standing(now_us) == "active")

    def unreviewed(self, tenant: str) -> Case | None:
        """The tenant's grant that is in force, or whose review is owed; there is never another."""
        ident = self._unreviewed.get(tenant)
        return self._cases[ident] if ident is not None else None

    def _asked(self, act: Act, asked: Asked) -> None:
        _readable(act, not list(faults(asked)) and bool(act.tenant), "asks for what nobody may")
        ident = f"bg-{act.number}"
        self._cases[ident] = Case(
            id=ident, act=act.number, tenant=act.tenant, asked=asked, asked_by=act.by, asked_us=act.time_us
        )

    def _granted(self, act: Act, granted: Granted) -> None:
        case = self._at(act, granted.grant)
        # INVARIANT: nothing is in force that one person alone has said, whoever wrote the history.
        _readable(act, act.by not in (case.asked_by, *case.asked.users), "is granted by who asked")
        _readable(act, not case.granted_us and not case.ended_us, "is granted twice, or after its end")
        _readable(act, act.tenant not in self._unreviewed, "is granted while a review is owed")
        until_us = act.time_us + case.asked.minutes * 60_000_000
        self._put(act, replace(case, granted_by=act.by, granted_us=act.time_us, until_us=until_us))
        self._unreviewed[case.tenant] = case.id

    def _at(self, act: Act, ident: str) -> Case:
        case = self._cases.get(ident)
        _readable(act, case is not None and case.tenant == act.tenant, f"is about `{ident[:64]}`, unknown")
        assert case is not None  # noqa: S101 - said in the line above
        return case

    def _put(self, act: Act, case: Case) -> None:
        self._cases[case.id] = replace(case, act=act.number)


def ask(tenant: str, asked: Asked) -> Proposal:
    """Raises `MalformedRequest` with everything that is wrong."""
    found = list(faults(asked))
    if found:
        raise MalformedRequest("; ".join(found))
    return Proposal(tenant, replace(asked, reason=reason_of(asked.reason)))


def grant(state: BreakGlass, tenant: str, ident: str, by: str, now_us: int) -> Proposal:
    """Raises `NotFound`, `NotPermitted` to who asked and to whom it is for, `Conflict`."""
    case = state.case(tenant, ident)
    if case.standing(now_us) != "asked":
        raise Conflict(f"`{ident}` is {case.standing(now_us)}: ask anew")
    if by in (case.asked_by, *case.asked.users):
        raise NotPermitted("a grant takes a second person: it was asked for by you, or is for you")
    last = state.unreviewed(tenant)
    if last is not None:
        what = "is in force" if last.standing(now_us) == "active" else "has not been reviewed"
        raise Conflict(f"`{last.id}` {what}: no other is granted before its review")
    return Proposal(tenant, Granted(ident))


def end(state: BreakGlass, tenant: str, ident: str, reason: str, now_us: int) -> Proposal:
    """Raises `NotFound`, `MalformedRequest` without a reason, `Conflict` for what is over."""
    case = state.case(tenant, ident)
    if case.standing(now_us) not in ("asked", "active"):
        raise Conflict(f"`{ident}` is over already")
    return Proposal(tenant, Ended(ident, reason_of(reason)))


def review(state: BreakGlass, tenant: str, ident: str, findings: str, by: str, now_us: int) -> Proposal:
    """Raises `NotFound`, `NotPermitted` to who took part, `MalformedRequest`, `Conflict`."""
    case = state.case(tenant, ident)
    if case.standing(now_us) != "owed":
        raise Conflict(f"`{ident}` is {case.standing(now_us)}: only what is over is reviewed, once")
    if by in (case.asked_by, case.granted_by, *case.asked.users):
        raise NotPermitted("a review takes a third person: you asked for it, granted it, or it was for you")
    said = findings.strip()
    if not said or len(said) > _FINDINGS_MAX:
        raise MalformedRequest(f"say what was found: `findings` of 1 to {_FINDINGS_MAX} characters")
    return Proposal(tenant, Reviewed(said, ident))


def faults(asked: Asked) -> Iterator[str]:
    """What keeps this from being asked for."""
    if not 1 <= asked.minutes <= MINUTES_MAX:
        yield f"`minutes` is from 1 to {MINUTES_MAX}, not `{asked.minutes}`"
    if asked.sensitivity_max not in tuple(Sensitivity):
        yield f"`sensitivity_max` is from 0 to {int(max(Sensitivity))}, not `{asked.sensitivity_max}`"
    if not asked.endpoints:
        yield "name at least one of `endpoints`, as `vendor:NAME`"
    for selector in asked.endpoints:
        kind, _, name = selector.partition(":")
        if kind not in SELECTORS or not _is_name(name):
            yield f"`{selector[:64]}` selects nothing: write {', '.join(SELECTORS)}, a colon and a name"
    whom = (*asked.users, *asked.keys, *asked.groups)
    if not whom:
        yield "say for whom it is: `users`, `keys` or `groups`"
    if not all(map(_is_name, whom)):
        yield f"names have 1 to {_NAME_MAX} printable characters"
    if max(len(asked.endpoints), len(whom)) > _NAMES_MAX:
        yield f"more than {_NAMES_MAX} names: ask for less"
    try:
        reason_of(asked.reason)
    except MalformedRequest as error:
        yield error.message


def _is_name(name: str) -> bool:
    return bool(name) and len(name) <= _NAME_MAX and name.isprintable() and name == name.strip()


def _readable(act: Act, fine: bool, otherwise: str) -> None:
    if not fine:
        raise ActUnreadable(
            f"act {act.number} (`{act.kind}`) {otherwise}: this is no history of this program"
        )
