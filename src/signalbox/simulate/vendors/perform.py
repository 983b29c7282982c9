"""A vendor's answer, and what goes wrong with it, as a score. Pure, but for the pauses it is handed."""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from signalbox.simulate.score import HTML, LAST_CHUNK, NOT_HTTP, Step, chunk, page, stream_head
from signalbox.simulate.vendors.answer import Answer
from signalbox.simulate.vendors.scenario import Fault, FaultKind
from signalbox.simulate.vendors.speech import Speech, Trouble

ERRORS: Final[frozenset[FaultKind]] = frozenset(
    (
        "rate_limited", "overloaded", "server_error", "unavailable", "timeout", "gateway_timeout",
        "dependency_failed", "quota", "unauthenticated", "expired", "forbidden", "clock_skew", "not_found",
        "too_large", "bad_request", "status",
    )
)  # fmt: skip
"""Faults that are an error in place of the reply."""

_STRIKES_MIDWAY: Final[frozenset[FaultKind]] = frozenset(
    (
        "throttled_mid", "error_mid", "half_frame", "bad_crc", "early_eof", "silent", "reset_mid",
        "truncated_json",
    )
)  # fmt: skip


class Pace(Struct, frozen=True):
    """`first_s` before the first content; `token_s()` before each piece after it."""

    first_s: float
    token_s: Callable[[], float]


def perform(
    speech: Speech, answer: Answer, fault: Fault, trouble: Trouble, pace: Pace, headers: bytes, body: bytes
) -> Iterator[Step]:
    """`trouble` is what an error within the reply says, `body` the same as the body of a page."""
    match fault.kind:
        case "hang":
            yield "hang"
        case "reset_before":
            yield "reset"
        case "garbage":
            yield NOT_HTTP
            yield "close"
        case "wrong_type":
            yield page(200, HTML, kind=b"text/html", headers=headers)
            yield "keep"
        case "error_body" if not speech.stream:
            yield page(200, body, headers=headers)
            yield "keep"
        case _ if speech.stream:
            yield from _stream(speech, answer, fault, trouble, pace, headers)
        case _:
            yield from _whole(speech, answer, fault, pace, headers)


def _whole(speech: Speech, answer: Answer, fault: Fault, pace: Pace, headers: bytes) -> Iterator[Step]:
    wait_s = pace.first_s + sum(pace.token_s() for _ in range(answer.reply.usage.output))
    if wait_s:
        yield wait_s
    body = speech.whole(answer.reply)
    reply = page(200, body[: len(body) // 2] if fault.kind == "truncated_json" else body, headers=headers)
    middle = len(reply) - len(body) // 2
    match fault.kind:
        case "reset_mid":
            yield reply[:middle]
            yield 0.0
            yield "reset"
        case "early_eof" | "half_frame":
            yield reply[:middle]
            yield "close"
        case "silent":
            yield reply[:middle]
            yield "hang"
        case "reset_after":
            yield reply
            yield "reset"
        case "drip":
            yield from _dripped(reply, fault)
            yield "keep"
        case _:
            yield reply
            yield "keep"


def _stream(
    speech: Speech, answer: Answer, fault: Fault, trouble: Trouble, pace: Pace, headers: bytes
) -> Iterator[Step]:
    yield stream_head(speech.stream, headers)
    if fault.kind == "error_body":
        yield chunk(speech.trouble(trouble))
        yield LAST_CHUNK
        yield "keep"
        return
    if pace.first_s:
        yield pace.first_s
    frames = speech.frames(answer.events)
    broken = len(frames) // 2 if fault.kind in _STRIKES_MIDWAY else -1
    for place, frame in enumerate(frames):
        if place == broken:
            yield from _breakdown(speech, frame, fault, trouble)
            return
        if fault.kind == "drip":
            for at in range(len(frame)):
                yield chunk(frame[at : at + 1])
                yield fault.drip_ms / 1000
            continue
        yield chunk(frame)
        pause_s = pace.token_s()
        if pause_s:
            yield pause_s
    yield LAST_CHUNK
    yield "reset" if fault.kind == "reset_after" else "keep"


def _breakdown(speech: Speech, frame: bytes, fault: Fault, trouble: Trouble) -> Iterator[Step]:
    match fault.kind:
        case "reset_mid":
            # What was written so far is on its way before the reset overtakes it.
            yield 0.0
            yield "reset"
            return
        case "silent":
            yield "hang"
            return
        case "half_frame":
            yield chunk(frame[: len(frame) // 2])
        case "bad_crc" | "truncated_json":
            yield chunk(speech.maimed(frame, checksum=fault.kind == "bad_crc"))
        case "throttled_mid" | "error_mid":
            yield chunk(speech.trouble(trouble))
        case _:  # early_eof
            pass
    yield LAST_CHUNK
    yield "keep"


def _dripped(data: bytes, fault: Fault) -> Iterator[Step]:
    for place in range(len(data)):
        yield data[place : place + 1]
        yield fault.drip_ms / 1000
