"""Rules and an endpoint → the formula under which a request of a tenant may go there.

As in `signalbox.policy`: nothing is permitted by default, a forbid overrides, an endpoint with a gap in its
registry entry is denied, and INVARIANT: an error in any rule denies, be it a permit's or a forbid's. The
order of a rule's conditions keeps from evaluation what it keeps from it in Cedar.
"""

from collections.abc import Sequence

from msgspec import Struct

from signalbox.proof.evaluate import Evaluator, Kept
from signalbox.proof.logic import FALSE, TRUE, Formula
from signalbox.proof.space import Space
from signalbox.proof.subset import Constant, Entity, Expression, Provable, Var, operands, speaks_of_resource
from signalbox.proof.told import Shared, Told
from signalbox.proof.world import Standing, World


class Strange(Struct, frozen=True, order=True):
    """A construct outside the provable subset, and where it stands."""

    file: str
    rule: str
    construct: str


class Encoded(Struct, frozen=True):
    """`strange`: what had to be left free. If it is empty the formula says exactly what Cedar does; else
    it holds wherever Cedar permits, and perhaps elsewhere."""

    permitted: Formula
    strange: tuple[Strange, ...]


class Encoder:
    """For one tenant, whose requests are `space`, and one release's rules."""

    def __init__(
        self, space: Space, world: World, rules: Sequence[Provable], *, any_grant: bool = False
    ) -> None:
        """`any_grant`: where nothing but a permit is missing, a break-glass grant is taken to supply it."""
        self._any_grant = any_grant
        self._space = space
        self._world = world
        self._rules = rules
        self._shared = Shared(space)
        self._kept: Kept = dict.fromkeys(
            id(part) for rule in rules for condition in rule.conditions for part in _general(condition)
        )

    def encode(self, standing: Standing) -> Encoded:
        """A request of the space may go to the endpoint while it stands so."""
        if standing.gap:
            return Encoded(FALSE, ())
        logic = self._space.logic
        told = Told(self._space, self._world, standing, self._shared)
        strange: set[Strange] = set()
        erring: list[Formula] = []
        permits: list[Formula] = []
        forbids: list[Formula] = []
        for rule in self._rules:
            holds, errs = self._rule(rule, told, strange)
            erring.append(errs)
            (permits if rule.permits else forbids).append(holds)
        stopped = logic.any_((*forbids, *erring))
        permit = TRUE if self._any_grant else logic.any_(permits)
        permitted = logic.both(permit, logic.not_(stopped))
        return Encoded(permitted, tuple(sorted(strange)))

    def _rule(self, rule: Provable, told: Told, strange: set[Strange]) -> tuple[Formula, Formula]:
        """When all its conditions hold, and when one that is looked at errs."""

        def note(construct: str) -> None:
            strange.add(Strange(rule.file, rule.id, construct))

        logic = self._space.logic
        evaluator = Evaluator(self._space, told, self._kept, note)
        holds, errs = TRUE, FALSE
        for condition in rule.conditions:
            true, erring = evaluator.truth(condition)
            errs = logic.either(errs, logic.both(holds, erring))
            holds = logic.both(holds, true)
            if holds is FALSE:
                break
        return holds, errs


def _general(expression: Expression) -> list[Expression]:
    """The largest parts that speak of no endpoint, constants and variables left out."""
    if not speaks_of_resource(expression):
        return [] if isinstance(expression, Constant | Entity | Var) else [expression]
    return [part for inner in operands(expression) for part in _general(inner)]
