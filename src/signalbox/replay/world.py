"""What a record was decided under, and what it is decided under now: both catalogues, the policy, verdicts.

One for each pair of releases that the records name; worked out once, used for every record of that pair.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.endpoint import Catalogue, CatalogueRelease
from signalbox.domain.money import Price
from signalbox.domain.plan import HealthSnapshot
from signalbox.domain.principal import Tenant
from signalbox.domain.standing import Standing, standings
from signalbox.domain.traits import Facts
from signalbox.domain.verdict import PolicyRelease, Verdict
from signalbox.policy import compile_policy
from signalbox.policy.registry import edges
from signalbox.replay.blind import unread
from signalbox.replay.contents import RecordedPolicy, laid_over
from signalbox.shortlist import Target, resolve

_OFTEN_UNREAD: Final = frozenset({"app", "feature"})
_VERDICTS_MAX: Final = 100_000
_TARGETS_MAX: Final = 10_000
_STANDINGS_MAX: Final = 256


class Draft(Struct, frozen=True, kw_only=True):
    """What would be in force instead; what is None or empty stays as each record had it.

    `policy` is a whole release, for `tenants`. `added` are texts laid over the release that holds, whichever
    it is. `catalogue` is a whole release; `prices` change those endpoints of the catalogue that holds.
    """

    policy: PolicyRelease | None = None
    tenants: tuple[Tenant, ...] = ()
    added: dict[str, str] = {}
    catalogue: CatalogueRelease | None = None
    prices: dict[str, Price] = {}

    @property
    def empty(self) -> bool:
        """Whether everything stays as it was."""
        return self.keeps_policy and self.catalogue is None and not self.prices

    @property
    def keeps_policy(self) -> bool:
        return self.policy is None and not self.added


class World:
    """`before` is the recorded catalogue, `after` the one that is decided by."""

    __slots__ = ("_blind", "_edges", "_standings", "_targets", "_verdicts", "after", "before", "policy")

    def __init__(self, recorded: RecordedPolicy, before: Catalogue, draft: Draft) -> None:
        """Raises `PolicyInvalid`."""
        release, tenants = recorded.release, recorded.tenants
        if draft.policy is not None:
            release, tenants = draft.policy, draft.tenants
        self.before = before
        self.after = _after(before, draft)
        release = laid_over(release, draft.added)
        self.policy = compile_policy(release, self.after, tenants)
        self._blind = unread(release, _OFTEN_UNREAD)
        self._edges = edges(self.after)
        self._verdicts: dict[tuple[object, ...], Verdict] = {}
        self._targets: dict[str, Target | None] = {}
        self._standings: dict[str, tuple[Standing, ...]] = {}

    def verdict(self, facts: Facts, clock_us: int) -> Verdict:
        """INVARIANT: kept by the interval between two lifecycle edges, in which a verdict holds: records do
        not come quite in order of time, so that an expiry alone would keep one for too early a moment."""
        if self._blind:
            facts = self._seen(facts)
        key = (facts, bisect_right(self._edges, clock_us))
        found = self._verdicts.get(key)
        if found is None:
            if len(self._verdicts) >= _VERDICTS_MAX:
                self._verdicts.clear()
            found = self._verdicts[key] = self.policy.verdict(facts, clock_us)
        return found

    def _seen(self, facts: Facts) -> Facts:
        """The same to every rule: a verdict costs milliseconds, and this saves most of them."""
        return Facts(
            facts.tenant,
            facts.groups,
            "" if "app" in self._blind else facts.app,
            "" if "feature" in self._blind else facts.feature,
            facts.sensitivity,
            facts.categories,
            facts.boundary,
        )

    def target(self, name: str) -> Target | None:
        """What the name means in the catalogue that is decided by; None if nothing."""
        if name not in self._targets:
            if len(self._targets) >= _TARGETS_MAX:
                self._targets.clear()
            self._targets[name] = resolve(name, self.after)
        return self._targets[name]

    def standings(self, digest: str, snapshot: HealthSnapshot) -> tuple[Standing, ...]:
        """How its endpoints stand at the snapshot of that hash; one it does not know, by its priors."""
        found = self._standings.get(digest)
        if found is None:
            if len(self._standings) >= _STANDINGS_MAX:
                del self._standings[next(iter(self._standings))]
            found = self._standings[digest] = standings(self.after, snapshot)
        return found


def _after(before: Catalogue, draft: Draft) -> Catalogue:
    release = before.release if draft.catalogue is None else draft.catalogue
    if draft.prices:
        release = _priced(release, draft.prices)
    return before if release is before.release else Catalogue(release)


def _priced(release: CatalogueRelease, prices: Mapping[str, Price]) -> CatalogueRelease:
    endpoints = tuple(
        replace(endpoint, price=prices.get(endpoint.id, endpoint.price)) for endpoint in release.endpoints
    )
    return replace(release, endpoints=endpoints)
