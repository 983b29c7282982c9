"""One record, decided again.

INVARIANT: from recorded inputs alone. A caller's group that cannot be told from its pseudonym leaves the
record undecided, whatever the rules are: a rule may ask for that very group.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.decide import Inputs, NothingPermitted, decide
from signalbox.domain.errors import NoCandidate
from signalbox.domain.grants import GrantTerms
from signalbox.domain.plan import HealthSnapshot, PlannedAttempt, Ranking
from signalbox.domain.records import DecisionBody, DenialBody
from signalbox.domain.traits import Facts, LatencyClass, Sensitivity, TaskType, Traits
from signalbox.domain.verdict import Verdict
from signalbox.policy import under
from signalbox.replay.contents import Blob, Contents, ContentUnreadable
from signalbox.replay.world import Draft, World

Asked = DecisionBody | DenialBody
_WEIGHED: Final = frozenset({"policy_denied", "no_candidate", "no_candidate_now"})
_TASKS: Final = {task.value: task for task in TaskType}
_LATENCY_CLASSES: Final = {name.value: name for name in LatencyClass}
_SENSITIVITIES: Final = {int(level): level for level in Sensitivity}
_CALLERS_MAX: Final = 10_000


class Redecided(Struct, frozen=True):
    """`was` and `now` are the plan's attempts; empty where it was or would be refused, with the `code`.

    `inputs` are those that it was decided again from; None where the name asked for means nothing any more.
    """

    tenant: str
    asked: Asked
    world: World
    inputs: Inputs | None
    was: tuple[PlannedAttempt, ...]
    was_code: str
    now: tuple[PlannedAttempt, ...]
    now_code: str

    @property
    def same(self) -> bool:
        return self.was == self.now and _public(self.was_code) == _public(self.now_code)


class Undecided(Struct, frozen=True):
    """Why it cannot be said what would be decided. `groups`: pseudonyms that lead to no name known here."""

    tenant: str
    decision: str
    reason: str
    groups: tuple[str, ...] = ()


class _Pinned(Struct, frozen=True):
    """What a record refers to besides its releases."""

    snapshot: HealthSnapshot
    ranking: Ranking
    grant: GrantTerms | None


class Replayer:
    """`groups` maps, for each tenant, the pseudonyms of groups that are known here to their names."""

    def __init__(self, blob: Blob, groups: Mapping[str, Mapping[str, str]], draft: Draft) -> None:
        self._contents = Contents(blob)
        self._groups = groups
        self._draft = draft
        self._worlds: dict[tuple[str, str], World] = {}
        self._callers: dict[tuple[str, tuple[str, ...]], tuple[str, ...] | None] = {}

    def again(self, tenant: str, asked: Asked) -> Redecided | Undecided:
        """Raises `PolicyInvalid` where the draft's policy does not fit a catalogue, `ContentUnreadable`."""
        if not asked.health:
            return Undecided(tenant, asked.decision, _unweighed(asked))
        world = self._world(asked)
        if isinstance(world, str):
            return self._missing(tenant, asked, world)
        pinned = self._pinned(asked)
        if isinstance(pinned, str):
            return self._missing(tenant, asked, pinned)
        groups = self._names(tenant, asked.groups)
        if groups is None:
            known = self._groups.get(tenant, {})
            return Undecided(
                tenant,
                asked.decision,
                "a group of the caller is not known here",
                tuple(group for group in asked.groups if group not in known),
            )
        try:
            traits = traits_of(asked)
        except KeyError:
            return Undecided(tenant, asked.decision, "recorded in terms that this version does not know")
        facts = Facts(
            tenant,
            groups,
            traits.app,
            traits.feature,
            traits.sensitivity,
            traits.categories,
            traits.boundary,
        )
        target = world.target(asked.target)
        was: tuple[PlannedAttempt, ...] = ()
        was_code = ""
        if isinstance(asked, DecisionBody):
            was = asked.plan
        else:
            was_code = asked.code
        if target is None:
            return Redecided(tenant, asked, world, None, was, was_code, (), "unknown_model")
        inputs = Inputs(
            traits,
            _verdict(world, facts, pinned.grant, asked.clock_us),
            world.standings(asked.health, pinned.snapshot),
            target.places,
            pinned.ranking.objective,
            pinned.ranking.attempts_max,
            asked.clock_us,
            asked.seed,
        )
        now: tuple[PlannedAttempt, ...] = ()
        now_code = ""
        try:
            now = decide(inputs).plan.attempts
        except NothingPermitted:
            now_code = "policy_denied"
        except NoCandidate as none_left:
            now_code = none_left.code
        return Redecided(tenant, asked, world, inputs, was, was_code, now, now_code)

    def _world(self, asked: Asked) -> World | str:
        """Or what of it the log keeps no longer."""
        key = (asked.policy, asked.catalogue)
        world = self._worlds.get(key)
        if world is None:
            policy = self._contents.policy(asked.policy)
            if policy is None:
                return "policy release"
            catalogue = self._contents.catalogue(asked.catalogue)
            if catalogue is None:
                return "catalogue release"
            world = World(policy, catalogue, self._draft)
            if self._draft.keeps_policy and world.policy.hash != asked.policy:
                raise ContentUnreadable(
                    f"the policy release `{asked.policy[:16]}…` has parts that this version does not know"
                )
            self._worlds[key] = world
        return world

    def _pinned(self, asked: Asked) -> "_Pinned | str":
        """Or what of it the log keeps no longer."""
        snapshot = self._contents.snapshot(asked.health)
        if snapshot is None:
            return "health snapshot"
        ranking = self._contents.ranking(asked.ranking)
        if ranking is None:
            return "ranking rules"
        grant = self._contents.grant(asked.grant) if asked.grant else None
        if asked.grant and grant is None:
            return "break-glass grant"
        return _Pinned(snapshot, ranking, grant)

    def _missing(self, tenant: str, asked: Asked, what: str) -> Undecided:
        return Undecided(tenant, asked.decision, f"the log no longer keeps its {what}")

    def _names(self, tenant: str, pseudonyms: tuple[str, ...]) -> tuple[str, ...] | None:
        key = (tenant, pseudonyms)
        if key not in self._callers:
            if len(self._callers) >= _CALLERS_MAX:
                self._callers.clear()
            known = self._groups.get(tenant, {})
            whole = all(name in known for name in pseudonyms)
            self._callers[key] = tuple(known[name] for name in pseudonyms) if whole else None
        return self._callers[key]


