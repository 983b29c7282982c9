"""A decision together with everything it was made from."""

import hashlib
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from signalbox.decide import Inputs
from signalbox.dispatch.grants import PinnedTerms
from signalbox.dispatch.health import Cut
from signalbox.dispatch.interlock import Release
from signalbox.domain.canonical import canonical
from signalbox.domain.plan import Dropped, Objective, Plan, Ranking
from signalbox.domain.principal import Principal
from signalbox.domain.request import Request
from signalbox.domain.traits import Facts, Traits
from signalbox.domain.verdict import Verdict
from signalbox.normalise.structured import SlowCheck
from signalbox.shortlist import Target

DEFAULT_OBJECTIVE: Final = "balanced"


class PinnedRanking:
    """A `Ranking` with its name in the log."""

    __slots__ = ("content", "digest", "objective", "ranking")

    def __init__(self, ranking: Ranking) -> None:
        self.ranking = ranking
        self.objective = ranking.objective
        self.content = canonical(ranking)
        self.digest = hashlib.sha256(self.content).hexdigest()


class Objectives:
    """Which objective holds: what `auto:NAME` asked for, else the feature's, else the tenant's, else
    balanced. `by_feature` is keyed by tenant, then `app.feature`."""

    def __init__(
        self,
        named: Mapping[str, Objective],
        by_tenant: Mapping[str, str],
        by_feature: Mapping[str, Mapping[str, str]],
        *,
        attempts_max: int,
    ) -> None:
        self._named = {
            name: PinnedRanking(Ranking(objective, attempts_max)) for name, objective in named.items()
        }
        self._by_tenant = by_tenant
        self._by_feature = {tenant: features for tenant, features in by_feature.items() if features}

    def of(self, target: Target, facts: Facts) -> PinnedRanking:
        name, tenant = target.objective, facts.tenant
        if not name and tenant in self._by_feature:
            name = self._by_feature[tenant].get(f"{facts.app}.{facts.feature}", "")
        return self._named[name or self._by_tenant.get(tenant, DEFAULT_OBJECTIVE)]


class Weighed(Struct, frozen=True):
    """All that a plan, or its absence, follows from. `granted`: the break-glass grant that the verdict was
    given under."""

    inputs: Inputs
    cut: Cut
    ranking: PinnedRanking
    granted: PinnedTerms | None = None


class Decided(Struct, frozen=True):
    """`clock_us` is wall clock; `marks_us` monotonic: when the request came in, and when classify, policy
    and rank were done with it. `seed` breaks ties and draws jitter. `subject` is the user that the key
    speaks for, or the key's own. `check` is what replies must pass, where the request says so;
    `judged`: what it says of an answer counts for the endpoint's quality. `granted` is the break-glass grant
    that covers the caller, if one does."""

    id: str
    operation: str
    principal: Principal
    subject: str
    request: Request
    release: Release
    traits: Traits
    facts: Facts
    verdict: Verdict
    cut: Cut
    ranking: PinnedRanking
    plan: Plan
    dropped: tuple[Dropped, ...]
    clock_us: int
    seed: int
    check: SlowCheck | None
    marks_us: tuple[int, int, int, int]
    granted: PinnedTerms | None = None
    judged: bool = False
