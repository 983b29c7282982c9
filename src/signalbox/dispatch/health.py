"""What has been seen of each endpoint: places taken, breaker, quarantine, budgets, moving averages.

Live state is asked at the moment of sending; decisions look only at snapshots of it, cut at a fixed
cadence or when a breaker or a quarantine changes, so that a decision can be made again later from the same
figures.
"""

import hashlib
import logging
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.dispatch.breaker import ORDINARY, Breaker, BreakerRules, State
from signalbox.dispatch.budget import BudgetRules, RetryBudget
from signalbox.dispatch.concurrency import Concurrency
from signalbox.dispatch.turnstile import Turnstile
from signalbox.dispatch.verdicts import Verdicts
from signalbox.domain.canonical import canonical
from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.failure import REACTIONS, FailureKind
from signalbox.domain.plan import EndpointHealth, HealthSnapshot, size_bucket
from signalbox.domain.standing import Standing, standings
from signalbox.ports.meter import EndpointState, Meter

_WEIGHT: Final = 8  # a new sample weighs one eighth
_OPEN: Final = "breaker open after repeated failures"
_log: Final = logging.getLogger("signalbox.dispatch")


class Cut(Struct, frozen=True):
    """A snapshot with its name and its bytes, and the standings it gives to the catalogue it was cut for."""

    digest: str
    content: bytes
    snapshot: HealthSnapshot
    standings: tuple[Standing, ...]


class Quarantine(Struct, frozen=True):
    """`endpoint` is the definition that was not kept to: another one lifts the quarantine."""

    endpoint: Endpoint
    reason: str


