"""`GET /admin/v1/tenants/{tenant}/evidence`: a pack of the tenant's period, for whoever may read its log."""

from typing import Annotated, Protocol

from msgspec import Meta, Struct, field

from signalbox.edge.admin.operation import Asked, Operation

_WHEN = "such as `30d` (ago), `2026-11-01` or `2026-11-01T08:00`, UTC"


class Packing(Protocol):
    async def pack(self, tenant: str, begin: str, end: str) -> bytes:
        """The pack's bytes. Raises `NoPack`, which says why there is none."""


class Period(Struct, frozen=True, forbid_unknown_fields=True):
    """`from` is in, `to` is not."""

    begin: Annotated[str, Meta(min_length=2, max_length=40, description=_WHEN)] = field(name="from")
    end: Annotated[str, Meta(max_length=40, description=f"{_WHEN}; else now")] = field(name="to", default="")


def operations(packing: Packing) -> tuple[Operation, ...]:
    async def pack(asked: Asked) -> bytes:
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
