"""What may be done next with releases. Each function answers the acts to be done, or says why not.

INVARIANT: a release comes into force only with as many approvals as the release before it asks for, each by
another approver whom that one names, none by its author, each signed over exactly this content, number, base
and house, while that base is in force; and with a proof in whose way nothing stands. All of it is checked
again when it is published, from what is kept. The first release has none before it: its own terms hold.

Roles are asked by the doors. The history is only read here.
"""

from collections.abc import Sequence
from typing import Final

from signalbox.domain.acts import Proposal
from signalbox.domain.errors import MalformedRequest
from signalbox.domain.roles import PLATFORM
from signalbox.domain.switches import reason_of
from signalbox.governance.releases.acts import (
    Approved,
    Drafted,
    Proved,
    Published,
    RolledBack,
    Simulated,
    Withdrawn,
)
from signalbox.governance.releases.content import (
    Approver,
    Kept,
    ReleaseContent,
    Terms,
    kept_content,
)
from signalbox.governance.releases.history import Release, Releases
from signalbox.governance.releases.proofs import ReleaseProof
from signalbox.governance.releases.refusals import (
    ApprovalInvalid,
    ContentTampered,
    ProofRefused,
    ReleaseRefused,
    SelfApproval,
    StaleBase,
)
from signalbox.governance.releases.statement import check_signature

SUMMARY_MAX: Final = 500


def draft(
    releases: Releases, content: ReleaseContent, *, summary: str, base: int | None, log: str, nonce: str
) -> Sequence[Proposal]:
    """`base`: what its author worked from, if they say so. Raises `StaleBase`, `ReleaseRefused`."""
    summary = summary.strip()
    if not summary or len(summary) > SUMMARY_MAX or not summary.isprintable():
        raise MalformedRequest(f"say what the draft is about: 1 to {SUMMARY_MAX} printable characters")
    in_force = releases.in_force
    number, base_hash = (0, "") if in_force is None else (in_force.number, in_force.hash)
    if base is not None and base != number:
        raise StaleBase(
            f"the draft was made from release {base}, and {_named(number)} is in force: make it anew"
        )
    if content.hash == base_hash:
        raise ReleaseRefused(f"the draft says what release {number} says, which is in force")
    _check_terms(content.terms)
    drafted = Drafted(
        base=number,
        base_hash=base_hash,
        hash=content.hash,
        log=log,
        nonce=nonce,
        number=releases.number + 1,
        summary=summary,
    )
    return [Proposal(PLATFORM, drafted)]


def record_proof(releases: Releases, number: int, proof: ReleaseProof) -> Sequence[Proposal]:
    """What came of proving it. Raises `NotFound`, `ReleaseRefused`."""
    release = _unpublished(releases, number)
    _check_same(release, proof.hash)
    proved = Proved(
        catalogue=proof.catalogue,
        hash=release.hash,
        invariants=proof.invariants,
        number=number,
        outcome=proof.outcome,
        policy=proof.policy,
        reasons=proof.reasons,
        report=proof.digest,
    )
    return [Proposal(PLATFORM, proved)]


def record_simulation(releases: Releases, simulated: Simulated) -> Sequence[Proposal]:
    """What came of deciding recorded traffic under it. Raises `NotFound`, `ReleaseRefused`."""
    _check_same(_unpublished(releases, simulated.number), simulated.hash)
    return [Proposal(PLATFORM, simulated)]


def approve(
    releases: Releases, number: int, *, content: str, key: str, signature: str, kept: Kept
) -> Sequence[Proposal]:
    """An approval that was signed with `key`; `content` is the hash of what its signer read.

    Raises `NotFound`, `ReleaseRefused`, `StaleBase`, `SelfApproval`, `ApprovalInvalid`, `ContentTampered`.
    """
    release = _current(releases, number)
    if content != release.hash:
        raise ApprovalInvalid(f"the approval is of other content than release {number} has")
    approver = _approver(governing_terms(releases, release, kept), key)
    approved = Approved(
        hash=release.hash,
        key=key,
        name=approver.name,
        number=number,
        signature=signature,
        subject=approver.subject,
    )
    _check_approval(release, approved, approver)
    for earlier in release.approvals:
        if same_person(earlier.subject, approver.subject) or earlier.key == key:
            raise ReleaseRefused(f"`{approver.name}` has approved release {number} already")
    return [Proposal(PLATFORM, approved)]


def publish(releases: Releases, number: int, *, proof: ReleaseProof, kept: Kept) -> Sequence[Proposal]:
    """Raises `NotFound`, `ReleaseRefused`, `StaleBase`, `ProofRefused`, `ContentTampered`."""
    release = _current(releases, number)
    terms = governing_terms(releases, release, kept)
    kept_content(release.hash, kept)
    approvers = standing_approvals(release, terms)
    if len(approvers) < needed(terms):
        raise ReleaseRefused(
            f"release {number} has {len(approvers)} of {needed(terms)} approvals by others than its author"
        )
    _check_proof(release.hash, proof)
    published = Published(
        approvers=tuple(approval.subject for approval in approvers),
        base=release.base,
        catalogue=proof.catalogue,
        hash=release.hash,
        number=number,
        outcome=proof.outcome,
        policy=proof.policy,
        proof=proof.digest,
    )
    return [Proposal(PLATFORM, published)]


