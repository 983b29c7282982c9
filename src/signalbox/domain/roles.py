"""What each role may do: one table, and the function that reads it. Pure.

It deliberately says nothing of which model may be asked: that is policy's.
"""

from collections.abc import Collection
from typing import Final, Literal

from signalbox.domain.principal import Principal

Action = Literal[
    "ask",  # a model
    "platform.read",  # metrics, endpoints, the kill switch's state
    "platform.operate",  # reload, lift a quarantine, stop and restore
    "tenant.read",
    "tenant.manage",
    "policy.read",
    "policy.draft",
    "policy.approve",
    "log.read",
    "spend.read",
    "break-glass.ask",  # and end
    "break-glass.grant",  # and review
    "content.open",  # what was said, where a tenant has it kept
    "content.erase",  # and hold
]
ACTIONS: Final[tuple[Action, ...]] = (
    "ask", "platform.read", "platform.operate", "tenant.read", "tenant.manage",
    "policy.read", "policy.draft", "policy.approve", "log.read", "spend.read",
    "break-glass.ask", "break-glass.grant", "content.open", "content.erase",
)  # fmt: skip

PLATFORM: Final = ""
"""In the place of a tenant: what is of no tenant alone."""

_GLASS: Final = frozenset[Action](("break-glass.ask", "break-glass.grant"))
_READS: Final = frozenset[Action](("platform.read", "tenant.read", "policy.read", "log.read", "spend.read"))

EVERYWHERE: Final[dict[str, frozenset[Action]]] = {
    "operator": frozenset(("platform.read", "platform.operate")),
    "platform-admin": _READS | _GLASS | {"platform.operate", "tenant.manage", "content.erase"},
    "auditor": _READS,
    "release-author": frozenset(("policy.read", "policy.draft")),
}
"""Roles that reach the platform and every tenant. None of them asks a model."""

AT_HOME: Final[dict[str, frozenset[Action]]] = {
    "tenant-admin": _GLASS
    | {"tenant.read", "tenant.manage", "policy.read", "log.read", "spend.read", "content.erase"},
    "content-reader": frozenset(("content.open",)),
    "policy-author": frozenset(("policy.read", "policy.draft", "break-glass.ask")),
    "approver": _GLASS | {"policy.read", "policy.approve"},
    "finance": frozenset(("spend.read",)),
    "user": frozenset(("ask",)),
}
"""Roles that reach the principal's own tenant."""

ROLES: Final = (*EVERYWHERE, *AT_HOME)
_NOTHING: Final[frozenset[Action]] = frozenset()


def may(principal: Principal, action: Action, tenant: str) -> bool:
    """Whether one of its roles allows `action` on what is `tenant`'s (an id, or `PLATFORM`).

    Roles add up. A principal without any is a `user`. A name that is no role here allows nothing.
    """
    at_home = tenant == principal.tenant.id
    for role in principal.roles or ("user",):
        if action in EVERYWHERE.get(role, _NOTHING) or (at_home and action in AT_HOME.get(role, _NOTHING)):
            return True
    return False


def may_everywhere(principal: Principal, action: Action, tenants: Collection[str]) -> bool:
    """Whether `action` is allowed on what is of every one of `tenants`, which are all that there are: their
    common rules, say. In a house of one tenant its own roles reach that far; in one of none, nobody's.
    """
    return may(principal, action, PLATFORM) or (
        bool(tenants) and all(may(principal, action, tenant) for tenant in tenants)
    )
