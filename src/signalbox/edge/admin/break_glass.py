"""`/admin/v1/break-glass`: ask for a grant, grant it, end it, review it; and what is owed.

What a grant can and cannot do is said by `signalbox.policy.granted`, the rules of four eyes by
`signalbox.governance.break_glass`. Here it is who may knock.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from signalbox.domain.acts import Proposal
from signalbox.domain.traits import SENSITIVITY_LABELS
from signalbox.edge.admin.acting import Acting
from signalbox.edge.admin.operation import Answer, Asked, Operation, Page, Paging
from signalbox.governance import break_glass as glass
from signalbox.ports.clock import Clock

Label = Literal["public", "general", "confidential", "highly-confidential"]
_Names = Annotated[list[str], Meta(max_length=64)]


class BreakGlassView(Struct, frozen=True, kw_only=True):
    """`standing`: asked, lapsed, withdrawn, active, owed (over, to be reviewed) or reviewed. Moments are
    microseconds since the epoch, 0 where it has not come to that."""

    id: str
    standing: str
    users: tuple[str, ...]
    keys: tuple[str, ...]
    groups: tuple[str, ...]
    endpoints: tuple[str, ...]
    sensitivity_max: str
    minutes: int
    reason: str
    asked_by: str
    asked_us: int
    granted_by: str
    granted_us: int
    until_us: int
    ended_by: str
    ended_us: int
    ended_for: str
    reviewed_by: str
    reviewed_us: int
    findings: str


class BreakGlassWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`endpoints` are selectors: `endpoint:NAME`, `model:`, `vendor:` or `cloud:`."""

    reason: Annotated[str, Meta(min_length=1, max_length=1_000)]
    endpoints: Annotated[list[str], Meta(min_length=1, max_length=64)]
    sensitivity_max: Label
    minutes: Annotated[int, Meta(ge=1, le=glass.MINUTES_MAX)]
    users: _Names = []
    keys: _Names = []
    groups: _Names = []


class EndWanted(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=1_000)]


class ReviewWanted(Struct, frozen=True, forbid_unknown_fields=True):
    findings: Annotated[str, Meta(min_length=1, max_length=4_000)]


def operations(state: glass.BreakGlass, board: Acting, clock: Clock) -> tuple[Operation, ...]:
    async def listed(asked: Asked) -> Page[BreakGlassView]:
        now_us = clock.now_us()
        views = [_view(case, now_us) for case in state.cases(asked.tenant)]
        return asked.page(views, key=lambda view: -int(view.id.removeprefix("bg-")))

    async def shown(asked: Asked) -> BreakGlassView:
        return _view(state.case(asked.tenant, asked.path["grant"]), clock.now_us())

    async def ask(asked: Asked) -> Answer:
        wanted: BreakGlassWanted = asked.body
        content = glass.Asked(
            endpoints=tuple(wanted.endpoints),
            groups=tuple(wanted.groups),
            keys=tuple(wanted.keys),
            minutes=wanted.minutes,
            reason=wanted.reason,
            sensitivity_max=SENSITIVITY_LABELS.index(wanted.sensitivity_max),
            users=tuple(wanted.users),
        )
        acts = await board.act(asked.by, lambda: [glass.ask(asked.tenant, content)])
        view = _view(state.case(asked.tenant, f"bg-{acts[0].number}"), clock.now_us())
        return Answer(value=view, location=f"/admin/v1/break-glass/{view.id}")

    async def done(asked: Asked, proposal: "_Step") -> BreakGlassView:
        ident = asked.path["grant"]

        def propose() -> Sequence[Proposal]:
            return [proposal(asked, ident, clock.now_us())]

        await board.act(asked.by, propose)
        return _view(state.case(asked.tenant, ident), clock.now_us())

    async def grant(asked: Asked) -> BreakGlassView:
        return await done(asked, lambda a, i, now_us: glass.grant(state, a.tenant, i, a.by, now_us))

    async def end(asked: Asked) -> BreakGlassView:
        return await done(asked, lambda a, i, now_us: glass.end(state, a.tenant, i, a.body.reason, now_us))

    async def review(asked: Asked) -> BreakGlassView:
        return await done(
            asked, lambda a, i, now_us: glass.review(state, a.tenant, i, a.body.findings, a.by, now_us)
        )

    one = "/break-glass/{grant}"
    return (
        Operation(
            method="GET",
            path="/break-glass",
            summary="Break-glass grants, the latest first, with what is owed",
            handler=listed,
            action="policy.read",
            answer=Page[BreakGlassView],
            query=Paging,
        ),
        Operation(
            method="POST",
            path="/break-glass",
            summary="Ask for a break-glass grant",
            handler=ask,
            action="break-glass.ask",
            answer=BreakGlassView,
            body=BreakGlassWanted,
            status=201,
        ),
        Operation(
            method="GET",
            path=one,
            summary="One break-glass grant",
            handler=shown,
            action="policy.read",
            answer=BreakGlassView,
        ),
        Operation(
            method="POST",
            path=f"{one}/grant",
            summary="Grant what another person asked for",
            handler=grant,
            action="break-glass.grant",
            answer=BreakGlassView,
        ),
        Operation(
            method="POST",
            path=f"{one}/end",
            summary="End a grant before its time, or withdraw what was asked for",
            handler=end,
            action="break-glass.ask",
            answer=BreakGlassView,
            body=EndWanted,
        ),
        Operation(
            method="POST",
            path=f"{one}/review",
            summary="Say, as a third person, what a grant that is over was used for",
            handler=review,
            action="break-glass.grant",
            answer=BreakGlassView,
            body=ReviewWanted,
        ),
    )


class _Step(Protocol):
    def __call__(self, asked: Asked, ident: str, now_us: int, /) -> Proposal: ...


def _view(case: glass.Case, now_us: int) -> BreakGlassView:
    asked = case.asked
    return BreakGlassView(
        id=case.id,
        standing=case.standing(now_us),
        users=asked.users,
        keys=asked.keys,
        groups=asked.groups,
        endpoints=asked.endpoints,
        sensitivity_max=SENSITIVITY_LABELS[asked.sensitivity_max],
        minutes=asked.minutes,
        reason=asked.reason,
        asked_by=case.asked_by,
        asked_us=case.asked_us,
        granted_by=case.granted_by,
        granted_us=case.granted_us,
        until_us=case.until_us,
        ended_by=case.ended_by,
        ended_us=case.ended_us,
        ended_for=case.ended_for,
        reviewed_by=case.reviewed_by,
        reviewed_us=case.reviewed_us,
        findings=case.findings,
    )
