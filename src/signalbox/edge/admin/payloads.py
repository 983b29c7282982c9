"""Kept content, legal holds and erasures: `/admin/v1/tenants/{tenant}/holds`, `…/erasures`, `…/payloads`.

Whoever is shown content leaves an act first that says who, what and why. Users are named to these doors by
their names, and to the history by their pseudonyms.
"""

from collections.abc import Set
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta, Struct

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.traits import SENSITIVITY_LABELS
from signalbox.edge.admin.acting import Acting
from signalbox.edge.admin.operation import Answer, Asked, Operation, Page, Paging
from signalbox.governance import holds as rules
from signalbox.governance.holds import Erasure, Hold, Holds
from signalbox.keeping.chest import Content, Verified
from signalbox.keeping.eraser import Erased

Reason = Annotated[str, Meta(min_length=1, max_length=1_000)]
User = Annotated[str, Meta(min_length=1, max_length=256)]


class Eraser(Protocol):
    """`keeping.eraser.Eraser`."""

    def subject_of(self, tenant: str, user: str) -> str: ...

    async def erase(self, tenant: str, user: str, *, by: str, reason: str) -> Erased: ...


class Chest(Protocol):
    """`keeping.chest.Chest`."""

    async def has(self, tenant: str, decision: str) -> object: ...

    async def open(self, tenant: str, decision: str) -> Content: ...

    async def verify(self, tenant: str, destroyed: Set[str]) -> Verified: ...


class DataKeys(Protocol):
    """`keeping.data_keys.DataKeys`."""

    async def rotate(self, tenant: str) -> int: ...


class HoldWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a user all of the tenant's content is held."""

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    user: Annotated[str, Meta(max_length=256)] = ""
    reason: Reason


