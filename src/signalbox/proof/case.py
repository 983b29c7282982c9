"""One tenant's requests under one release: what they reach, and whether an invariant holds of them.

INVARIANT: a counterexample is never an artefact of the encoding. What the solver finds is put to Cedar
and to the registry's own values, and made as plain as it can be while both still agree.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.errors import InternalError
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.policy import CompiledPolicy, Judgement
from signalbox.policy.granted import widest
from signalbox.policy.names import GROUP, group_id
from signalbox.policy.rules import Rule
from signalbox.proof.claims import claim, holds, named_in
from signalbox.proof.encode import Encoded, Encoder, Strange
from signalbox.proof.invariants import Anything, Invariant, Predicate
from signalbox.proof.logic import Formula, Logic
from signalbox.proof.report import Counterexample, Finding, Reach
from signalbox.proof.solver import Solver, Undecided
from signalbox.proof.space import Space
from signalbox.proof.subset import provable, strings
from signalbox.proof.world import Standing, World

GAVE_UP = Strange("", "", "a question that the solver gave up on")


class Judged(Struct, frozen=True):
    """An endpoint as it stands for a time, and when a request may go there."""

    standing: Standing
    encoded: Encoded


class Case:
    """Everything is encoded when it is made; each question is then put to the solver."""

    def __init__(
        self,
        compiled: CompiledPolicy,
        tenant: Tenant,
        world: World,
        rules: Sequence[Rule],
        invariants: Sequence[Invariant],
        *,
        any_grant: bool = False,
    ) -> None:
        """`any_grant`: as if every request were covered by a break-glass grant. Raises `SolverMissing`."""
        self.any_grant = any_grant
        self._compiled = compiled
        self._tenant = tenant
        self._release = compiled.catalogue.release
        read = tuple(provable(rule) for rule in rules)
        named = {
            *(name for rule in read for condition in rule.conditions for name in strings(condition)),
            *_group_names(tenant, rules),
            *_told(world, tenant, self._release.boundaries),
            *(name for item in invariants for name in named_in(item.denies)),
        }
        self.space = Space(Logic(), tenant, self._release.boundaries, named)
        self.solver = Solver(self.space)
        encoder = Encoder(self.space, world, read, any_grant=any_grant)
        self.judged = tuple(Judged(standing, encoder.encode(standing)) for standing in world.standings)

    @property
    def strange(self) -> set[Strange]:
        """What lies outside the subset and could not be left unread."""
        return {item for judged in self.judged for item in judged.encoded.strange}

    def reach(self) -> Reach:
        found: dict[str, None] = {}
        for judged in self.judged:
            if judged.standing.endpoint not in found and self._reached(judged):
                found[judged.standing.endpoint] = None
        return Reach(self._tenant.id, tuple(self.space.boundaries), tuple(found))

    def finding(self, invariant: Invariant) -> Finding:
        outside: set[Strange] = set()
        for judged in self.judged:
            try:
                facts = self._witness(judged, invariant.denies)
            except Undecided:
                outside.add(GAVE_UP)
                continue
            except _Artefact:
                outside.update(judged.encoded.strange)
                continue
            if facts is not None:
                return Finding(
                    invariant=invariant.name,
                    tenant=self._tenant.id,
                    outcome="violated",
                    counterexample=self._plain(facts, judged.standing, invariant.denies),
                )
        if outside:
            return Finding(
                invariant=invariant.name,
                tenant=self._tenant.id,
                outcome="unproven",
                outside=tuple(sorted(outside)),
            )
        return Finding(
            invariant=invariant.name, tenant=self._tenant.id, outcome="proved", idle=self._idle(invariant)
        )

    def _reached(self, judged: Judged) -> bool:
        try:
            return self._witness(judged, Anything()) is not None
        except (Undecided, _Artefact):
            return False

    def _idle(self, invariant: Invariant) -> bool:
        """Nothing is such as the invariant speaks of, permitted or not."""
        logic = self.space.logic
        spoken_of = logic.any_(self._claim(invariant.denies, judged) for judged in self.judged)
        try:
            return self.solver.solve(spoken_of) is None
        except Undecided:
            return False

    def _witness(self, judged: Judged, denies: Predicate) -> Facts | None:
        """A request that Cedar permits to this endpoint and for which `denies` holds. Raises `_Artefact`
        for one that only the free parts of the encoding permit, `Undecided`."""
        formula = self.space.logic.both(judged.encoded.permitted, self._claim(denies, judged))
        found = self.solver.solve(formula)
        if found is None:
            return None
        facts = self.space.facts(found)
        if not self._confirmed(facts, judged.standing, denies):
            if judged.encoded.strange:
                raise _Artefact
            raise InternalError(
                f"the proof and Cedar disagree on `{judged.standing.endpoint}`: a fault of this program",
                operator=f"the encoding permits {facts} to `{judged.standing.endpoint}`, and Cedar does not",
            )
        return facts

    def _claim(self, denies: Predicate, judged: Judged) -> Formula:
        return claim(denies, self.space, self._release.boundaries, judged.standing.attributes)

    def _confirmed(self, facts: Facts, standing: Standing, denies: Predicate) -> bool:
        endpoint = self._compiled.catalogue.endpoints[standing.place]
        spoken_of = holds(denies, facts, self._tenant, self._release, endpoint, standing.now_us)
        return spoken_of and self._judged(facts, standing).permitted

    def _judged(self, facts: Facts, standing: Standing) -> Judgement:
        judged = self._compiled.judge(facts, standing.place, standing.now_us)
        return widest(judged) if self.any_grant else judged

    def _plain(self, facts: Facts, standing: Standing, denies: Predicate) -> Counterexample:
        """Whatever can be left out is, and what can be the ordinary becomes it."""

        def rather(simpler: Facts) -> Facts:
            return simpler if self._confirmed(simpler, standing, denies) else facts

        app, feature, group, category, _ = self.space.unnamed
        for name in facts.groups:
            facts = rather(replace(facts, groups=_without(facts.groups, name)))
            facts = rather(replace(facts, groups=_renamed(facts.groups, name, group)))
        for name in facts.categories:
            facts = rather(replace(facts, categories=_without(facts.categories, name)))
            facts = rather(replace(facts, categories=_renamed(facts.categories, name, category)))
        facts = rather(replace(facts, app=app))
        facts = rather(replace(facts, feature=feature))
        facts = rather(replace(facts, boundary=self._tenant.default_boundary))
        for level in reversed([level for level in Sensitivity if level < facts.sensitivity]):
            facts = rather(replace(facts, sensitivity=level))
        rules = self._judged(facts, standing).reasons
        return Counterexample(facts, standing.endpoint, standing.now_us, rules)


class _Artefact(Exception):
    """Permitted only by what was left free."""


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(kept for kept in names if kept != name)


def _renamed(names: tuple[str, ...], name: str, instead: str) -> tuple[str, ...]:
    return tuple(sorted({instead if kept == name else kept for kept in names}))


def _group_names(tenant: Tenant, rules: Sequence[Rule]) -> Iterator[str]:
    """The tenant's own groups that a rule names by their entities."""
    start = group_id(tenant.id, "")
    for rule in rules:
        for kind, name in rule.names:
            if kind == GROUP and name.startswith(start):
                yield name.removeprefix(start)


def _told(world: World, tenant: Tenant, boundaries: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The strings that Cedar is told beside the request's own."""
    yield tenant.home_cloud
    for name, places in boundaries.items():
        yield name
        yield from places
    for standing in world.standings:
        for value in standing.attributes.values():
            if isinstance(value, str):
                yield value
            elif isinstance(value, list):
                yield from value
