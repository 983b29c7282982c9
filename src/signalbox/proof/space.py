"""All requests of one tenant, as facts whose values are finitely many.

Rules tell strings apart only by equality and membership. So beside the strings that are named anywhere,
a few that nobody names stand for all the others: one for `app`, one for `feature`, and one for each way
of being in `groups`, in `categories` or in both. A proof over these is a proof over all strings.

A request's boundary is the tenant's own or lies within it: `signalbox.identify` refuses a wider one.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.proof.logic import FALSE, Formula, Logic, Value

APP: Final = "app"
FEATURE: Final = "feature"
SENSITIVITY: Final = "sensitivity"
BOUNDARY: Final = "boundary"
GROUPS: Final = "groups"
CATEGORIES: Final = "categories"
_UNNAMED: Final = (
    "any-other-app", "any-other-feature", "any-other-group", "any-other-category", "any-other-string",
)  # fmt: skip


class Found(Struct, frozen=True):
    """A solver's model: what a scalar fact is, and what a set fact holds; what is absent does not matter."""

    scalars: Mapping[str, Value]
    members: Mapping[str, frozenset[str]]


def reachable(tenant: Tenant, boundaries: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """The boundaries that the tenant's requests can have, with their places."""
    own = boundaries.get(tenant.default_boundary, ())
    return {
        name: frozenset(places)
        for name, places in sorted(boundaries.items())
        if name == tenant.default_boundary or set(places) <= set(own)
    }


class Space:
    """The requests of `tenant`. `strings` are all that rules and invariants may compare a fact with."""

    def __init__(
        self,
        logic: Logic,
        tenant: Tenant,
        boundaries: Mapping[str, tuple[str, ...]],
        strings: Iterable[str],
    ) -> None:
        self.logic = logic
        self.tenant = tenant
        self.boundaries = reachable(tenant, boundaries)
        named = set(strings)
        self.unnamed = tuple(_unlike(name, named) for name in _UNNAMED)
        self.strings = (*sorted(named), *self.unnamed)
        self.domains: dict[str, tuple[Value, ...]] = {
            APP: self.strings,
            FEATURE: self.strings,
            SENSITIVITY: tuple(int(level) for level in Sensitivity),
            BOUNDARY: tuple(self.boundaries),
        }
        """Every scalar fact with its values, at least one each."""
        self._known = named.union(self.unnamed)

    def is_(self, fact: str, value: Value) -> Formula:
        """FALSE where no request of this space has that value."""
        return self.logic.is_(fact, value) if value in self._values(fact) else FALSE

    def has(self, fact: str, value: str) -> Formula:
        """Raises `KeyError` for a string that the space was not told of: it would be proved of nothing."""
        if value not in self._known:
            raise KeyError(value)
        return self.logic.has(fact, value)

    def at_least(self, level: int) -> Formula:
        return self.logic.any_(self.is_(SENSITIVITY, value) for value in Sensitivity if value >= level)

    def exactly(self, facts: Facts) -> Formula:
        """The request is this one. Its strings must be among those that the space was told of."""
        scalars: dict[str, Value] = {
            APP: facts.app, FEATURE: facts.feature, BOUNDARY: facts.boundary,
            SENSITIVITY: int(facts.sensitivity),
        }  # fmt: skip
        held = {GROUPS: facts.groups, CATEGORIES: facts.categories}
        atoms = [self.is_(fact, value) for fact, value in scalars.items()]
        for fact, values in held.items():
            atoms += [self.has(fact, value) for value in values]
            atoms += [self.logic.not_(self.has(fact, value)) for value in self.strings if value not in values]
        return self.logic.all_(atoms)

    def facts(self, found: Found) -> Facts:
        """The request that a solver found, with the least that it did not ask for."""
        app, feature = self.unnamed[0], self.unnamed[1]
        return Facts(
            tenant=self.tenant.id,
            groups=tuple(sorted(found.members.get(GROUPS, ()))),
            app=str(found.scalars.get(APP, app)),
            feature=str(found.scalars.get(FEATURE, feature)),
            sensitivity=Sensitivity(int(found.scalars.get(SENSITIVITY, 0))),
            categories=tuple(sorted(found.members.get(CATEGORIES, ()))),
            boundary=str(found.scalars.get(BOUNDARY, self.tenant.default_boundary)),
        )

    def _values(self, fact: str) -> Iterable[Value]:
        return self._known if fact in (APP, FEATURE) else self.domains[fact]


def _unlike(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-still"
    return name
