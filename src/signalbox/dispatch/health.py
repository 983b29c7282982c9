"""What has been seen of each endpoint: places taken, breaker, moving averages.

Live state is asked at the moment of sending; decisions look only at snapshots of it, cut at a fixed
cadence or when a breaker changes, so that a decision can be made again later from the same figures.
"""

import hashlib
from typing import Final

from msgspec import Struct

from signalbox.dispatch.breaker import Breaker, BreakerRules, State
from signalbox.dispatch.turnstile import Turnstile
from signalbox.domain.canonical import canonical
from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.failure import REACTIONS, FailureKind
from signalbox.domain.plan import EndpointHealth, HealthSnapshot, size_bucket
from signalbox.domain.standing import Standing, standings
from signalbox.ports.meter import Meter

_WEIGHT: Final = 8  # a new sample weighs one eighth


class Cut(Struct, frozen=True):
    """A snapshot with its name and its bytes, and the standings it gives to the catalogue it was cut for."""

    digest: str
    content: bytes
    snapshot: HealthSnapshot
    standings: tuple[Standing, ...]


class Seen:
    """One endpoint under one credential. Averages in µs; 0 until the first sample."""

    __slots__ = ("breaker", "first_token_us", "output_token_us", "turnstile")

    def __init__(self, rules: BreakerRules) -> None:
        self.turnstile = Turnstile()
        self.breaker = Breaker(rules)
        self.first_token_us = [0, 0, 0, 0]
        self.output_token_us = 0

    def measured(self, tokens_in: int, first_token_us: int, tokens_out: int, rest_us: int) -> None:
        """Feed the averages from an attempt that went well. `first_token_us` 0: not streamed, so `rest_us`
        holds the whole time and only the per-token average can learn from it."""
        bucket = size_bucket(tokens_in)
        first = self.first_token_us[bucket]
        if first_token_us:
            self.first_token_us[bucket] = _average(first, first_token_us)
        if tokens_out > 1:
            expected = 0 if first_token_us else first
            self.output_token_us = _average(self.output_token_us, max(1, (rest_us - expected) // tokens_out))


class HealthBook:
    """Keyed by endpoint and credential: a rotated key starts with a clean slate."""

    def __init__(self, rules: BreakerRules, meter: Meter, *, cadence_us: int) -> None:
        self._rules = rules
        self._meter = meter
        self._cadence_us = cadence_us
        self._seen: dict[tuple[str, str], Seen] = {}
        self._cut: Cut | None = None
        self._cut_for = ""
        self._due_us = 0
        self._stale = True

    def of(self, endpoint: Endpoint) -> Seen:
        key = (endpoint.id, endpoint.transport.credential)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = Seen(self._rules)
        return seen

    def cut(self, catalogue: Catalogue, now_us: int) -> Cut:
        """The snapshot to decide by. `now_us` is monotonic."""
        cut = self._cut
        if cut is not None and now_us < self._due_us and not self._stale and self._cut_for == catalogue.hash:
            return cut
        snapshot = HealthSnapshot(
            tuple(
                self._health(endpoint, now_us) for endpoint in sorted(catalogue.endpoints, key=lambda e: e.id)
            )
        )
        self._due_us, self._stale = now_us + self._cadence_us, False
        if cut is None or self._cut_for != catalogue.hash or cut.snapshot != snapshot:
            content = canonical(snapshot)
            digest = hashlib.sha256(content).hexdigest()
            cut = self._cut = Cut(digest, content, snapshot, standings(catalogue, snapshot))
            self._cut_for = catalogue.hash
        return cut

    def admit(self, endpoint: Endpoint, seen: Seen, now_us: int) -> bool:
        """Whether the breaker lets an attempt start now; if so, `ended` is owed."""
        breaker = seen.breaker
        if breaker.state == "closed":
            return True
        before = breaker.state
        admitted = breaker.admit(now_us)
        self._note(endpoint, before, breaker.state)
        return admitted

    def ended(self, endpoint: Endpoint, seen: Seen, failure: FailureKind | None, now_us: int) -> None:
        """The attempt ended, well if `failure` is None."""
        breaker = seen.breaker
        before = breaker.state
        if failure is None:
            breaker.succeeded()
        elif REACTIONS[failure].breaker:
            breaker.failed(now_us)
        else:
            breaker.abandoned()
        if breaker.state != before:
            self._note(endpoint, before, breaker.state)

    def state(self, endpoint: Endpoint) -> State:
        return self.of(endpoint).breaker.state

    def _health(self, endpoint: Endpoint, now_us: int) -> EndpointHealth:
        seen = self.of(endpoint)
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
