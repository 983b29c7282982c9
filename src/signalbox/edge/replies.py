"""What a reply says of itself in its headers, and a stream in its last chunk."""

from typing import Any, Final

from signalbox.decided import Decided
from signalbox.dispatch.attempt import Settlement
from signalbox.dispatch.delivery import Delivery
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.traits import SENSITIVITY_LABELS

_HeaderList = list[tuple[bytes, bytes]]
_ALIKE_MAX: Final = 10_000
_SENSITIVITY: Final = tuple(label.encode() for label in SENSITIVITY_LABELS)


class ReplyHeaders:
    """Builds `X-Signalbox-*` and `Server-Timing`; keeps what many replies say alike. `request_id` is the
    header in which the dialect's SDKs look for a name of the request: the decision's."""

    def __init__(self, request_id: bytes) -> None:
        self._request_id = request_id
        self._alike: dict[tuple[object, ...], tuple[Endpoint, _HeaderList]] = {}

    def build(
        self, decided: Decided, delivery: Delivery, came_us: int, now_us: int, mode: bytes
    ) -> _HeaderList:
        """Times are monotonic µs: `came_us` when the request was first seen, `now_us` when it is answered.
        `mode` is the stream's."""
        settlement = delivery.settlement
        decision = decided.id.encode()
        headers = [
            (b"x-signalbox-decision", decision),
            (self._request_id, decision),
            (b"server-timing", server_timing(decided, came_us, now_us)),
            *self._shared(decided, delivery, mode),
        ]
        if delivery.notes:
            headers.append((b"x-signalbox-notes", "; ".join(delivery.notes).encode()))
        if delivery.cache_status:
            headers.append((b"cache-status", delivery.cache_status))
        if settlement is not None:
            headers.append((b"x-signalbox-cost", str(settlement.cost).encode()))
        return headers

    def _shared(self, decided: Decided, delivery: Delivery, mode: bytes) -> _HeaderList:
        endpoint, traits = delivery.endpoint, decided.traits
        why = reason(delivery)
        key = (id(endpoint), traits.task, traits.sensitivity, why, mode)
        known = self._alike.get(key)
        if known is not None and known[0] is endpoint:
            return known[1]
        headers = [
            (b"x-signalbox-endpoint", endpoint.id.encode()),
            (b"x-signalbox-model", f"{endpoint.model}@{endpoint.model_version}".encode()),
            (b"x-signalbox-vendor", endpoint.vendor.encode()),
            (b"x-signalbox-region", endpoint.region.encode()),
            (b"x-signalbox-task", traits.task.encode()),
            (b"x-signalbox-sensitivity", _SENSITIVITY[traits.sensitivity]),
            (b"x-signalbox-reason", why.encode()),
            (b"x-signalbox-stream-mode", mode),
        ]
        if len(self._alike) > _ALIKE_MAX:  # catalogues come and go with reloads
            self._alike.clear()
        self._alike[key] = (endpoint, headers)
        return headers


def reason(delivery: Delivery) -> str:
    """Why this endpoint: its place in the plan, and that others had failed before it."""
    if delivery.number == 1:
        return delivery.planned.reason
    return f"attempt {delivery.number}: {delivery.planned.reason}"


def server_timing(decided: Decided, came_us: int, now_us: int) -> bytes:
    """Milliseconds by stage: receive (read, authenticate, parse), classify, policy, rank, dispatch."""
    started, classified, judged, ranked = decided.marks_us
    return b"receive;dur=%.3f, classify;dur=%.3f, policy;dur=%.3f, rank;dur=%.3f, dispatch;dur=%.3f" % (
        (started - came_us) / 1_000,
        (classified - started) / 1_000,
        (judged - classified) / 1_000,
        (ranked - judged) / 1_000,
        (now_us - ranked) / 1_000,
    )


def settled(delivery: Delivery) -> Settlement:
    """What it came to; known at the end only."""
    assert delivery.settlement is not None  # noqa: S101 - see above
    return delivery.settlement


def trailer(decided: Decided, delivery: Delivery) -> dict[str, Any]:
    """What only the end of a stream knows, for its last chunk."""
    settlement = settled(delivery)
    return {
        "decision": decided.id,
        "endpoint": delivery.endpoint.id,
        "cost": str(settlement.cost),
        "usage_estimated": settlement.usage.estimated,
    }
