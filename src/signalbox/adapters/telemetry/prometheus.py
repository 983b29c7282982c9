"""Counters for Prometheus.

The hot path adds to plain integers; the exposition format is built by `prometheus_client` when somebody
scrapes. Label values come from the catalogue, the tenants and our own error codes, so their number is
bounded.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from signalbox.ports.meter import EndpointState

_BOUNDS_US: Final = (1_000, 5_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000, 15_000_000, 60_000_000)
_STATES: Final[tuple[tuple[str, str, Callable[[EndpointState], float]], ...]] = (
    ("quarantined", "1 while an operator has to look into it", lambda state: float(bool(state.quarantined))),
    ("in_flight", "Requests in flight", lambda state: state.in_flight),
    ("waiting", "Requests that wait for a place", lambda state: state.waiting),
    ("concurrency_limit", "Requests at once that it is trusted with", lambda state: state.concurrency),
    ("retries_left", "Retries and hedges that its budget has left", lambda state: state.retries_left),
)
_BREAKER: Final = {"closed": 0, "half-open": 1, "open": 2}


class _Histogram:
    """Counts by bound, as `bisect_left` finds it, and the sum, in µs."""

    __slots__ = ("counts", "sum_us")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS_US) + 1)
        self.sum_us = 0

    def add(self, other: "_Histogram") -> None:
        self.counts = [ours + theirs for ours, theirs in zip(self.counts, other.counts, strict=True)]
        self.sum_us += other.sum_us

    def cumulative(self) -> list[tuple[str, float]]:
        total, buckets = 0, []
        for bound, count in zip((*_BOUNDS_US, None), self.counts, strict=True):
            total += count
            buckets.append((str(bound / 1_000_000) if bound is not None else "+Inf", float(total)))
        return buckets


class _Attempts(_Histogram):
    """Attempts that ended alike, with what they used."""

    __slots__ = ("cost_nanos", "tokens_in", "tokens_out")

    def __init__(self) -> None:
        super().__init__()
        self.tokens_in = 0
        self.tokens_out = 0
        self.cost_nanos = 0


class PrometheusMeter(Collector):
    """Implements `ports.meter.Meter`; `exposition` is what `/metrics` serves."""

    def __init__(self) -> None:
        self._requests: defaultdict[tuple[str, str, str], _Histogram] = defaultdict(_Histogram)
        self._attempts: defaultdict[tuple[str, str, str, str], _Attempts] = defaultdict(_Attempts)
        self._breakers: dict[str, str] = {}
        self._hops: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._quarantines: defaultdict[str, int] = defaultdict(int)
        self._states: Sequence[EndpointState] = ()
        self._gauges: dict[str, float] = {}
        self._totals: dict[str, float] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def request(self, tenant: str, dialect: str, code: str, elapsed_us: int) -> None:
        histogram = self._requests[tenant, dialect, code]
        histogram.counts[bisect_left(_BOUNDS_US, elapsed_us)] += 1
        histogram.sum_us += elapsed_us

    def attempt(
        self,
        endpoint: str,
        status: str,
        failure: str,
        authorised: str,
        elapsed_us: int,
        tokens_in: int,
        tokens_out: int,
        cost_nanos: int,
    ) -> None:
        alike = self._attempts[endpoint, status, failure, authorised]
        alike.counts[bisect_left(_BOUNDS_US, elapsed_us)] += 1
        alike.sum_us += elapsed_us
        alike.tokens_in += tokens_in
        alike.tokens_out += tokens_out
        alike.cost_nanos += cost_nanos

    def breaker(self, endpoint: str, state: str) -> None:
        self._breakers[endpoint] = state

    def hop(self, endpoint: str, hop: str) -> None:
        self._hops[endpoint, hop] += 1

    def quarantine(self, endpoint: str) -> None:
        self._quarantines[endpoint] += 1

    def endpoints(self, states: Sequence[EndpointState]) -> None:
        """How the endpoints stand at scrape time."""
        self._states = states
        self._breakers.update({state.endpoint: state.breaker for state in states})

    def gauge(self, name: str, value: float) -> None:
        """A figure about the process that is known at scrape time only, `signalbox_NAME`."""
        self._gauges[name] = value

    def total(self, name: str, value: float) -> None:
        """As `gauge`, of a figure that only grows: `signalbox_NAME_total`."""
        self._totals[name] = value

    def exposition(self) -> bytes:
        return generate_latest(self._registry)

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        requests = HistogramMetricFamily(
            "signalbox_request_seconds", "Requests by outcome", labels=["tenant", "dialect", "code"]
        )
        for labels, histogram in list(self._requests.items()):
            requests.add_metric(labels, histogram.cumulative(), histogram.sum_us / 1_000_000)
        yield requests
        attempts = HistogramMetricFamily(
            "signalbox_attempt_seconds", "Attempts by outcome", labels=["endpoint", "status", "failure"]
        )
        by_outcome, used, answered = self._told_apart()
        for outcome, histogram in by_outcome.items():
            attempts.add_metric(outcome, histogram.cumulative(), histogram.sum_us / 1_000_000)
        yield attempts
        tokens = CounterMetricFamily(
            "signalbox_tokens", "Tokens of attempts that went well", labels=["endpoint", "direction"]
        )
        cost = CounterMetricFamily(
            "signalbox_cost_nanos",
            "Cost of attempts that went well, 1e-9 of the price's currency",
            labels=["endpoint"],
        )
        for endpoint, (put_in, put_out, nanos) in used.items():
            tokens.add_metric([endpoint, "input"], put_in)
            tokens.add_metric([endpoint, "output"], put_out)
            cost.add_metric([endpoint], nanos)
        yield tokens
        yield cost
        breakers = GaugeMetricFamily(
            "signalbox_breaker_state", "0 closed, 1 half-open, 2 open", labels=["endpoint"]
        )
        for endpoint, state in list(self._breakers.items()):
            breakers.add_metric([endpoint], _BREAKER[state])
        yield breakers
        hops = CounterMetricFamily(
            "signalbox_hops", "Attempts that were not a request's first", labels=["endpoint", "hop"]
        )
        for (endpoint, hop), count in list(self._hops.items()):
            hops.add_metric([endpoint, hop], count)
        yield hops
        authorised = CounterMetricFamily(
            "signalbox_authorised",
            "Attempts sent, by whether who answered is who was authorised, as far as was reported",
            labels=["endpoint", "authorised"],
        )
        for (endpoint, how), count in answered.items():
            authorised.add_metric([endpoint, how], count)
        yield authorised
        quarantines = CounterMetricFamily(
            "signalbox_quarantines", "How often it was quarantined", labels=["endpoint"]
        )
        for endpoint, count in list(self._quarantines.items()):
            quarantines.add_metric([endpoint], count)
        yield quarantines
        for name, meaning, value_of in _STATES:
            family = GaugeMetricFamily(f"signalbox_endpoint_{name}", meaning, labels=["endpoint"])
            for standing in self._states:
                family.add_metric([standing.endpoint], value_of(standing))
            yield family
        for name, value in self._totals.items():
            yield CounterMetricFamily(f"signalbox_{name}", name.replace("_", " "), value=value)
        for name, value in self._gauges.items():
            yield GaugeMetricFamily(f"signalbox_{name}", name.replace("_", " "), value=value)

    def _told_apart(
        self,
    ) -> tuple[dict[tuple[str, str, str], _Histogram], dict[str, list[int]], dict[tuple[str, str], int]]:
        """Attempts by outcome; by endpoint what those that went well used; and by who was found to answer."""
        by_outcome: defaultdict[tuple[str, str, str], _Histogram] = defaultdict(_Histogram)
        used: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        answered: defaultdict[tuple[str, str], int] = defaultdict(int)
        for (endpoint, status, failure, authorised), alike in list(self._attempts.items()):
            by_outcome[endpoint, status, failure].add(alike)
            if status == "ok":
                counts = used[endpoint]
                counts[0] += alike.tokens_in
                counts[1] += alike.tokens_out
                counts[2] += alike.cost_nanos
            if authorised:
                answered[endpoint, authorised] += sum(alike.counts)
        return by_outcome, used, answered
