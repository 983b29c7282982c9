"""What is done with releases, each act once. A release is named by its number; its content by its hash.

All are the platform's: one release holds for every tenant.
"""

from typing import ClassVar, Final

from signalbox.domain.acts import ActContent


class Drafted(ActContent, frozen=True, kw_only=True):
    """`base` is the release in force then (0: none), `base_hash` its content. `nonce` was drawn for this
    draft alone and `log` is the origin of the house's log: an approval holds for no other draft anywhere."""

    kind: ClassVar[str] = "release.drafted"

    base: int
    base_hash: str
    hash: str
    log: str
    nonce: str
    number: int
    summary: str


class Proved(ActContent, frozen=True, kw_only=True):
    """`outcome`: kept, marked (unproven, and its tenants let it pass), refused, or nothing (no invariants).
    `report` is the digest of the kept report, empty where there was nothing to prove."""

    kind: ClassVar[str] = "release.proved"

    catalogue: str
    hash: str
    invariants: str
    number: int
    outcome: str
    policy: str
    reasons: tuple[str, ...]
    report: str


class Simulated(ActContent, frozen=True, kw_only=True):
    """Recorded traffic from `since_us` on and before `until_us`, decided again under the draft."""

    kind: ClassVar[str] = "release.simulated"

    changed: int
    decided: int
    differences: str
    hash: str
    number: int
    since_us: int
    until_us: int


class Approved(ActContent, frozen=True, kw_only=True):
    """`signature` (base64) is that of `key` over the statement; who handed it in may be somebody else."""

    kind: ClassVar[str] = "release.approved"
    personal: ClassVar[tuple[str, ...]] = ("name", "subject")

    hash: str
    key: str
    name: str
    number: int
    signature: str
    subject: str


class Published(ActContent, frozen=True, kw_only=True):
    """In force from here on. `proof` is the digest of the report that was made for it."""

    kind: ClassVar[str] = "release.published"
    personal: ClassVar[tuple[str, ...]] = ("approvers",)

    approvers: tuple[str, ...]
    base: int
    catalogue: str
    hash: str
    number: int
    outcome: str
    policy: str
    proof: str


class RolledBack(ActContent, frozen=True, kw_only=True):
    """A release of its own number with the content of release `to`; in force from here on."""

    kind: ClassVar[str] = "release.rolled_back"

    base: int
    base_hash: str
    catalogue: str
    hash: str
    number: int
    outcome: str
    policy: str
    proof: str
    reason: str
    to: int


class Withdrawn(ActContent, frozen=True, kw_only=True):
    kind: ClassVar[str] = "release.withdrawn"

    number: int
    reason: str


KINDS: Final[tuple[type[ActContent], ...]] = (
    Drafted, Proved, Simulated, Approved, Published, RolledBack, Withdrawn,
)  # fmt: skip
