"""How Anthropic writes: messages, their events, counts of tokens, and its words for what goes wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from signalbox.domain.reply import Event, Metered, Reply
from signalbox.simulate.vendors.limits import Standing
from signalbox.simulate.vendors.openai_speech import events_of, served_of
from signalbox.simulate.vendors.openai_words import worded
from signalbox.simulate.vendors.scenario import Fault, FaultKind
from signalbox.simulate.vendors.speech import Trouble, maimed_event
from signalbox.wires.anthropic import EventWriter, write_reply
from signalbox.wires.anthropic_usage import write_usage

SSE: Final = b"text/event-stream; charset=utf-8"
_PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
_encode: Final = msgspec.json.Encoder().encode

_TROUBLES: Final[dict[FaultKind, Trouble]] = {
    "rate_limited": Trouble(
        429,
        "rate_limit_error",
        "This request would exceed your organization's rate limit of {what} per minute.",
    ),
    "overloaded": Trouble(529, "overloaded_error", "Overloaded"),
    "server_error": Trouble(500, "api_error", "Internal server error"),
    "unavailable": Trouble(503, "api_error", "Service unavailable"),
    "timeout": Trouble(408, "timeout_error", "Request timeout"),
    "gateway_timeout": Trouble(504, "timeout_error", "Request timed out"),
    "dependency_failed": Trouble(424, "api_error", "A dependency of this request failed"),
    "quota": Trouble(
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade "
        "or purchase credits.",
    ),
    "unauthenticated": Trouble(401, "authentication_error", "invalid x-api-key"),
    "expired": Trouble(401, "authentication_error", "OAuth token has expired"),
    "forbidden": Trouble(
        403, "permission_error", "Your API key does not have permission to use the specified resource"
    ),
    "clock_skew": Trouble(401, "authentication_error", "invalid x-api-key"),
    "not_found": Trouble(404, "not_found_error", "model: {model}"),
    "too_large": Trouble(413, "request_too_large", "Request exceeds the maximum size"),
    "bad_request": Trouble(400, "invalid_request_error", "Invalid request"),
    "content_filter": Trouble(400, "invalid_request_error", "Output blocked by content filtering policy"),
    "status": Trouble(500, "api_error", "emulated failure"),
}


def trouble(fault: Fault, model: str) -> Trouble:
    """A fault's `code` replaces the type; of a bad request it is the detail that SDKs know a feature by."""
    found = worded(_TROUBLES, fault, model)
    if fault.kind == "bad_request":
        return found
    return replace(found, type=found.code, code="") if found.code else found


def error_body(trouble: Trouble, request_id: str = "") -> bytes:
    error: dict[str, Any] = {"type": trouble.type, "message": trouble.message}
    if trouble.code:
        error["details"] = {"error_code": trouble.code}
    body = {"type": "error", "error": error}
    return _encode(body | ({"request_id": request_id} if request_id else {}))


def rate_headers(standing: Standing, now_s: float) -> list[tuple[str, str]]:
    """`anthropic-ratelimit-*`, for the limits that there are; resets are times, not durations."""
    headers = []
    for kind, limit, left, reset_s in (
        ("requests", standing.requests_limit, standing.requests_left, standing.requests_reset_s),
        ("tokens", standing.tokens_limit, standing.tokens_left, standing.tokens_reset_s),
        ("input-tokens", standing.tokens_limit, standing.tokens_left, standing.tokens_reset_s),
    ):
        if limit:
            reset = datetime.fromtimestamp(int(now_s + reset_s), UTC)
            headers += [
                (f"anthropic-ratelimit-{kind}-limit", str(limit)),
                (f"anthropic-ratelimit-{kind}-remaining", str(left)),
                (f"anthropic-ratelimit-{kind}-reset", reset.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ]
    return headers


class MessageSpeech:
    def __init__(self, number: int, *, stream: bool) -> None:
        self.stream = SSE if stream else b""
        self._id = f"msg_emulated{number}"

    def whole(self, reply: Reply) -> bytes:
        return write_reply(reply, id=self._id, model=reply.served_model, extra=None)

    def frames(self, events: Sequence[Event]) -> list[bytes]:
        writer = EventWriter(self._id, served_of(events), 0)
        frames: list[bytes] = []
        for event in events:
            frames += events_of(writer.event(event))
        frames += events_of(writer.end(None))
        return [_with_usage(frames[0], events), _PING, *frames[1:]]

    def trouble(self, trouble: Trouble) -> bytes:
        return b"event: error\ndata: " + error_body(trouble) + b"\n\n"

    def maimed(self, frame: bytes, *, checksum: bool) -> bytes:
        return maimed_event(frame)


class CountSpeech(MessageSpeech):
    """The answer to `count_tokens`."""

    def __init__(self) -> None:
        super().__init__(0, stream=False)

    def whole(self, reply: Reply) -> bytes:
        return _encode({"input_tokens": reply.usage.prompt})


def _with_usage(opening: bytes, events: Sequence[Event]) -> bytes:
    """`message_start` with the input as it was counted, for this vendor knows it before it answers."""
    usage = next(event.usage for event in events if isinstance(event, Metered))
    head, _, data = opening.partition(b"data: ")
    start: dict[str, Any] = msgspec.json.decode(data)
    start["message"]["usage"] |= write_usage(replace(usage, output=1, reasoning=0))
    return head + b"data: " + _encode(start) + b"\n\n"
