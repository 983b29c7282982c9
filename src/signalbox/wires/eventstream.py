"""AWS event stream encoding: frames of headers and payload, each under two checksums; both ways.

    total length · headers length · CRC-32 of these eight bytes      12 bytes, the prelude
    headers                                                          at most 128 KiB
    payload                                                          at most 24 MiB
    CRC-32 of all the bytes before it                                4 bytes

Lengths and checksums are unsigned and big-endian. A header is a name (its length in one byte), the type of
its value in one byte, and the value; `_read_value` knows the types. The format is that
of `botocore.eventstream`, against which the tests hold both directions. It does not know what frames mean.
"""

from collections.abc import Mapping
from struct import Struct as Layout
from typing import Final
from zlib import crc32

from msgspec import Struct

from signalbox.wires.errors import WireError

HEADERS_BYTES_MAX: Final = 128 * 1024
PAYLOAD_BYTES_MAX: Final = 24 * 1024 * 1024
PRELUDE_BYTES: Final = 12
FRAME_BYTES_MIN: Final = PRELUDE_BYTES + 4

Header = str | bool | int | bytes
"""A header's value. A timestamp is milliseconds since the epoch, a UUID its 16 bytes."""

_PRELUDE: Final = Layout("!III")
_WORD: Final = Layout("!I")
_LENGTHS: Final = Layout("!II")
_INTEGERS: Final = {2: Layout("!b"), 3: Layout("!h"), 4: Layout("!i"), 5: Layout("!q"), 8: Layout("!q")}
_BYTES, _TEXT, _UUID = 6, 7, 9
_KNOWN_MAX: Final = 32
_KNOWN_BYTES_MAX: Final = 512


class Frame(Struct, frozen=True):
    headers: Mapping[str, Header]
    payload: bytes


class FrameParser:
    """Feed it any cut of the bytes; the frames come out the same.

    The few different headers that a stream repeats are taken apart once.
    """

    __slots__ = ("_known", "_needed", "_tail")

    def __init__(self) -> None:
        self._tail = bytearray()
        self._needed = PRELUDE_BYTES
        self._known: dict[bytes, Mapping[str, Header]] = {}

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by these bytes.

        Raises `WireError` on a wrong checksum, on a frame over the limits or shorter than it says, and on
        headers that cannot be read; frames of the same bytes are then lost.
        """
        tail = self._tail
        if tail:
            tail += data
            if len(tail) < self._needed:
                return []
            data = bytes(tail)
            tail.clear()
        frames: list[Frame] = []
        start, length = 0, len(data)
        self._needed = PRELUDE_BYTES
        while length - start >= PRELUDE_BYTES:
            total, headers_length, prelude_crc = _PRELUDE.unpack_from(data, start)
            if crc32(data[start : start + 8]) != prelude_crc:
                raise WireError("the checksum of a frame's prelude does not match")
            _check_lengths(total, headers_length)
            end = start + total
            if end > length:
                self._needed = total
                break
            (message_crc,) = _WORD.unpack_from(data, end - 4)
            if crc32(data[start : end - 4]) != message_crc:
                raise WireError("the checksum of a frame does not match")
            head = start + PRELUDE_BYTES + headers_length
            written = data[start + PRELUDE_BYTES : head]
            headers = self._known.get(written)
            frames.append(Frame(headers or self._read(written), data[head : end - 4]))
            start = end
        if start < length:
            tail += data[start:] if start else data
        return frames

    def end(self) -> None:
        """The stream is over. Raises `WireError` if it stopped inside a frame."""
        if self._tail:
            raise WireError("the event stream stopped inside a frame")

    def _read(self, written: bytes) -> Mapping[str, Header]:
        headers = _read_headers(written)
        if len(self._known) < _KNOWN_MAX and len(written) <= _KNOWN_BYTES_MAX:
            self._known[written] = headers
        return headers


def encode_frame(headers: Mapping[str, Header], payload: bytes) -> bytes:
    """Raises `ValueError` for headers or a payload over the limits, or a value that has no encoding."""
    return frame_of(encode_headers(headers), payload)


def frame_of(headers: bytes, payload: bytes) -> bytes:
    """As `encode_frame`, for headers that are encoded already."""
    if len(headers) > HEADERS_BYTES_MAX or len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError("a frame takes 128 KiB of headers and 24 MiB of payload")
    lengths = _LENGTHS.pack(FRAME_BYTES_MIN + len(headers) + len(payload), len(headers))
    frame = b"%b%b%b%b" % (lengths, _WORD.pack(crc32(lengths)), headers, payload)
    return frame + _WORD.pack(crc32(frame))


def encode_headers(headers: Mapping[str, Header]) -> bytes:
    """Integers take four bytes, or eight where they must; timestamps and UUIDs are read and never written."""
    pieces = []
    for name, value in headers.items():
        named = name.encode()
        if not 1 <= len(named) <= 255:
            raise ValueError("a header's name is 1 to 255 bytes long")
        pieces.append(bytes((len(named),)) + named + _write_value(value))
    return b"".join(pieces)


def _write_value(value: Header) -> bytes:
    if isinstance(value, bool):
        return b"\x00" if value else b"\x01"
    if isinstance(value, int):
        kind = 4 if -(2**31) <= value < 2**31 else 5
        if not -(2**63) <= value < 2**63:
            raise ValueError("a header's integer has at most 64 bits")
        return bytes((kind,)) + _INTEGERS[kind].pack(value)
    kind, counted = (_TEXT, value.encode()) if isinstance(value, str) else (_BYTES, value)
    if len(counted) > 32_767:
        raise ValueError("a header's value is at most 32,767 bytes long")
    return bytes((kind,)) + len(counted).to_bytes(2, "big") + counted


def _check_lengths(total: int, headers_length: int) -> None:
    payload_length = total - headers_length - FRAME_BYTES_MIN
    if headers_length > HEADERS_BYTES_MAX:
        raise WireError(f"the headers of a frame are longer than {HEADERS_BYTES_MAX} bytes")
    if payload_length > PAYLOAD_BYTES_MAX:
        raise WireError(f"the payload of a frame is longer than {PAYLOAD_BYTES_MAX} bytes")
    if payload_length < 0:
        raise WireError("a frame is shorter than its headers")


def _read_headers(written: bytes) -> Mapping[str, Header]:
    headers: dict[str, Header] = {}
    at, end = 0, len(written)
    try:
        while at < end:
            value_at = at + 2 + written[at]
            name = written[at + 1 : value_at - 1].decode()
            kind = written[value_at - 1]
            value, at = _read_value(written, kind, value_at)
            if at > end:
                raise WireError("a header of a frame is longer than the headers")
            if name in headers:
                raise WireError("a frame has two headers of one name")
            headers[name] = value
    except (IndexError, UnicodeDecodeError):
        raise WireError("the headers of a frame cannot be read") from None
    return headers


def _read_value(written: bytes, kind: int, at: int) -> tuple[Header, int]:
    """The value at `at`, and where it ends: beyond the end of `written` if that is cut short."""
    if kind in (_TEXT, _BYTES):
        start = at + 2
        end = start + int.from_bytes(written[at:start], "big")
        value = written[start:end]
        return (value.decode() if kind == _TEXT and end <= len(written) else value), end
    if kind <= 1:
        return kind == 0, at
    if kind == _UUID:
        return written[at : at + 16], at + 16
    layout = _INTEGERS.get(kind)
    if layout is None:
        raise WireError("a header of a frame has a type that does not exist")
    end = at + layout.size
    return (layout.unpack_from(written, at)[0] if end <= len(written) else 0), end
