"""The names of things in the Cedar model: one place for what schema, rules and code must agree on."""

from typing import Final

Uid = tuple[str, str]
"""A Cedar entity: type and id."""

TENANT: Final = "Signalbox::Tenant"
GROUP: Final = "Signalbox::Group"
CALLER: Final = "Signalbox::Caller"
VENDOR: Final = "Signalbox::Vendor"
MODEL: Final = "Signalbox::Model"
ENDPOINT: Final = "Signalbox::Endpoint"
INFER: Final = {"type": "Signalbox::Action", "id": "infer"}
WHO: Final = {"type": CALLER, "id": "caller"}
"""There is one caller at a time, and rules never name it."""


def group_id(tenant: str, group: str) -> str:
    """INVARIANT: tenant ids hold no `/` (checked when compiled), so no two tenants share a group id."""
    return f"{tenant}/{group}"


def principals(tenant: str, groups: tuple[str, ...]) -> frozenset[Uid]:
    """What a caller is in: all that `principal in …` can be true of."""
    return frozenset([(TENANT, tenant), *((GROUP, group_id(tenant, group)) for group in groups)])
