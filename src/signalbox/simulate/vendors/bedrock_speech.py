"""How Bedrock writes: Converse's replies and frames, vectors, and its words for what goes wrong."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signalbox.domain.reply import Event, Reply
from signalbox.simulate.vendors.openai_words import worded
from signalbox.simulate.vendors.scenario import Fault, FaultKind
from signalbox.simulate.vendors.speech import Trouble
from signalbox.wires import bedrock_embeddings
from signalbox.wires.bedrock import FrameWriter, write_reply
from signalbox.wires.eventstream import FrameParser, encode_frame

EVENT_STREAM: Final = b"application/vnd.amazon.eventstream"
_THROTTLED: Final = "Too many requests, please wait before trying again."

_TROUBLES: Final[dict[FaultKind, Trouble]] = {
    "rate_limited": Trouble(429, "ThrottlingException", _THROTTLED),
    "overloaded": Trouble(
        503, "ServiceUnavailableException", "Bedrock is unable to process your request. Try again later."
    ),
    "server_error": Trouble(
        500,
        "InternalServerException",
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    "unavailable": Trouble(503, "ServiceUnavailableException", "The service isn't currently available."),
    "timeout": Trouble(408, "ModelTimeoutException", "Model has timed out in processing the request."),
    "gateway_timeout": Trouble(504, "GatewayTimeout", "Gateway timeout"),
    "dependency_failed": Trouble(
        424, "ModelErrorException", "The model encountered an error while processing the request."
    ),
    "quota": Trouble(
        400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account."
    ),
    "unauthenticated": Trouble(
        403, "UnrecognizedClientException", "The security token included in the request is invalid."
    ),
    "expired": Trouble(403, "ExpiredTokenException", "The security token included in the request is expired"),
    "forbidden": Trouble(
        403, "AccessDeniedException", "You don't have access to the model with the specified model ID."
    ),
    "clock_skew": Trouble(
        403,
        "InvalidSignatureException",
        "Signature expired: the time of the request is too far from the server's time.",
    ),
    "not_found": Trouble(
        404, "ResourceNotFoundException", "Could not resolve the foundation model from the model identifier."
    ),
    "too_large": Trouble(413, "RequestEntityTooLargeException", "Request is too large."),
    "bad_request": Trouble(400, "ValidationException", "The request is not valid."),
    "content_filter": Trouble(400, "ValidationException", "Output blocked by content filtering policy"),
    "status": Trouble(500, "InternalServerException", "emulated failure"),
}


def trouble(fault: Fault, model: str) -> Trouble:
    """`code` of a fault of the scenario replaces the exception's name, which is all that Bedrock has."""
    found = worded(_TROUBLES, fault, model)
    spent = fault.kind == "rate_limited" and fault.code in ("requests", "tokens")
    if fault.code and not spent:
        return Trouble(found.status, fault.code, found.message)
    if spent and fault.code == "tokens":
        return Trouble(429, found.type, "Too many tokens, please wait before trying again.")
    return found


def error_body(trouble: Trouble) -> bytes:
    return msgspec.json.encode({"message": trouble.message})


class ConverseSpeech:
    def __init__(self, *, stream: bool) -> None:
        self.stream = EVENT_STREAM if stream else b""

    def whole(self, reply: Reply) -> bytes:
        return write_reply(reply, latency_ms=1)

    def frames(self, events: Sequence[Event]) -> list[bytes]:
        writer = FrameWriter(latency_ms=1)
        frames: list[bytes] = []
        for event in events:
            frames += frames_of(writer.event(event))
        return frames + frames_of(writer.end())

    def trouble(self, trouble: Trouble) -> bytes:
        name = trouble.type[:1].lower() + trouble.type[1:]
        return FrameWriter().exception(name, trouble.message)

    def maimed(self, frame: bytes, *, checksum: bool) -> bytes:
        if checksum:
            return frame[:-1] + bytes((frame[-1] ^ 0xFF,))
        (whole,) = FrameParser().feed(frame)
        return encode_frame(whole.headers, whole.payload[: len(whole.payload) // 2])


class VectorsSpeech(ConverseSpeech):
    """What InvokeModel answers for a model of embeddings."""

    def __init__(self, model: str) -> None:
        super().__init__(stream=False)
        self._model = model

    def whole(self, reply: Reply) -> bytes:
        return bedrock_embeddings.write_reply(reply, model=self._model)


def frames_of(data: bytes) -> list[bytes]:
    """Frames written in one piece, one by one: each begins with its own length."""
    frames = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        frames.append(data[at : at + length])
        at += length
    return frames
