"""`/admin/v1/tenants`: what the settings and the releases in force say of each tenant. Read only."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from signalbox.domain.roles import may
from signalbox.edge.admin.operation import Asked, Operation, Page, Paging


class TenantView(Struct, frozen=True, kw_only=True):
    """`groups`: those that the settings know, in keys and in what claims of tokens mean; policies may name
    others. `issuers` are those whose tokens may be of this tenant; `policy` and `catalogue` the releases that
    decide its requests now."""

    id: str
    name: str
    default_label: str
    default_boundary: str
    durable_from: str
    serve_without_log: bool
    home_cloud: str
    groups: tuple[str, ...]
    issuers: tuple[str, ...]
    policy: str
    catalogue: str


class Tenancies(Protocol):
    def ids(self) -> Sequence[str]:
        """Every tenant there is now."""

    def tenant(self, ident: str) -> TenantView: ...


def operations(tenancies: Tenancies) -> tuple[Operation, ...]:
    async def listed(asked: Asked) -> Page[TenantView]:
        mine = [ident for ident in tenancies.ids() if may(asked.principal, "tenant.read", ident)]
        return asked.page(map(tenancies.tenant, mine), key=lambda tenant: tenant.id)

    async def read(asked: Asked) -> TenantView:
        return tenancies.tenant(asked.tenant)

    return (
        Operation(
            method="GET",
            path="/tenants",
            summary="Tenants that the caller may read of",
            handler=listed,
            answer=Page[TenantView],
            action="tenant.read",
            query=Paging,
        ),
        Operation(
            method="GET",
            path="/tenants/{tenant}",
            summary="One tenant",
            handler=read,
            answer=TenantView,
            action="tenant.read",
        ),
    )
