"""What Cedar is told of one tenant's requests and of one endpoint, as terms.

It mirrors `signalbox.policy.registry`, which tells Cedar: the endpoint's attributes are read back from
there, and a test holds the names of the context's against it.
"""

from collections.abc import Mapping
from typing import Final

from signalbox.policy.names import GROUP, INFER, TENANT, WHO, Uid, group_id
from signalbox.proof.logic import FALSE, TRUE, Formula
from signalbox.proof.space import APP, BOUNDARY, CATEGORIES, FEATURE, GROUPS, SENSITIVITY, Space
from signalbox.proof.terms import Choice, Context, Members, Scalar, Term, Truth, entity, long, string
from signalbox.proof.world import Attributes, Standing, World

ACTION: Final[Uid] = (INFER["type"], INFER["id"])
_CALLER: Final[Uid] = (WHO["type"], WHO["id"])


class Told:
    """About requests of `space` to an endpoint that stands as `standing` says."""

    def __init__(self, space: Space, world: World, standing: Standing, shared: "Shared") -> None:
        self._space = space
        self._above = world.above
        self._shared = shared
        self.resource = standing.uid
        self.attributes = {
            _CALLER: {"groups": shared.groups},
            standing.uid: _terms(standing.attributes),
        }
        """Of the entities whose attributes are known here."""
        self.context = shared.context
        self.variables: dict[str, Term] = {
            "principal": entity(_CALLER),
            "action": entity(ACTION),
            "resource": entity(standing.uid),
            "context": Context(),
        }

    def within(self, one: Uid, other: Uid) -> Formula:
        """`one in other`, which is true of an entity and itself."""
        if one == other:
            return TRUE
        if one == _CALLER:
            return self._shared.above_caller.get(other, FALSE)
        if one[0] == GROUP and other == (TENANT, self._space.tenant.id):
            return self._shared.above_caller.get(one, FALSE)  # Cedar is told of the caller's groups only
        return TRUE if other in self._above.get(one, ()) else FALSE


class Shared:
    """What is the same for every endpoint."""

    def __init__(self, space: Space) -> None:
        tenant = space.tenant
        held: dict[str, Formula] = {name: space.has(GROUPS, name) for name in space.strings}
        self.groups = Members(dict(held.items()))
        self.context: dict[str, Term] = {
            "app": _scalar(space, APP),
            "feature": _scalar(space, FEATURE),
            "sensitivity": Choice(
                "long", {level: space.is_(SENSITIVITY, level) for level in space.domains[SENSITIVITY]}
            ),
            "categories": Members({name: space.has(CATEGORIES, name) for name in space.strings}),
            "boundary": _scalar(space, BOUNDARY),
            "boundary_places": _places(space),
            "home_cloud": string(tenant.home_cloud),
        }
        self.above_caller: dict[Uid, Formula] = {
            (TENANT, tenant.id): TRUE,
            **{(GROUP, group_id(tenant.id, name)): when for name, when in held.items()},
        }
        """`principal in …`, by what it is in."""


def _scalar(space: Space, fact: str) -> Choice:
    return Choice("string", {value: space.is_(fact, value) for value in space.domains[fact]})


def _places(space: Space) -> Members:
    everywhere = sorted({place for places in space.boundaries.values() for place in places})
    return Members(
        {
            place: space.logic.any_(
                space.is_(BOUNDARY, name) for name, places in space.boundaries.items() if place in places
            )
            for place in everywhere
        }
    )


def _terms(attributes: Attributes) -> Mapping[str, Term]:
    return {name: _term(value) for name, value in attributes.items()}


def _term(value: str | bool | int | list[str]) -> Term:
    match value:
        case bool():
            return Truth(TRUE if value else FALSE)
        case str():
            return string(value)
        case int():
            return long(value)
        case _:
            items: dict[Scalar, Formula] = dict.fromkeys(value, TRUE)
            return Members(items)
