"""`GET /admin/v1/tenants/{tenant}/evidence`: a pack of the tenant's period.

INVARIANT: a pack holds the releases that were in force, which are every tenant's, and the platform's acts:
it is for whoever may read the log and the policy of each tenant there is.
"""

from collections.abc import Callable, Collection
from typing import Annotated, Protocol

from msgspec import Meta, Struct, field

from signalbox.domain.errors import NotPermitted
from signalbox.domain.roles import Action, may_everywhere
from signalbox.edge.admin.operation import Asked, Operation

_ACTIONS: tuple[Action, ...] = ("log.read", "policy.read")
_WHEN = "such as `30d` (ago), `2026-11-01` or `2026-11-01T08:00`, UTC"


class Packing(Protocol):
    async def pack(self, tenant: str, begin: str, end: str) -> bytes:
        """The pack's bytes. Raises `NoPack`, which says why there is none."""


class Period(Struct, frozen=True, forbid_unknown_fields=True):
    """`from` is in, `to` is not."""

    begin: Annotated[str, Meta(min_length=2, max_length=40, description=_WHEN)] = field(name="from")
    end: Annotated[str, Meta(max_length=40, description=f"{_WHEN}; else now")] = field(name="to", default="")


def operations(packing: Packing, tenants: Callable[[], Collection[str]]) -> tuple[Operation, ...]:
    async def pack(asked: Asked) -> bytes:
        for action in _ACTIONS:
            if not may_everywhere(asked.principal, action, tenants()):
                raise NotPermitted(
                    f"a pack holds the rules of every tenant: this asks for `{action}` in each of them"
                )
        period: Period = asked.query
        return await packing.pack(asked.tenant, period.begin, period.end)

    return (
        Operation(
            method="GET",
            path="/tenants/{tenant}/evidence",
            summary="An evidence pack: what was decided and sent in a period, verifiable elsewhere",
            handler=pack,
            action="log.read",
            answer=bytes,
            query=Period,
            media="application/zip",
            also={409: "there is nothing to show, or another pack is being made"},
        ),
    )
