"""Counters for Prometheus.

The hot path adds to plain integers; the exposition format is built by `prometheus_client` when somebody
scrapes. Label values come from the catalogue, the tenants and our own error codes, so their number is
bounded.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

_BOUNDS_US: Final = (1_000, 5_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000, 15_000_000, 60_000_000)
_BREAKER: Final = {"closed": 0, "half-open": 1, "open": 2}


class _Histogram:
    """Counts by bound and the sum, in µs."""

    __slots__ = ("counts", "sum_us")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS_US) + 1)
        self.sum_us = 0

    def observe(self, elapsed_us: int) -> None:
        self.counts[bisect_left(_BOUNDS_US, elapsed_us)] += 1
        self.sum_us += elapsed_us

    def cumulative(self) -> list[tuple[str, float]]:
        total, buckets = 0, []
        for bound, count in zip((*_BOUNDS_US, None), self.counts, strict=True):
            total += count
            buckets.append((str(bound / 1_000_000) if bound is not None else "+Inf", float(total)))
        return buckets


class PrometheusMeter(Collector):
    """Implements `ports.meter.Meter`; `exposition` is what `/metrics` serves."""

    def __init__(self) -> None:
        self._requests: defaultdict[tuple[str, str, str], _Histogram] = defaultdict(_Histogram)
        self._attempts: defaultdict[tuple[str, str, str], _Histogram] = defaultdict(_Histogram)
        self._tokens: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._breakers: dict[str, str] = {}
        self._gauges: dict[str, float] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def request(self, tenant: str, dialect: str, code: str, elapsed_us: int) -> None:
        self._requests[tenant, dialect, code].observe(elapsed_us)

    def attempt(self, endpoint: str, status: str, failure: str, elapsed_us: int) -> None:
        self._attempts[endpoint, status, failure].observe(elapsed_us)

    def tokens(self, endpoint: str, input_tokens: int, output_tokens: int, cost_nanos: int) -> None:
        counts = self._tokens[endpoint]
        counts[0] += input_tokens
        counts[1] += output_tokens
        counts[2] += cost_nanos

    def breaker(self, endpoint: str, state: str) -> None:
        self._breakers[endpoint] = state

    def gauge(self, name: str, value: float) -> None:
        """A figure about the process that is known at scrape time only, `signalbox_NAME`."""
        self._gauges[name] = value

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
        for labels, histogram in list(self._attempts.items()):
            attempts.add_metric(labels, histogram.cumulative(), histogram.sum_us / 1_000_000)
        yield attempts
        tokens = CounterMetricFamily(
            "signalbox_tokens", "Tokens of attempts that went well", labels=["endpoint", "direction"]
        )
        cost = CounterMetricFamily(
            "signalbox_cost_nanos",
            "Cost of attempts that went well, 1e-9 of the price's currency",
            labels=["endpoint"],
        )
        for endpoint, (put_in, put_out, nanos) in list(self._tokens.items()):
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
        for name, value in self._gauges.items():
            yield GaugeMetricFamily(f"signalbox_{name}", name.replace("_", " "), value=value)
