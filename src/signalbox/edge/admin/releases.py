"""`/admin/v1/releases`: drafted, proved, simulated, approved, published, rolled back, withdrawn.

A release holds for every tenant, so who reads or drafts one must be allowed to do so for each tenant there
is: in a house of one tenant its own authors and approvers may. An approval is worth what its signature is,
whoever hands it in. Publishing and rolling back are the operator's.
"""

from collections.abc import Callable, Collection
from typing import Annotated, Any, Final, Protocol

from msgspec import Meta, Struct

from signalbox.domain.errors import MalformedRequest, NotFound, NotPermitted
from signalbox.domain.roles import Action, may_everywhere
from signalbox.edge.admin.operation import Answer, Asked, Operation, Page, Paging
from signalbox.governance.releases import Approver, Release, ReleaseContent, Releases
from signalbox.replay import Differences

BODY_BYTES_MAX: Final = 6 << 20
_INVALID: Final = {422: "the texts could not be put in force here: what is wrong with them"}
_Reason = Annotated[str, Meta(min_length=1, max_length=1_000)]
_Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Desk(Protocol):
    """What is done with releases. Each raises members of the error family."""

    releases: Releases

    async def draft(self, by: str, summary: str, base: int | None, content: ReleaseContent) -> Release: ...

    async def content(self, number: int) -> ReleaseContent: ...

    async def words(self, number: int, against: int) -> tuple[str, ...]: ...

    async def prove(self, by: str, number: int) -> Release: ...

    async def simulate(self, by: str, number: int, since_us: int, until_us: int) -> Differences: ...

    async def approve(self, by: str, number: int, *, content: str, key: str, signature: str) -> Release: ...

    async def publish(self, by: str, number: int) -> Release: ...

    async def roll_back(self, by: str, to: int, reason: str) -> Release: ...

    async def withdraw(self, by: str, number: int, reason: str) -> Release: ...


class ProofView(Struct, frozen=True, kw_only=True):
    """`outcome`: kept, marked, refused or nothing; `reasons` say what stands in the way, or was marked."""

    outcome: str
    reasons: tuple[str, ...]
    policy: str
    catalogue: str
    invariants: str
    report: str


class SimulationView(Struct, frozen=True, kw_only=True):
    decided: int
    changed: int
    since_us: int
    until_us: int
    differences: str


class ApprovalView(Struct, frozen=True, kw_only=True):
    name: str
    subject: str
    key: str
    signature: str


class ReleaseView(Struct, frozen=True, kw_only=True):
    """`state`: draft, stale, withdrawn, in force or superseded. `origin`: the release whose content and
    approvals it has, itself but for a rollback. Moments are µs since the epoch, 0 where it has not come to
    that. `base`, `base_hash`, `log` and `nonce` are signed by an approver with number, hash and people."""

    number: int
    state: str
    hash: str
    summary: str
    author: str
    drafted_us: int
    base: int
    base_hash: str
    log: str
    nonce: str
    origin: int
    proved: ProofView | None
    simulated: SimulationView | None
    approvals: tuple[ApprovalView, ...]
    published_us: int
    published_by: str
    proof: str
    outcome: str
    withdrawn: str


class Changes(Struct, frozen=True):
    """In sentences, from release `against` (0: there was none)."""

    against: int
    changes: tuple[str, ...]


class DraftWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`base`: the release that the texts were made from, where its author wants to be told if it is no longer
    the one in force."""

    summary: Annotated[str, Meta(min_length=1, max_length=500)]
    content: ReleaseContent
    base: Annotated[int, Meta(ge=0)] | None = None


class ApprovalWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hash` is of the content that was read, `signature` base64 of Ed25519 over the statement."""

    hash: _Hash
    key: Annotated[str, Meta(max_length=100)]
    signature: Annotated[str, Meta(max_length=100)]


class ReasonWanted(Struct, frozen=True, forbid_unknown_fields=True):
    reason: _Reason


class PeriodWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `since_us` on and before `until_us`, µs since the epoch."""

    since_us: Annotated[int, Meta(ge=0)]
    until_us: Annotated[int, Meta(ge=1)]


class Against(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    against: Annotated[int, Meta(ge=0, description="a release; else its base")] | None = None


def operations(desk: Desk, tenants: Callable[[], Collection[str]]) -> tuple[Operation, ...]:
    doors = _Doors(desk, tenants)
    one = "/releases/{release}"
    return (
        Operation(
            method="GET",
            path="/releases",
            summary="Releases, the latest first",
            handler=doors.listed,
            answer=Page[ReleaseView],
            query=Paging,
            action="policy.read",
            reach="self",
        ),
        Operation(
            method="POST",
            path="/releases",
            summary="Draft a release (`policy.draft` for every tenant)",
            handler=doors.draft,
            answer=ReleaseView,
            body=DraftWanted,
            status=201,
            reach="self",
            action="policy.draft",
            body_bytes_max=BODY_BYTES_MAX,
            also=_INVALID,
        ),
        Operation(
            method="GET",
            path=one,
            summary="A release",
            handler=doors.shown,
            answer=ReleaseView,
            action="policy.read",
            reach="self",
        ),
        Operation(
            method="GET",
            path=f"{one}/content",
            summary="What it says: its texts and terms",
            handler=doors.content,
            answer=ReleaseContent,
            action="policy.read",
            reach="self",
        ),
        Operation(
            method="GET",
            path=f"{one}/approvers",
            summary="Whose approvals count for it, and how many",
            handler=doors.approvers,
            answer=ApproversView,
            action="policy.read",
            reach="self",
        ),
        Operation(
            method="GET",
            path=f"{one}/changes",
            summary="What it changes, in words",
            handler=doors.changes,
            answer=Changes,
            query=Against,
            action="policy.read",
            reach="self",
            also=_INVALID,
        ),
        Operation(
            method="POST",
            path=f"{one}/proof",
            summary="Prove its invariants",
            handler=doors.prove,
            answer=ReleaseView,
            action="policy.draft",
            reach="self",
            also=_INVALID,
        ),
        Operation(
            method="POST",
            path=f"{one}/simulation",
            summary="Decide recorded traffic again under it",
            handler=doors.simulate,
            answer=Differences,
            body=PeriodWanted,
            action="policy.draft",
            reach="self",
            also=_INVALID,
        ),
        Operation(
            method="POST",
            path=f"{one}/approvals",
            summary="Hand in a signed approval",
            handler=doors.approve,
            answer=ReleaseView,
            body=ApprovalWanted,
            action="policy.read",
            reach="self",
        ),
        Operation(
            method="POST",
            path=f"{one}/publication",
            summary="Prove it and put it in force",
            handler=doors.publish,
            answer=ReleaseView,
            action="platform.operate",
            reach="platform",
            also=_INVALID,
        ),
        Operation(
            method="POST",
            path=f"{one}/rollback",
            summary="Put what it says in force again",
            handler=doors.roll_back,
            answer=ReleaseView,
            body=ReasonWanted,
            status=201,
            action="platform.operate",
            reach="platform",
            also=_INVALID,
        ),
        Operation(
            method="DELETE",
            path=one,
            summary="Withdraw a draft",
            handler=doors.withdraw,
            query=Withdrawal,
            answer=ReleaseView,
            action="policy.draft",
            reach="self",
        ),
    )


class ApproversView(Struct, frozen=True, kw_only=True):
    needed: int
    approvers: tuple[Approver, ...]


class Withdrawal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: _Reason


class _Doors:
    def __init__(self, desk: Desk, tenants: Callable[[], Collection[str]]) -> None:
        self._desk = desk
        self._tenants = tenants

    async def listed(self, asked: Asked) -> Page[ReleaseView]:
        self._admit(asked, "policy.read")
        return asked.page(map(self._view, self._desk.releases), key=lambda view: -view.number)

    async def shown(self, asked: Asked) -> ReleaseView:
        self._admit(asked, "policy.read")
        return self._view(self._desk.releases.get(_number(asked)))

    async def content(self, asked: Asked) -> ReleaseContent:
        self._admit(asked, "policy.read")
        return await self._desk.content(_number(asked))

    async def approvers(self, asked: Asked) -> ApproversView:
        self._admit(asked, "policy.read")
        release = self._desk.releases.get(_number(asked))
        terms = (await self._desk.content(release.base or release.number)).terms
        return ApproversView(needed=max(1, terms.approvals), approvers=terms.approvers)

    async def changes(self, asked: Asked) -> Changes:
        self._admit(asked, "policy.read")
        number = _number(asked)
        against = asked.query.against
        if against is None:
            against = self._desk.releases.get(number).base
        return Changes(against, await self._desk.words(number, against))

    async def draft(self, asked: Asked) -> Answer:
        self._admit(asked, "policy.draft")
        wanted: DraftWanted = asked.body
        made = await self._desk.draft(asked.by, wanted.summary, wanted.base, wanted.content)
        return Answer(value=self._view(made), location=f"/admin/v1/releases/{made.number}")

    async def prove(self, asked: Asked) -> ReleaseView:
        self._admit(asked, "policy.draft", "policy.approve", "platform.operate")
        return self._view(await self._desk.prove(asked.by, _number(asked)))

    async def simulate(self, asked: Asked) -> Differences:
        self._admit(asked, "policy.draft", "policy.approve", "platform.operate")
        wanted: PeriodWanted = asked.body
        if wanted.since_us >= wanted.until_us:
            raise MalformedRequest("`since_us` comes before `until_us`")
        return await self._desk.simulate(asked.by, _number(asked), wanted.since_us, wanted.until_us)

    async def approve(self, asked: Asked) -> ReleaseView:
        self._admit(asked, "policy.read")
        wanted: ApprovalWanted = asked.body
        return self._view(
            await self._desk.approve(
                asked.by, _number(asked), content=wanted.hash, key=wanted.key, signature=wanted.signature
            )
        )

    async def publish(self, asked: Asked) -> ReleaseView:
        return self._view(await self._desk.publish(asked.by, _number(asked)))

    async def roll_back(self, asked: Asked) -> Answer:
        made = await self._desk.roll_back(asked.by, _number(asked), asked.body.reason)
        return Answer(value=self._view(made), location=f"/admin/v1/releases/{made.number}")

    async def withdraw(self, asked: Asked) -> ReleaseView:
        self._admit(asked, "policy.draft", "platform.operate")
        return self._view(await self._desk.withdraw(asked.by, _number(asked), asked.query.reason))

    def _admit(self, asked: Asked, *actions: Action) -> None:
        """INVARIANT: whoever sees or drafts what holds for every tenant may do so for every tenant."""
        principal = asked.principal
        tenants = self._tenants()
        for action in actions:
            if may_everywhere(principal, action, tenants):
                return
        named = " or ".join(f"`{action}`" for action in actions)
        raise NotPermitted(f"a release is of every tenant: this asks for {named} in each of them")

    def _view(self, release: Release) -> ReleaseView:
        approved = self._desk.releases.get(release.origin)
        proved, simulated, publication = release.proved, release.simulated, release.publication
        return ReleaseView(
            number=release.number,
            state=self._desk.releases.state(release),
            hash=release.hash,
            summary=release.summary,
            author=release.author,
            drafted_us=release.drafted_us,
            base=release.base,
            base_hash=release.base_hash,
            log=release.log,
            nonce=release.nonce,
            origin=release.origin,
            proved=None if proved is None else _same(proved, ProofView),
            simulated=None if simulated is None else _same(simulated, SimulationView),
            approvals=tuple(_same(approval, ApprovalView) for approval in approved.approvals),
            published_us=release.published_us,
            published_by=release.published_by,
            proof="" if publication is None else publication.proof,
            outcome="" if publication is None else publication.outcome,
            withdrawn=release.withdrawn,
        )


def _same(content: Struct, view: Any) -> Any:
    """The fields of an act that a view has too."""
    return view(**{field: getattr(content, field) for field in view.__struct_fields__})


def _number(asked: Asked) -> int:
    text = asked.path["release"]
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise NotFound(f"there is no release `{text[:20]}`")
    return int(text)