def _verdict(world: World, facts: Facts, terms: GrantTerms | None, clock_us: int) -> Verdict:
    """Under the break-glass grant that covered the caller then, if one did."""
    verdict = world.verdict(facts, clock_us)
    if terms is None:
        return verdict
    return under(terms, verdict, replace(facts, grant=terms.id), world.after, clock_us)


def traits_of(asked: Asked) -> Traits:
    """The traits that a record was decided from. Raises `KeyError` for terms that this version does
    not have."""
    return Traits(
        app=asked.app,
        feature=asked.feature,
        task=_TASKS[asked.task],
        task_confidence=asked.task_confidence,
        sensitivity=_SENSITIVITIES[asked.sensitivity],
        categories=asked.categories,
        boundary=asked.boundary,
        latency_class=_LATENCY_CLASSES[asked.latency_class],
        deadline_ms=asked.deadline_ms,
        tokens_in=asked.tokens_in,
        tokens_out_max=asked.tokens_out_max,
        needs=asked.needs,
    )


def _unweighed(asked: Asked) -> str:
    code = asked.code if isinstance(asked, DenialBody) else ""
    if code in _WEIGHED:
        return f"refused (`{code}`) by a version that did not record what it was decided from"
    return f"refused before it was weighed: `{code}`"


def _public(code: str) -> str:
    """One that may not know of what it asked for is told that there is no such thing: the same refusal."""
    return "policy_denied" if code == "unknown_model" else code