def roll_back(
    releases: Releases, to: int, *, reason: str, proof: ReleaseProof, kept: Kept
) -> Sequence[Proposal]:
    """The content of a release that was in force before, again. One person may: it was approved. But only if
    the approvals that it rests on would suffice under the release in force now: who is no approver any more
    has no say by way of an old approval.

    Raises `NotFound`, `MalformedRequest`, `ReleaseRefused`, `ProofRefused`, `ContentTampered`.
    """
    target, in_force = releases.get(to), releases.in_force
    if target.publication is None or in_force is None:
        raise ReleaseRefused(
            f"release {to} was never in force: it is approved and published, not gone back to"
        )
    if target.hash == in_force.hash:
        raise ReleaseRefused(f"what release {to} says is in force")
    kept_content(target.hash, kept)
    terms = kept_content(in_force.hash, kept).terms
    origin = releases.get(target.origin)
    count = len(standing_approvals(origin, terms))
    if count < needed(terms):
        raise ReleaseRefused(
            f"of the approvals of release {origin.number}, {count} are by approvers of today, and "
            f"{needed(terms)} are needed: draft it anew"
        )
    _check_proof(target.hash, proof)
    back = RolledBack(
        base=in_force.number,
        base_hash=in_force.hash,
        catalogue=proof.catalogue,
        hash=target.hash,
        number=releases.number + 1,
        outcome=proof.outcome,
        policy=proof.policy,
        proof=proof.digest,
        reason=reason_of(reason),
        to=to,
    )
    return [Proposal(PLATFORM, back)]


def withdraw(releases: Releases, number: int, *, reason: str) -> Sequence[Proposal]:
    """Raises `NotFound`, `ReleaseRefused`, `MalformedRequest`."""
    _unpublished(releases, number)
    return [Proposal(PLATFORM, Withdrawn(number=number, reason=reason_of(reason)))]


def governing_terms(releases: Releases, release: Release, kept: Kept) -> Terms:
    """Those of its base; of itself where it has none. Raises `ContentTampered`."""
    if not release.base:
        return kept_content(release.hash, kept).terms
    if releases.get(release.base).hash != release.base_hash:
        raise ContentTampered(
            f"release {release.number} names another content for its base than that one has"
        )
    return kept_content(release.base_hash, kept).terms


def standing_approvals(release: Release, terms: Terms) -> tuple[Approved, ...]:
    """Those that count: by people whom `terms` name with that key, each once, none by the author, signed over
    this release. What is kept is not believed: every signature is verified."""
    counted: list[Approved] = []
    for approval in release.approvals:
        try:
            named = _approver(terms, approval.key)
            _check_approval(release, approval, named)
        except (ApprovalInvalid, SelfApproval):
            continue
        fresh = not any(
            same_person(other.subject, approval.subject) or other.key == approval.key for other in counted
        )
        if fresh and same_person(named.subject, approval.subject):
            counted.append(approval)
    return tuple(counted)


def needed(terms: Terms) -> int:
    """INVARIANT: at least one other than the author, whatever the terms say."""
    return max(1, terms.approvals)


def same_person(left: str, right: str) -> bool:
    """Whether two subjects may be one person: case and outer blanks do not tell people apart."""
    return left.strip().casefold() == right.strip().casefold()


def _check_approval(release: Release, approved: Approved, approver: Approver) -> None:
    if any(same_person(name, release.author) for name in (approved.subject, *approver.also)):
        raise SelfApproval(
            f"`{approved.subject}` drafted release {release.number}: somebody else approves it"
        )
    if approved.hash != release.hash:
        raise ApprovalInvalid(f"the approval is of other content than release {release.number} has")
    check_signature(release.statement(approved.subject, approved.key), approved.signature)


def _approver(terms: Terms, key: str) -> Approver:
    for approver in terms.approvers:
        if approver.key == key:
            return approver
    raise ApprovalInvalid(f"`{key[:60]}` is the key of no approver whom the release in force names")


def _check_terms(terms: Terms) -> None:
    """A release on whose terms nobody could ever publish the next one would be the last."""
    people = {approver.subject.strip().casefold() for approver in terms.approvers}
    keys = {approver.key for approver in terms.approvers}
    if len(people) < len(terms.approvers) or len(keys) < len(terms.approvers):
        raise ReleaseRefused("two approvers have one subject or one key: each is a person of their own")
    if len(people) < needed(terms):
        raise ReleaseRefused(
            f"the draft names {len(people)} approvers and asks for {needed(terms)} approvals: nobody could "
            "publish the next release; add [[approvers]]"
        )


def _check_proof(content_hash: str, proof: ReleaseProof) -> None:
    if proof.hash != content_hash:
        raise ProofRefused(("the proof is of other content",))
    if proof.outcome == "refused":
        raise ProofRefused(proof.reasons)


def _check_same(release: Release, content_hash: str) -> None:
    if content_hash != release.hash:
        raise ReleaseRefused(f"that is of other content than release {release.number} has")


def _unpublished(releases: Releases, number: int) -> Release:
    release = releases.get(number)
    if release.publication is not None:
        raise ReleaseRefused(f"release {number} has been published: what is published never changes")
    if release.withdrawn:
        raise ReleaseRefused(f"release {number} was withdrawn: {release.withdrawn}")
    return release


def _current(releases: Releases, number: int) -> Release:
    release = _unpublished(releases, number)
    in_force = releases.in_force
    now = 0 if in_force is None else in_force.number
    if release.base != now:
        raise StaleBase(
            f"release {number} was drafted from {_named(release.base)}, and {_named(now)} is in force: "
            "draft it anew, its approvals are void"
        )
    return release


def _named(number: int) -> str:
    return f"release {number}" if number else "no release"
