"""A decision together with everything it was made from."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from signalbox.dispatch.health import Cut
from signalbox.dispatch.interlock import Release
from signalbox.domain.plan import Dropped, Objective, Plan
from signalbox.domain.principal import Principal
from signalbox.domain.request import Request
from signalbox.domain.traits import Facts, Traits
from signalbox.domain.verdict import Verdict
from signalbox.shortlist import Target

DEFAULT_OBJECTIVE: Final = "balanced"


class Objectives(Struct, frozen=True):
    """Which objective holds: what `auto:NAME` asked for, else the feature's, else the tenant's, else
    balanced. `by_feature` is keyed by tenant, then `app.feature`."""

    named: Mapping[str, Objective]
    by_tenant: Mapping[str, str]
    by_feature: Mapping[str, Mapping[str, str]]

    def of(self, target: Target, facts: Facts) -> Objective:
        name = target.objective
        if not name:
            features = self.by_feature.get(facts.tenant)
            name = features.get(f"{facts.app}.{facts.feature}", "") if features else ""
        return self.named[name or self.by_tenant.get(facts.tenant, DEFAULT_OBJECTIVE)]


class Decided(Struct, frozen=True, kw_only=True):
    """`clock_us` is wall clock; `marks_us` monotonic: when the request came in, and when classify, policy
    and rank were done with it. `seed` breaks ties and draws jitter."""

    id: str
    operation: str
    principal: Principal
    request: Request
    release: Release
    traits: Traits
    facts: Facts
    verdict: Verdict
    cut: Cut
    objective: Objective
    plan: Plan
    dropped: tuple[Dropped, ...]
    clock_us: int
    seed: int
    marks_us: tuple[int, int, int, int]
