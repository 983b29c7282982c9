"""`GET /admin/v1/principals/self`: who the caller is here, and what its roles allow."""

from msgspec import Struct

from signalbox.domain.principal import Principal
from signalbox.domain.roles import ACTIONS, PLATFORM, may
from signalbox.edge.admin.operation import Asked, Operation


class PrincipalView(Struct, frozen=True, kw_only=True):
    """`may_at_home` in its own tenant, `may_everywhere` on the platform and in every tenant."""

    tenant: str
    key: str
    subject: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    app: str
    feature: str
    may_assert: tuple[str, ...]
    may_at_home: tuple[str, ...]
    may_everywhere: tuple[str, ...]


def view(principal: Principal) -> PrincipalView:
    home = principal.tenant.id
    return PrincipalView(
        tenant=home,
        key=principal.key,
        subject=principal.subject,
        groups=principal.groups,
        roles=principal.roles or ("user",),
        app=principal.app,
        feature=principal.feature,
        may_assert=tuple(sorted(principal.may_assert)),
        may_at_home=tuple(action for action in ACTIONS if may(principal, action, home)),
        may_everywhere=tuple(action for action in ACTIONS if may(principal, action, PLATFORM)),
    )


def operations() -> tuple[Operation, ...]:
    async def self_(asked: Asked) -> PrincipalView:
        return view(asked.principal)

    return (
        Operation(
            method="GET",
            path="/principals/self",
            summary="Who I am here, and what I may do",
            handler=self_,
            answer=PrincipalView,
            reach="self",
        ),
    )