class Seen:
    """One endpoint under one credential. Averages in µs; 0 until the first sample."""

    __slots__ = (
        "breaker", "budget", "concurrency", "first_token_us", "output_token_us", "quarantine", "turnstile",
        "verdicts",
    )  # fmt: skip

    def __init__(self, rules: BreakerRules, budget: BudgetRules) -> None:
        self.turnstile = Turnstile()
        self.breaker = Breaker(rules)
        self.budget = RetryBudget(budget)
        self.concurrency = Concurrency()
        self.quarantine: Quarantine | None = None
        self.first_token_us = [0, 0, 0, 0]
        self.output_token_us = 0
        self.verdicts = Verdicts()

    def measured(self, tokens_in: int, first_token_us: int, tokens_out: int, whole_us: int) -> None:
        """Feed the averages from an attempt that went well. `first_token_us` 0: not streamed, so only the
        per-token average can learn from it, by what the first token usually takes."""
        bucket = size_bucket(tokens_in)
        first_us = self.first_token_us[bucket]
        if first_token_us:
            self.first_token_us[bucket] = _average(first_us, first_token_us)
            first_us = first_token_us
        if tokens_out > 1:
            sample = max(1, (whole_us - first_us) // tokens_out)
            self.output_token_us = _average(self.output_token_us, sample)

    def outlasted(self, tokens_in: int, waited_us: int) -> None:
        """A stream was stopped, for another had answered, after `waited_us` without content: its first token
        takes at least that long. Else an endpoint that always loses would be taken to be as quick as ever."""
        bucket = size_bucket(tokens_in)
        if waited_us > self.first_token_us[bucket]:
            self.first_token_us[bucket] = _average(self.first_token_us[bucket], waited_us)

    def try_enter(self, endpoint: Endpoint) -> bool:
        """Take a place, if it is trusted with one more request. True: `leave` is owed."""
        return self.turnstile.try_enter(self.concurrency.allowed(endpoint.limits.concurrency))

    def leave(self, endpoint: Endpoint) -> None:
        turnstile = self.turnstile
        if turnstile.queue:
            turnstile.leave(self.concurrency.allowed(endpoint.limits.concurrency))
        else:
            turnstile.inside -= 1

    @property
    def refusal(self) -> str:
        """Why it takes nothing, when it does not."""
        return self.quarantine.reason if self.quarantine is not None else _OPEN


class HealthBook:
    """Keyed by endpoint and credential: a rotated key starts with a clean slate."""

    def __init__(
        self,
        rules: BreakerRules,
        meter: Meter,
        *,
        cadence_us: int,
        budget: BudgetRules = BudgetRules(),  # noqa: B008 - frozen
    ) -> None:
        self._rules = rules
        self._budget = budget
        self._meter = meter
        self._cadence_us = cadence_us
        self._seen: dict[tuple[str, str], Seen] = {}
        self._cut: Cut | None = None
        self._cut_for = ""
        self._due_us = 0
        self._stale = True
        self._turn = 0
        self._refused: set[str] = set()
        """Tenants of which answers were refused: each has a cut of its own."""
        self._own: dict[str, tuple[int, Cut]] = {}
        """By tenant, with the turn of the shared cut for which it holds."""

    def of(self, endpoint: Endpoint) -> Seen:
        key = (endpoint.id, endpoint.transport.credential)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = Seen(self._rules, self._budget)
        return seen

    def cut(self, catalogue: Catalogue, now_us: int, tenant: str = "") -> Cut:
        """The snapshot to decide by: shared by all but the tenants of which answers were refused. `now_us`
        is monotonic."""
        cut = self._cut
        if cut is None or now_us >= self._due_us or self._stale or self._cut_for != catalogue.hash:
            cut = self._cut_anew(catalogue, now_us)
        return cut if tenant not in self._refused else self._of_tenant(cut, catalogue, tenant, now_us)

    def judged(self, seen: Seen, tenant: str, task: str, *, accepted: bool, now_us: int) -> None:
        """A check of a workload's has said whether it takes an answer to this tenant."""
        seen.verdicts.judged(tenant, task, accepted=accepted, now_us=now_us)
        if not accepted:
            self._refused.add(tenant)

    def _cut_anew(self, catalogue: Catalogue, now_us: int) -> Cut:
        """What all share from now on: the cut as it was where nothing has changed."""
        cut = self._cut
        if self._cut_for != catalogue.hash:
            self._lift_redefined(catalogue)
        snapshot = HealthSnapshot(
            tuple(
                self._health(endpoint, now_us) for endpoint in sorted(catalogue.endpoints, key=lambda e: e.id)
            )
        )
        self._due_us, self._stale = now_us + self._cadence_us, False
        self._turn += 1
        if cut is None or self._cut_for != catalogue.hash or cut.snapshot != snapshot:
            cut = self._cut = _cut_of(catalogue, snapshot)
            if self._cut_for != catalogue.hash:
                self._own.clear()
            self._cut_for = catalogue.hash
        return cut

    def _of_tenant(self, shared: Cut, catalogue: Catalogue, tenant: str, now_us: int) -> Cut:
        """The shared cut with what this tenant's checks said: of the same moment, and by no one else."""
        turn, cut = self._own.get(tenant, (0, shared))
        if turn == self._turn:
            return cut
        verdicts = {endpoint.id: self.of(endpoint).verdicts for endpoint in catalogue.endpoints}
        snapshot = HealthSnapshot(
            tuple(
                replace(health, judged=verdicts[health.endpoint].told(tenant, now_us))
                for health in shared.snapshot.endpoints
            )
        )
        if snapshot == shared.snapshot:
            self._refused.discard(tenant)
            self._own.pop(tenant, None)
            return shared
        if cut.snapshot != snapshot:
            cut = _cut_of(catalogue, snapshot)
        self._own[tenant] = (self._turn, cut)
        return cut

    def admit(self, endpoint: Endpoint, seen: Seen, now_us: int) -> int | None:
        """The breaker's admission of an attempt that starts now, for which `ended` is owed; None: none."""
        if seen.quarantine is not None:
            return None
        breaker = seen.breaker
        before = breaker.state
        if before == "closed":
            return ORDINARY
        admission = breaker.admit(now_us)
        if breaker.state != before:
            self._note(endpoint, breaker.state)
        return admission

    def ended(
        self, endpoint: Endpoint, seen: Seen, admission: int, failure: FailureKind | None, now_us: int
    ) -> None:
        """The attempt ended, well if `failure` is None."""
        breaker = seen.breaker
        before = breaker.state
        if failure is None:
            breaker.succeeded(admission)
        elif REACTIONS[failure].breaker:
            breaker.failed(admission, now_us)
        else:
            breaker.abandoned(admission)
        if breaker.state != before:
            self._note(endpoint, breaker.state)

    def quarantine(self, endpoint: Endpoint, answered: str) -> None:
        """No candidate from here on: it has answered as, or in, what the registry does not list."""
        seen = self.of(endpoint)
        if seen.quarantine is not None:
            return
        seen.quarantine = Quarantine(endpoint, f"quarantined: {answered}")
        self._stale = True
        self._meter.quarantine(endpoint.id)
        _log.warning(
            "endpoint %s is quarantined: it %s, which the registry does not list; "
            "look into it, then `signalbox endpoints release %s`",
            endpoint.id, answered, endpoint.id,
        )  # fmt: skip

    def release(self, endpoint: Endpoint) -> str:
        """Lift a quarantine. Returns why it was in one; empty if it was not."""
        seen = self.of(endpoint)
        quarantine, seen.quarantine = seen.quarantine, None
        if quarantine is None:
            return ""
        self._stale = True
        _log.warning("endpoint %s is out of quarantine (%s)", endpoint.id, quarantine.reason)
        return quarantine.reason

    def state(self, endpoint: Endpoint, now_us: int) -> EndpointState:
        """As it stands now. `now_us` is monotonic."""
        seen = self.of(endpoint)
        ceiling = endpoint.limits.concurrency
        return EndpointState(
            endpoint=endpoint.id,
            breaker=seen.breaker.state,
            quarantined=seen.quarantine.reason if seen.quarantine else "",
            in_flight=seen.turnstile.inside,
            waiting=seen.turnstile.waiting,
            concurrency=seen.concurrency.allowed(ceiling),
            concurrency_max=ceiling,
            retries_left=seen.budget.left(now_us),
        )

    def _lift_redefined(self, catalogue: Catalogue) -> None:
        for endpoint in catalogue.endpoints:
            quarantine = self.of(endpoint).quarantine
            if quarantine is not None and quarantine.endpoint != endpoint:
                self.release(endpoint)

    def _health(self, endpoint: Endpoint, now_us: int) -> EndpointHealth:
        seen = self.of(endpoint)
        first = seen.first_token_us
        return EndpointHealth(
            endpoint.id,
            seen.breaker.waiting(now_us),
            (_quantise(first[0]), _quantise(first[1]), _quantise(first[2]), _quantise(first[3])),
            _quantise(seen.output_token_us),
            seen.quarantine.reason if seen.quarantine else "",
        )

    def _note(self, endpoint: Endpoint, state: State) -> None:
        self._stale = True
        self._meter.breaker(endpoint.id, state)


def _cut_of(catalogue: Catalogue, snapshot: HealthSnapshot) -> Cut:
    content = canonical(snapshot)
    digest = hashlib.sha256(content).hexdigest()
    return Cut(digest, content, snapshot, standings(catalogue, snapshot))


def _average(average: int, sample: int) -> int:
    return sample if average == 0 else average + (sample - average) // _WEIGHT


def _quantise(value: int) -> int:
    """Two significant digits: snapshots change when something did, not with every request."""
    if value < 100:
        return value
    unit: int = 10 ** (len(str(value)) - 2)
    return value // unit * unit
