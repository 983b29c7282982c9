"""The hallway: one request's way through the rooms, in the order in which `Pipeline` can be read.

    identify → classify → policy → recall → shortlist → rank → record → dispatch

A stage that is not built yet (reserve) is absent. Each room is handed what it needs; what was
decided is written down with the hashes of everything it was decided from.

Requests that came in the same turn of the event loop go through the rooms abreast: all are classified, one
right after the other, then all are decided, then all are sent. A stage's code and tables are then in the
processor's caches for all but the first: a quarter less CPU a request where many are under way. A request
that is alone waits for nobody.
"""

from collections.abc import Callable, Generator
from types import coroutine
from typing import Final

from msgspec.structs import replace

from signalbox.classify import classify
from signalbox.decide import Choice, Decider, Inputs, NothingPermitted
from signalbox.decided import Decided, Objectives, Weighed
from signalbox.dispatch.attempt import Order
from signalbox.dispatch.delivery import Delivery
from signalbox.dispatch.dispatcher import Dispatcher
from signalbox.dispatch.grants import PinnedTerms
from signalbox.dispatch.health import HealthBook
from signalbox.dispatch.interlock import Interlock, Release
from signalbox.domain.errors import NoRelease, PolicyDenied, SignalboxError, UnknownModel
from signalbox.domain.plan import Plan
from signalbox.domain.principal import Principal
from signalbox.domain.request import Request
from signalbox.domain.traits import Facts, Traits
from signalbox.domain.verdict import Verdict
from signalbox.entries import Who, decision_record, denial_record, entry_name, hit_record, who
from signalbox.identify import believed
from signalbox.keeping.keeper import Keeper
from signalbox.normalise.structured import SlowCheck, check_of
from signalbox.operation import Operation
from signalbox.policy import explain_denials, under, visible_facts
from signalbox.ports.clock import Clock, Ids
from signalbox.ports.failpoint import Failpoint, passing
from signalbox.ports.log import DecisionLog
from signalbox.recall import Asked, Looked, Recall
from signalbox.shortlist import ROUTING_NAMES, resolve

_REMEMBERED_MAX: Final = 10_000


@coroutine
def _abreast() -> Generator[None, None, None]:
    """Wait until the other requests of this turn have come as far: a light `asyncio.sleep(0)`."""
    yield