class WithReason(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Reason


class ErasureWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user: User
    reason: Reason


class HoldView(Struct, frozen=True, kw_only=True):
    """`subject` is a pseudonym, empty where all of the tenant's content is held."""

    name: str
    subject: str
    reason: str
    placed_by: str
    placed_us: int


class ErasureView(Struct, frozen=True, kw_only=True):
    """One that is under way; `order` is the number of the act that ordered it."""

    order: int
    subject: str
    ordered_us: int


class ContentView(Struct, frozen=True, kw_only=True):
    """`prompt` and `reply` in no vendor's dialect; the reply is null where there was none."""

    decision: str
    time_us: int
    until_us: int
    sensitivity: str
    prompt: Any
    reply: Any


class FlawView(Struct, frozen=True):
    decision: str
    words: str


class VerifiedView(Struct, frozen=True, kw_only=True):
    """`kept` payloads were held against `logged` records; `gone` of those are deleted."""

    kept: int
    logged: int
    gone: int
    flaws: list[FlawView]


class RotatedView(Struct, frozen=True):
    """How many keys of subjects are wrapped anew."""

    rewrapped: int


class PayloadDoors:
    def __init__(self, holds: Holds, eraser: Eraser, chest: Chest, keys: DataKeys, board: Acting) -> None:
        self._holds = holds
        self._eraser = eraser
        self._chest = chest
        self._keys = keys
        self._board = board

    async def holds(self, asked: Asked) -> Page[HoldView]:
        return asked.page(map(_hold, self._holds.of_tenant(asked.tenant)), key=lambda hold: hold.name)

    async def place(self, asked: Asked) -> Answer:
        wanted: HoldWanted = asked.body
        tenant = asked.tenant
        subject = self._eraser.subject_of(tenant, _user(wanted.user)) if wanted.user else ""
        await self._board.act(
            asked.by, lambda: [rules.place(self._holds, tenant, wanted.name, subject, wanted.reason)]
        )
        name = wanted.name.strip()
        hold = next(hold for hold in self._holds.of_tenant(tenant) if hold.name == name)
        return Answer(value=_hold(hold))

    async def lift(self, asked: Asked) -> WithReason:
        name, reason = asked.path["hold"], asked.body.reason
        await self._board.act(asked.by, lambda: [rules.lift(self._holds, asked.tenant, name, reason)])
        return WithReason(reason)

    async def erasures(self, asked: Asked) -> Page[ErasureView]:
        mine = [erasure for erasure in self._holds.under_way.values() if erasure.tenant == asked.tenant]
        return asked.page(map(_erasure, mine), key=lambda erasure: erasure.order)

    async def erase(self, asked: Asked) -> Erased:
        wanted: ErasureWanted = asked.body
        return await self._eraser.erase(asked.tenant, _user(wanted.user), by=asked.by, reason=wanted.reason)

    async def read(self, asked: Asked) -> ContentView:
        tenant, decision, reason = asked.tenant, asked.path["decision"], asked.body.reason
        await self._chest.has(tenant, decision)
        # INVARIANT: nothing is opened before the act that says who opened it is durable.
        await self._board.act(asked.by, lambda: [rules.reading(tenant, decision, reason)])
        content = await self._chest.open(tenant, decision)
        return ContentView(
            decision=content.decision,
            time_us=content.time_us,
            until_us=content.until_us,
            sensitivity=SENSITIVITY_LABELS[content.sensitivity],
            prompt=msgspec.json.decode(content.prompt),
            reply=msgspec.json.decode(content.reply),
        )

    async def verify(self, asked: Asked) -> VerifiedView:
        found = await self._chest.verify(asked.tenant, self._holds.destroyed(asked.tenant))
        return VerifiedView(
            kept=found.kept,
            logged=found.logged,
            gone=found.gone,
            flaws=[FlawView(flaw.decision, flaw.words) for flaw in found.flaws],
        )

    async def rotate(self, asked: Asked) -> RotatedView:
        return RotatedView(await self._keys.rotate(asked.tenant))


def operations(doors: PayloadDoors) -> tuple[Operation, ...]:
    tenant = "/tenants/{tenant}"
    return (
        Operation(
            method="GET",
            path=f"{tenant}/holds",
            summary="Legal holds in force",
            handler=doors.holds,
            action="log.read",
            answer=Page[HoldView],
            query=Paging,
        ),
        Operation(
            method="POST",
            path=f"{tenant}/holds",
            summary="Place a legal hold on a user's content, or on all of the tenant's",
            handler=doors.place,
            action="content.erase",
            answer=HoldView,
            body=HoldWanted,
            status=201,
            also={409: "the name is taken, or the user is being erased"},
        ),
        Operation(
            method="POST",
            path=f"{tenant}/holds/{{hold}}/lift",
            summary="Lift a legal hold",
            handler=doors.lift,
            action="content.erase",
            answer=WithReason,
            body=WithReason,
        ),
        Operation(
            method="GET",
            path=f"{tenant}/erasures",
            summary="Erasures that are under way",
            handler=doors.erasures,
            action="log.read",
            answer=Page[ErasureView],
            query=Paging,
        ),
        Operation(
            method="POST",
            path=f"{tenant}/erasures",
            summary="Erase a user: the key to their content, the content, and their records' bodies",
            handler=doors.erase,
            action="content.erase",
            answer=Erased,
            body=ErasureWanted,
            also={409: "a legal hold forbids it"},
        ),
        Operation(
            method="POST",
            path=f"{tenant}/payloads/verify",
            summary="Hold all kept content against the log",
            handler=doors.verify,
            action="log.read",
            answer=VerifiedView,
        ),
        Operation(
            method="POST",
            path=f"{tenant}/payloads/rotate",
            summary="Wrap the keys of all subjects anew, under another key of the tenant where it is ours",
            handler=doors.rotate,
            action="content.erase",
            answer=RotatedView,
        ),
        Operation(
            method="POST",
            path=f"{tenant}/payloads/{{decision}}/read",
            summary="Read what was said in one decision; the reading itself is an act",
            handler=doors.read,
            action="content.open",
            answer=ContentView,
            body=WithReason,
            also={500: "what is kept was changed since it was stored"},
        ),
    )


def _user(written: str) -> str:
    """As `identify.believed` takes it from requests: a hold on another spelling would hold nothing."""
    user = written.strip()
    if not user or not user.isprintable():
        raise MalformedRequest(
            "name the user as requests name them: printable characters, 256 at most", param="user"
        )
    return user


def _hold(hold: Hold) -> HoldView:
    return HoldView(
        name=hold.name,
        subject=hold.subject,
        reason=hold.reason,
        placed_by=hold.by,
        placed_us=hold.since_us,
    )


def _erasure(erasure: Erasure) -> ErasureView:
    return ErasureView(order=erasure.order, subject=erasure.subject, ordered_us=erasure.time_us)
