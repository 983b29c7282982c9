"""What a reply says of itself in its headers, and a stream in its last chunk."""

from typing import Any, Final

from signalbox.decided import Decided
from signalbox.dispatch.attempt import Settlement
from signalbox.dispatch.delivery import Delivery
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.traits import SENSITIVITY_LABELS, Traits

_ALIKE_MAX: Final = 10_000
_SENSITIVITY: Final = tuple(label.encode() for label in SENSITIVITY_LABELS)
_OWN: Final = (
    b"x-signalbox-decision: %%b\r\n%b: %%b\r\nserver-timing: receive;dur=%%.3f, classify;dur=%%.3f, "
    b"policy;dur=%%.3f, rank;dur=%%.3f, dispatch;dur=%%.3f\r\n%b"
)


class ReplyHeaders:
    """Writes `X-Signalbox-*` and `Server-Timing`, in lines as they are sent; keeps what many replies say
    alike. `request_id` is the header in which the dialect's SDKs look for a name of the request: the
    decision's."""

    def __init__(self, request_id: bytes) -> None:
        self._request_id = request_id
        self._alike: dict[tuple[object, ...], tuple[Endpoint, bytes]] = {}

    def build(self, decided: Decided, delivery: Delivery, came_us: int, now_us: int, mode: bytes) -> bytes:
        """Times are monotonic µs: `came_us` when the request was first seen, `now_us` when it is answered.
        `mode` is the stream's. Stages are told in milliseconds: receive (read, authenticate, parse),
        classify, policy, rank, dispatch."""
        decision = decided.id.encode()
        started, classified, judged, ranked = decided.marks_us
        # INVARIANT: nothing that is filled in here can end a line: our own id, numbers, an ISO 4217 code.
        lines = self._alike_for(decided.traits, delivery, mode) % (
            decision,
            decision,
            (started - came_us) / 1_000,
            (classified - started) / 1_000,
            (judged - classified) / 1_000,
            (ranked - judged) / 1_000,
            (now_us - ranked) / 1_000,
        )
        if delivery.notes:
            lines += line(b"x-signalbox-notes", "; ".join(delivery.notes).encode())
        if delivery.cache_status:
            lines += line(b"cache-status", delivery.cache_status)
        if delivery.settlement is not None:
            lines += b"x-signalbox-cost: %b\r\n" % str(delivery.settlement.cost).encode()
        return lines

    def _alike_for(self, traits: Traits, delivery: Delivery, mode: bytes) -> bytes:
        """The lines, in which a reply's own is to be filled in. They say why this endpoint: its place in the
        plan, and that others had failed before it."""
        endpoint = delivery.endpoint
        why = delivery.planned.reason
        if delivery.number > 1:
            why = f"attempt {delivery.number}: {why}"
        key = (id(endpoint), traits.task, traits.sensitivity, why, mode)
        known = self._alike.get(key)
        if known is not None and known[0] is endpoint:
            return known[1]
        shared = (
            line(b"x-signalbox-endpoint", endpoint.id.encode())
            + line(b"x-signalbox-model", f"{endpoint.model}@{endpoint.model_version}".encode())
            + line(b"x-signalbox-vendor", endpoint.vendor.encode())
            + line(b"x-signalbox-region", endpoint.region.encode())
            + line(b"x-signalbox-task", traits.task.encode())
            + line(b"x-signalbox-sensitivity", _SENSITIVITY[traits.sensitivity])
            + line(b"x-signalbox-reason", why.encode())
            + line(b"x-signalbox-stream-mode", mode)
        )
        lines = _OWN % (self._request_id, shared.replace(b"%", b"%%"))
        if len(self._alike) > _ALIKE_MAX:  # catalogues come and go with reloads
            self._alike.clear()
        self._alike[key] = (endpoint, lines)
        return lines


def line(name: bytes, value: bytes) -> bytes:
    """A header as it is sent. Raises `RuntimeError` for a value that would break the head of the answer."""
    if b"\n" in value or b"\r" in value or b"\0" in value:
        raise RuntimeError("a header of the answer would break its head")
    return b"%b: %b\r\n" % (name, value)


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