class Pipeline:
    def __init__(
        self,
        *,
        interlock: Interlock,
        health: HealthBook,
        dispatcher: Dispatcher,
        log: DecisionLog,
        clock: Clock,
        ids: Ids,
        objectives: Objectives,
        count_tokens: Callable[[str], int],
        failpoint: Failpoint = passing,
        recall: Recall | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self.objectives = objectives
        self.recall = recall
        self.keeper = keeper
        self._interlock = interlock
        self._health = health
        self._dispatcher = dispatcher
        self._log = log
        self._clock = clock
        self._ids = ids
        self._count_tokens = count_tokens
        self._decider = Decider()
        self._known_as: dict[tuple[int, str], tuple[Principal, Who]] = {}
        self._failpoint = failpoint

    async def run(
        self,
        request: Request,
        principal: Principal,
        *,
        within: Operation | None = None,
        check: SlowCheck | None = None,
    ) -> tuple[Decided, Delivery]:
        """Decide, write it down, carry it out. Raises members of the error family; each carries the id of
        the decision under which the log has it.

        `within` is the operation that this is a step of. `check` is what a reply must pass beside what the
        request says; such a reply comes whole, and no answer from before stands in for it."""
        recall = self.recall if check is None else None
        decided, looked = await self._decide(request, principal, recall, within, check)
        if looked is not None and looked.recalled is not None:
            return decided, self._recalled(decided, looked, looked.recalled)
        log, keeper = self._log, self.keeper
        log.pin(decided.cut.digest, decided.cut.content)
        log.pin(decided.ranking.digest, decided.ranking.content)
        if decided.granted is not None:
            log.pin(decided.granted.digest, decided.granted.content)
        log.post([decision_record(decided, self._who(principal, decided.subject))])
        self._failpoint("pipeline.decided")
        await _abreast()
        try:
            delivery = await self._dispatcher.dispatch(_order(decided))
        except SignalboxError as error:
            error.decision = decided.id
            if keeper is not None:
                keeper.keep(decided, None)
            raise
        if looked is not None and recall is not None:
            await recall.keep(looked, delivery)
        if keeper is not None:
            keeper.keep(decided, delivery)
        return decided, delivery

    def _recalled(self, decided: Decided, looked: Looked, recalled: Delivery) -> Delivery:
        """An answer that was given before, once it is written down that it is given again."""
        entry = entry_name(self._log, decided.facts.tenant, looked.place)
        whose = self._who(decided.principal, decided.subject)
        hit = hit_record(decided, whose, recalled, looked.kill_epoch, entry, looked.alike_e4)
        self._log.post([hit])
        if self.keeper is not None:
            self.keeper.keep(decided, recalled)
        return recalled

    async def decide(self, request: Request, principal: Principal, *, record: bool = True) -> Decided:
        """Everything up to the plan, as if nothing had been answered before. A refusal is raised, and written
        down unless `record` is False."""
        decided, _ = await self._decide(request, principal, record=record)
        return decided

    def operation(self, deadline_ms: int) -> Operation:
        """Begin what takes several decisions, under the releases in force now."""
        ident, _ = self._begin()
        return Operation(
            "op-" + ident, self._interlock.release, self._clock.monotonic_us() + deadline_ms * 1_000
        )

    def _begin(self) -> tuple[str, int]:
        """A new decision's name, and the moment that it is of."""
        clock_us = self._clock.now_us()
        return self._ids.new(clock_us), clock_us

    async def _decide(
        self,
        request: Request,
        principal: Principal,
        recall: Recall | None = None,
        within: Operation | None = None,
        own_check: SlowCheck | None = None,
        *,
        record: bool = True,
    ) -> tuple[Decided, Looked | None]:
        """With `recall` it is also asked whether the same was answered before. A refusal on the way is
        written down with what was reached, unless `record` is False."""
        ident, clock_us = self._begin()
        seed = int(ident[-8:], 16)
        interlock, monotonic_us = self._interlock, self._clock.monotonic_us
        subject = ""
        traits: Traits | None = None
        inputs: Inputs | None = None
        granted: PinnedTerms | None = None
        try:
            started_us = monotonic_us()
            if interlock.closed or started_us > interlock.lease_until_us:
                await self._catch_up()
            release = interlock.release if within is None else within.release
            catalogue = release.catalogue
            target = resolve(request.target, catalogue)
            if target is None:
                raise _unknown(request.target)

            check = check_of(request) if own_check is None else _both(check_of(request), own_check)
            declared = believed(principal, request.declared, catalogue.release.boundaries)
            subject = declared.user or principal.subject
            await _abreast()
            traits = classify(request, declared, principal.tenant, self._count_tokens)
            await _abreast()
            classified_us = monotonic_us()
            if within is not None:
                traits = within.seen(traits, classified_us)

            facts = _facts(principal, traits)
            if interlock.grants.in_force:
                granted = interlock.grants.covering(
                    principal, subject, traits.sensitivity, clock_us, classified_us
                )
                facts = facts if granted is None else replace(facts, grant=granted.terms.id)
            verdict = release.cache.get(facts, clock_us) or await self._verdict(
                release, facts, clock_us, granted
            )
            judged_us = monotonic_us()

            cut = self._health.cut(catalogue, judged_us, facts.tenant)
            ranking = self.objectives.of(target, facts)
            looked = None
            if recall is not None:
                looked = await recall.look(
                    Asked(
                        request, principal, subject, traits, facts, catalogue, verdict.policy, ranking.digest
                    )
                )
            if looked is not None and looked.recalled is not None:
                choice = Choice(Plan(ranking.objective.name, (looked.recalled.planned,), 0), ())
            else:
                inputs = Inputs(
                    traits,
                    verdict,
                    cut.standings,
                    target.places,
                    ranking.objective,
                    ranking.ranking.attempts_max,
                    clock_us,
                    seed,
                )
                try:
                    choice = self._decider.decide(inputs)
                except NothingPermitted:
                    raise await self._denied(request, release, facts, verdict, granted) from None
        except SignalboxError as error:
            error.decision = "dec-" + ident
            if record:
                self.refuse(
                    principal,
                    error,
                    target=request.target,
                    subject=subject,
                    traits=traits,
                    weighed=None if inputs is None else Weighed(inputs, cut, ranking, granted),
                )
            raise
        # By place: for more than fifteen names Python makes a dict first, which costs more than the value.
        return Decided(
            "dec-" + ident,
            "op-" + ident if within is None else within.id,
            principal,
            subject,
            request,
            release,
            traits,
            facts,
            verdict,
            cut,
            ranking,
            choice.plan,
            choice.dropped,
            clock_us,
            seed,
            check,
            (started_us, classified_us, judged_us, monotonic_us()),
            granted,
            own_check is not None,
        ), looked

    async def _catch_up(self) -> None:
        """Nothing is decided without a release in force, nor by a kill switch heard of too long ago."""
        if self._interlock.closed:
            raise NoRelease(self._interlock.closed)
        if self._interlock.listen is not None:
            await self._interlock.listen()

    async def _verdict(
        self, release: Release, facts: Facts, now_us: int, granted: PinnedTerms | None
    ) -> Verdict:
        """Policy's answer; `granted` is the break-glass grant that covers the caller, if one does."""
        verdict = await self._interlock.verdict(release, facts, now_us)
        return verdict if granted is None else under(granted.terms, verdict, facts, release.catalogue, now_us)

    def refuse(
        self,
        principal: Principal,
        error: SignalboxError,
        *,
        target: str = "",
        subject: str = "",
        traits: Traits | None = None,
        weighed: Weighed | None = None,
    ) -> None:
        """Write down a refusal of an authenticated caller: the terminal record of its request."""
        clock_us = self._clock.now_us()
        error.decision = error.decision or "dec-" + self._ids.new(clock_us)
        release = self._interlock.release
        whose = self._who(principal, subject or principal.subject)
        if weighed is not None:
            self._log.pin(weighed.cut.digest, weighed.cut.content)
            self._log.pin(weighed.ranking.digest, weighed.ranking.content)
            if weighed.granted is not None:
                self._log.pin(weighed.granted.digest, weighed.granted.content)
        self._log.post(
            [denial_record(error, whose, release, clock_us, target=target, traits=traits, weighed=weighed)]
        )

    def _who(self, principal: Principal, subject: str) -> Who:
        """As the log may know a principal; key rings keep theirs, so most are known already."""
        key = (id(principal), subject)
        known = self._known_as.get(key)
        if known is not None and known[0] is principal:
            return known[1]
        if len(self._known_as) >= _REMEMBERED_MAX:
            self._known_as.clear()
        whose = who(self._log, principal, subject)
        self._known_as[key] = (principal, whose)
        return whose

    async def models(self, principal: Principal) -> tuple[str, ...]:
        """The names that this caller may ask for: routing names, then models and endpoints that policy
        permits it for public content; none where it permits nothing."""
        release = self._interlock.release
        tenant = principal.tenant
        facts = Facts(
            tenant.id,
            principal.groups,
            principal.app,
            principal.feature,
            tenant.default_label,
            (),
            tenant.default_boundary,
        )
        known = await self._known(release, facts)
        if not known:
            return ()
        endpoints = [endpoint for endpoint in release.catalogue.endpoints if endpoint.id in known]
        models = dict.fromkeys(endpoint.model for endpoint in endpoints)
        return (*ROUTING_NAMES, *models, *(endpoint.id for endpoint in endpoints))

    async def _denied(
        self,
        request: Request,
        release: Release,
        facts: Facts,
        verdict: Verdict,
        granted: PinnedTerms | None,
    ) -> SignalboxError:
        """In words. The caller reads only of endpoints that it may know of: one that it may not know of
        does not exist for it."""
        known = await self._known(release, facts, granted)
        denials = explain_denials(verdict, release.catalogue, release.policy)
        target = resolve(request.target, release.catalogue)
        if target is not None and target.places is not None:
            wanted = {release.catalogue.endpoints[place].id for place in target.places}
            if not wanted & known:
                return _unknown(request.target)
            denials = tuple(denial for denial in denials if denial.endpoint in wanted)
        visible = tuple(denial for denial in denials if denial.endpoint in known)
        return PolicyDenied("policy permits no endpoint for this request", denials=denials, visible=visible)

    async def _known(
        self, release: Release, facts: Facts, granted: PinnedTerms | None = None
    ) -> frozenset[str]:
        """Endpoints that the caller may know of: those permitted it for public content."""
        widest, now_us = visible_facts(release.policy, facts), self._clock.now_us()
        verdict = await self._verdict(release, widest, now_us, granted)
        return frozenset(
            endpoint.id
            for endpoint, permitted in zip(release.catalogue.endpoints, verdict.permitted, strict=True)
            if permitted
        )


def _both(first: SlowCheck | None, second: SlowCheck) -> SlowCheck:
    """What complains where either does; the second is asked only of what passes the first."""
    if first is None:
        return second
    return lambda reply: first(reply) or second(reply)


def _order(decided: Decided) -> Order:
    traits = decided.traits
    return Order(
        decided.id,
        decided.plan,
        decided.request,
        decided.facts,
        traits.tokens_in,
        decided.seed,
        decided.marks_us[0],
        traits.sensitivity >= decided.principal.tenant.durable_from,
        traits.latency_class,
        decided.check,
        traits.task if decided.judged else "",
    )


def _facts(principal: Principal, traits: Traits) -> Facts:
    return Facts(
        principal.tenant.id,
        principal.groups,
        traits.app,
        traits.feature,
        traits.sensitivity,
        traits.categories,
        traits.boundary,
    )


def _unknown(name: str) -> UnknownModel:
    return UnknownModel(
        f"unknown model `{name[:128]}`: ask `GET /v1/models` for the names that you may use", param="model"
    )
