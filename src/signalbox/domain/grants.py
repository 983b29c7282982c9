"""Break-glass in values: what a grant may supply, and to whom.

A grant supplies a missing permit, for a while, where two people have said so. What it never does is decided
by `signalbox.policy.granted`; who may give one, and what is owed for it, by `signalbox.governance`.
"""

from typing import Final

from msgspec import Struct

from signalbox.domain.endpoint import Endpoint
from signalbox.domain.traits import Sensitivity

KINDS: Final = ("endpoint", "model", "vendor", "cloud")
"""What a grant may name: facts of which an endpoint has exactly one. A place is none of them."""

RULE: Final = "break-glass:"
"""Begins the name under which a grant stands among the rules that decided. No rule's id holds a colon."""


class GrantTerms(Struct, frozen=True, kw_only=True):
    """What a grant supplies: to requests of `tenant` up to `sensitivity_max`, the endpoints that one of the
    selectors names, until `until_us` (wall clock). It names no user, so that the log may keep it."""

    id: str
    tenant: str
    endpoints: tuple[str, ...]
    sensitivity_max: Sensitivity
    until_us: int

    @property
    def rule(self) -> str:
        return RULE + self.id


class Grant(Struct, frozen=True, kw_only=True):
    """Terms, and for whom they are: requests made for one of the users, with one of the keys, or by a member
    of one of the groups."""

    terms: GrantTerms
    users: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def covers(self, *, user: str, key: str, groups: tuple[str, ...], sensitivity: Sensitivity) -> bool:
        """Whether a request of the tenant is one of those that it is for. `user` is whom it is made for."""
        if sensitivity > self.terms.sensitivity_max:
            return False
        return user in self.users or key in self.keys or any(group in self.groups for group in groups)


def selected(terms: GrantTerms, endpoint: Endpoint) -> bool:
    """Whether the endpoint is one that the grant is about."""
    named = terms.endpoints
    return (
        f"endpoint:{endpoint.id}" in named
        or f"model:{endpoint.model}" in named
        or f"vendor:{endpoint.vendor}" in named
        or f"cloud:{endpoint.cloud}" in named
    )


def grant_of(reasons: tuple[str, ...]) -> str:
    """The grant that alone permits what was permitted for these reasons, or nothing."""
    return reasons[0].removeprefix(RULE) if len(reasons) == 1 and reasons[0].startswith(RULE) else ""
