"""What has been seen of each endpoint: breakers and moving averages.

Live state is asked at the moment of sending; decisions look only at snapshots of it, cut at a fixed
cadence or when a breaker changes, so that a decision can be made again later from the same figures.
"""

import hashlib
from typing import Final

import msgspec

from signalbox.dispatch.breaker import Breaker, BreakerRules, State
from signalbox.domain.canonical import canonical
from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.failure import REACTIONS, FailureKind
from signalbox.domain.plan import EndpointHealth, HealthSnapshot, size_bucket
from signalbox.domain.standing import Standing, standings
from signalbox.ports.meter import Meter

_WEIGHT: Final = 8  # a new sample weighs one eighth


class Cut(msgspec.Struct, frozen=True):
    """A snapshot with its name and its bytes, and the standings it gives to the catalogue it was cut for."""

    digest: str
    content: bytes
    snapshot: HealthSnapshot
    standings: tuple[Standing, ...]


class _Seen:
    """Moving averages of one endpoint, in µs; 0 until the first sample."""

    __slots__ = ("breaker", "first_token_us", "output_token_us")

    def __init__(self, rules: BreakerRules) -> None:
        self.breaker = Breaker(rules)
        self.first_token_us = [0, 0, 0, 0]
        self.output_token_us = 0


class HealthBook:
    """Keyed by endpoint and credential: a rotated key starts with a clean slate."""

    def __init__(self, rules: BreakerRules, meter: Meter, *, cadence_us: int) -> None:
        self._rules = rules
        self._meter = meter
        self._cadence_us = cadence_us
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._cut: Cut | None = None
        self._cut_for = ""
        self._due_us = 0
        self._stale = True

    def cut(self, catalogue: Catalogue, now_us: int) -> Cut:
        """The snapshot to decide by. `now_us` is monotonic."""
        if (
            self._cut is not None
            and self._cut_for == catalogue.hash
            and now_us < self._due_us
            and not self._stale
        ):
            return self._cut
        snapshot = HealthSnapshot(
            tuple(
                self._health(endpoint, now_us) for endpoint in sorted(catalogue.endpoints, key=lambda e: e.id)
            )
        )
        self._due_us, self._stale = now_us + self._cadence_us, False
        if self._cut is None or self._cut_for != catalogue.hash or self._cut.snapshot != snapshot:
            content = canonical(snapshot)
            self._cut = Cut(
                hashlib.sha256(content).hexdigest(), content, snapshot, standings(catalogue, snapshot)
            )
            self._cut_for = catalogue.hash
        return self._cut

    def admit(self, endpoint: Endpoint, now_us: int) -> bool:
        """Whether the breaker lets an attempt start now; if so, `ended` is owed."""
        breaker = self._of(endpoint).breaker
        before = breaker.state
        admitted = breaker.admit(now_us)
        self._note(endpoint, before, breaker.state)
        return admitted

    def ended(self, endpoint: Endpoint, failure: FailureKind | None, now_us: int) -> None:
        """The attempt ended, well if `failure` is None."""
        breaker = self._of(endpoint).breaker
        before = breaker.state
        if failure is None:
            breaker.succeeded()
        elif REACTIONS[failure].breaker:
            breaker.failed(now_us)
        else:
            breaker.abandoned()
        self._note(endpoint, before, breaker.state)

    def measured(
        self, endpoint: Endpoint, tokens_in: int, first_token_us: int, tokens_out: int, rest_us: int
    ) -> None:
        """Feed the averages from an attempt that went well. `first_token_us` 0: not streamed, so `rest_us`
        holds the whole time and only the per-token average can learn from it."""
        seen = self._of(endpoint)
        if first_token_us:
            bucket = size_bucket(tokens_in)
            seen.first_token_us[bucket] = _average(seen.first_token_us[bucket], first_token_us)
        if tokens_out > 1:
            expected = 0 if first_token_us else seen.first_token_us[size_bucket(tokens_in)]
            seen.output_token_us = _average(seen.output_token_us, max(1, (rest_us - expected) // tokens_out))

    def state(self, endpoint: Endpoint) -> State:
        return self._of(endpoint).breaker.state

    def _of(self, endpoint: Endpoint) -> _Seen:
        key = (endpoint.id, endpoint.transport.credential)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = _Seen(self._rules)
        return seen

    def _health(self, endpoint: Endpoint, now_us: int) -> EndpointHealth:
        seen = self._of(endpoint)
        first = seen.first_token_us
        return EndpointHealth(
            endpoint.id,
            seen.breaker.waiting(now_us),
            (_quantise(first[0]), _quantise(first[1]), _quantise(first[2]), _quantise(first[3])),
            _quantise(seen.output_token_us),
        )

    def _note(self, endpoint: Endpoint, before: State, after: State) -> None:
        if before != after:
            self._stale = True
            self._meter.breaker(endpoint.id, after)


def _average(average: int, sample: int) -> int:
    return sample if average == 0 else average + (sample - average) // _WEIGHT


def _quantise(value: int) -> int:
    """Two significant digits: snapshots change when something did, not with every request."""
    if value < 100:
        return value
    unit: int = 10 ** (len(str(value)) - 2)
    return value // unit * unit
