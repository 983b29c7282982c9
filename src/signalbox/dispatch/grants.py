"""The break-glass grants that a process honours: whom they cover, and whether they still stand.

A grant is over at its time by the wall clock and by the monotonic one, so that a clock that is set back
prolongs none. Where the history of acts has not been readable for longer than a lease, none stands: it may
have been ended. What a grant supplies is `policy.granted`'s; while there is none, nothing here is called.
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from signalbox.domain.canonical import canonical, content_hash
from signalbox.domain.grants import Grant, GrantTerms
from signalbox.domain.principal import Principal
from signalbox.domain.traits import Sensitivity

LEASE_US: Final = 5_000_000
"""For how long after it was last heard of a grant is taken to stand."""


def always(_monotonic_us: int) -> bool:
    """For a process in which the history cannot become unreadable."""
    return True


class PinnedTerms(Struct, frozen=True):
    """Terms with their name in the log. `over_us` is monotonic."""

    terms: GrantTerms
    digest: str
    content: bytes
    over_us: int


class GrantsInForce:
    """At most one for each tenant: `in_force` has them by tenant, and is what every request looks at. `heard`
    answers, at a monotonic moment, whether what is known here may be relied on. Used from one thread."""

    __slots__ = ("_heard", "_pinned", "in_force")

    def __init__(self, heard: Callable[[int], bool] = always) -> None:
        self._heard = heard
        self.in_force: dict[str, Grant] = {}
        self._pinned: dict[str, PinnedTerms] = {}

    def __len__(self) -> int:
        return len(self.in_force)

    def obey(self, grants: Iterable[Grant], now_us: int, monotonic_us: int) -> bool:
        """These are in force from here on, and no others; whether that changes anything."""
        standing = {grant.terms.tenant: grant for grant in grants if grant.terms.until_us > now_us}
        if standing == self.in_force:
            return False
        self.in_force = standing
        self._pinned = {
            grant.terms.id: self._pinned.get(grant.terms.id)
            or PinnedTerms(
                grant.terms,
                content_hash(grant.terms),
                canonical(grant.terms),
                monotonic_us + grant.terms.until_us - now_us,
            )
            for grant in standing.values()
        }
        return True

    def heard_by(self, heard: Callable[[int], bool]) -> None:
        """Rely on what is known only as long as `heard` says so."""
        self._heard = heard

    def covering(
        self, principal: Principal, user: str, sensitivity: Sensitivity, now_us: int, monotonic_us: int
    ) -> PinnedTerms | None:
        """The grant that covers a request made for `user`, if one does. `now_us` is wall clock."""
        tenant = principal.tenant.id
        grant = self.in_force.get(tenant)
        if grant is None:
            return None
        if now_us >= grant.terms.until_us:
            del self.in_force[tenant]  # so that it costs nothing from here on
            return None
        if not grant.covers(user=user, key=principal.key, groups=principal.groups, sensitivity=sensitivity):
            return None
        ident = grant.terms.id
        return self._pinned[ident] if self.standing(ident, now_us, monotonic_us) else None

    def standing(self, ident: str, now_us: int, monotonic_us: int) -> GrantTerms | None:
        """Its terms, if it is still in force."""
        pinned = self._pinned.get(ident)
        if pinned is None or now_us >= pinned.terms.until_us or monotonic_us >= pinned.over_us:
            return None
        return pinned.terms if self._heard(monotonic_us) else None
