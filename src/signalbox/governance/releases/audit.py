"""Every publication checked again, from the acts and the kept contents alone.

Each process asks this before it puts a release in force, so that an act which somebody wrote into the store
by hand puts nothing in force; an auditor asks it of a copy. That a report found what it says it found is
shown by proving again, which is not done here.
"""

from collections.abc import Iterable

from signalbox.domain.acts import Act
from signalbox.domain.errors import SignalboxError
from signalbox.governance.releases.acts import KINDS, Drafted, Published, RolledBack
from signalbox.governance.releases.content import Kept, kept_content
from signalbox.governance.releases.history import Release, Releases
from signalbox.governance.releases.steps import governing_terms, needed, standing_approvals

_KINDS = frozenset(kind.kind for kind in KINDS)


def audit(acts: Iterable[Act], kept: Kept) -> tuple[str, ...]:
    """What is wrong with the history, one sentence each; empty if every release that was ever in force was
    approved, signed and proved as it had to be. Acts of other kinds are passed over."""
    releases = Releases()
    faults: list[str] = []
    for act in acts:
        if act.kind not in _KINDS:
            continue
        try:
            fault = _fault(releases, act, kept)
            releases.obey(act)
        except SignalboxError as error:
            fault = error.message
        if fault:
            faults.append(f"act {act.number} ({act.kind}): {fault}")
    return tuple(faults)


def _fault(releases: Releases, act: Act, kept: Kept) -> str:
    match act.kind:
        case Drafted.kind:
            drafted = Drafted.of(act)
            return _taken(releases, drafted.number) or _beside(releases, drafted.base, drafted.base_hash)
        case Published.kind:
            published = Published.of(act)
            release = releases.get(published.number)
            return _publication_fault(releases, release, published, kept)
        case RolledBack.kind:
            back = RolledBack.of(act)
            return (
                _taken(releases, back.number)
                or _beside(releases, back.base, back.base_hash)
                or _rollback_fault(releases, back, kept)
            )
    return ""


def _publication_fault(releases: Releases, release: Release, published: Published, kept: Kept) -> str:
    in_force = releases.in_force
    if release.publication is not None:
        return f"release {release.number} had been in force before"
    if release.withdrawn:
        return f"release {release.number} had been withdrawn"
    if release.base != (0 if in_force is None else in_force.number):
        return f"release {release.number} was published on a base that was not in force"
    if (published.hash, published.base) != (release.hash, release.base):
        return f"release {release.number} was published with other content or on another base"
    kept_content(release.hash, kept)
    terms = governing_terms(releases, release, kept)
    count = len(standing_approvals(release, terms))
    if count < needed(terms):
        return f"release {release.number} had {count} valid approvals of {needed(terms)}"
    return _proof_fault(published.outcome, published.proof, kept)


def _rollback_fault(releases: Releases, back: RolledBack, kept: Kept) -> str:
    target, in_force = releases.get(back.to), releases.in_force
    if target.publication is None or in_force is None:
        return f"release {back.to} was never in force"
    if target.hash != back.hash:
        return f"release {back.to} has other content"
    kept_content(target.hash, kept)
    terms = kept_content(in_force.hash, kept).terms
    count = len(standing_approvals(releases.get(target.origin), terms))
    if count < needed(terms):
        return f"release {back.to} had {count} valid approvals of {needed(terms)}"
    return _proof_fault(back.outcome, back.proof, kept)


def _proof_fault(outcome: str, digest: str, kept: Kept) -> str:
    if outcome not in ("kept", "marked", "nothing"):
        return f"it came into force on a proof whose outcome is `{outcome}`"
    if outcome != "nothing" and kept(digest) is None:
        return f"its proof `{digest[:16]}…` is not kept any more"
    return ""


def _taken(releases: Releases, number: int) -> str:
    return "" if number == releases.number + 1 else f"number {number} does not follow {releases.number}"


def _beside(releases: Releases, base: int, base_hash: str) -> str:
    """A draft names what was in force when it was made."""
    in_force = releases.in_force
    now = (0, "") if in_force is None else (in_force.number, in_force.hash)
    return (
        "" if (base, base_hash) == now else f"it names release {base} as its base, and {now[0]} was in force"
    )
