"""Our frames against `botocore.eventstream`, in both directions, and what damage must not do."""

import struct
import zlib
from itertools import pairwise
from struct import pack

import pytest
from botocore.eventstream import EventStreamBuffer, ParserError
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.wires.errors import WireError
from signalbox.wires.eventstream import (
    HEADERS_BYTES_MAX,
    PAYLOAD_BYTES_MAX,
    Frame,
    FrameParser,
    Header,
    encode_frame,
)

names = st.text(min_size=1, max_size=20)
values = st.one_of(
    st.text(max_size=50),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=50),
)
frames = st.builds(Frame, st.dictionaries(names, values, max_size=5), st.binary(max_size=300))

# What only a sender of another make writes: every type of value, in its own width.
foreign_values = st.one_of(
    st.just((b"\x00", True)),
    st.just((b"\x01", False)),
    st.integers(-128, 127).map(lambda n: (b"\x02" + pack("!b", n), n)),
    st.integers(-(2**15), 2**15 - 1).map(lambda n: (b"\x03" + pack("!h", n), n)),
    st.integers(0, 2**63 - 1).map(lambda n: (b"\x08" + pack("!q", n), n)),
    st.binary(min_size=16, max_size=16).map(lambda b: (b"\x09" + b, b)),
)


def of_botocore(data: bytes) -> list[Frame]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [Frame(event.headers, event.payload) for event in buffer]


def raw_frame(headers: bytes, payload: bytes) -> bytes:
    lengths = pack("!II", 16 + len(headers) + len(payload), len(headers))
    frame = lengths + pack("!I", zlib.crc32(lengths)) + headers + payload
    return frame + pack("!I", zlib.crc32(frame))


@given(st.lists(frames, max_size=4))
def test_botocore_reads_what_we_write(written: list[Frame]) -> None:
    data = b"".join(encode_frame(frame.headers, frame.payload) for frame in written)
    assert of_botocore(data) == written


@given(st.lists(frames, max_size=4), st.lists(st.integers(0, 2_000), max_size=6))
def test_any_cut_gives_the_same_frames(written: list[Frame], cuts: list[int]) -> None:
    data = b"".join(encode_frame(frame.headers, frame.payload) for frame in written)
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parser = FrameParser()
    read = []
    for start, end in pairwise(bounds):
        read += parser.feed(data[start:end])
    parser.end()
    assert read == written == of_botocore(data)


@given(st.dictionaries(names, foreign_values, max_size=4), st.binary(max_size=20))
def test_every_type_of_value_is_read_as_botocore_reads_it(
    headers: dict[str, tuple[bytes, Header]], payload: bytes
) -> None:
    encoded = b"".join(
        bytes((len(name.encode()),)) + name.encode() + value[0] for name, value in headers.items()
    )
    data = raw_frame(encoded, payload)
    expected = {name: value[1] for name, value in headers.items()}
    assert FrameParser().feed(data) == [Frame(expected, payload)] == of_botocore(data)


@given(frames, st.data())
def test_a_changed_byte_is_noticed(frame: Frame, data: st.DataObject) -> None:
    whole = bytearray(encode_frame(frame.headers, frame.payload))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(WireError, match="checksum"):
        FrameParser().feed(bytes(whole))


@given(frames, st.data())
def test_a_truncated_stream_is_noticed(frame: Frame, data: st.DataObject) -> None:
    whole = encode_frame(frame.headers, frame.payload)
    parser = FrameParser()
    assert parser.feed(whole[: data.draw(st.integers(1, len(whole) - 1))]) == []
    with pytest.raises(WireError, match="inside a frame"):
        parser.end()


@given(st.binary(max_size=60), st.binary(max_size=10))
@settings(max_examples=400)
def test_headers_that_are_none_raise_or_are_what_botocore_reads(headers: bytes, payload: bytes) -> None:
    data = raw_frame(headers, payload)
    try:
        read = FrameParser().feed(data)
    except WireError:
        return
    assert read == of_botocore(data)


@given(st.binary(max_size=60))
def test_noise_never_raises_anything_else(noise: bytes) -> None:
    for data in (noise, raw_frame(noise, b"")):
        try:
            FrameParser().feed(data)
        except WireError:
            continue


@pytest.mark.parametrize(
    ("total", "headers"),
    [
        (16 + HEADERS_BYTES_MAX + 1, HEADERS_BYTES_MAX + 1),
        (16 + PAYLOAD_BYTES_MAX + 1, 0),
        (15, 0),
        (20, 5),
    ],
)
def test_impossible_lengths_are_refused_from_the_prelude_alone(total: int, headers: int) -> None:
    lengths = pack("!II", total, headers)
    prelude = lengths + pack("!I", zlib.crc32(lengths))
    with pytest.raises(WireError):
        FrameParser().feed(prelude)
    if total > 1_000:
        with pytest.raises((ParserError, struct.error)):
            of_botocore(prelude)


def test_the_largest_payload_passes() -> None:
    payload = bytes(PAYLOAD_BYTES_MAX)
    assert FrameParser().feed(encode_frame({}, payload)) == [Frame({}, payload)]
    with pytest.raises(ValueError, match="24 MiB"):
        encode_frame({}, payload + b"x")


@pytest.mark.parametrize("headers", [{"": "x"}, {"n" * 256: "x"}, {"n": "x" * 32_768}, {"n": 2**63}])
def test_headers_without_an_encoding_are_refused(headers: dict[str, Header]) -> None:
    with pytest.raises(ValueError, match="header"):
        encode_frame(headers, b"")


def test_two_headers_of_one_name_are_refused_as_botocore_refuses_them() -> None:
    data = raw_frame(b"\x01a\x00" * 2, b"")
    with pytest.raises(WireError, match="one name"):
        FrameParser().feed(data)
    with pytest.raises(ParserError):
        of_botocore(data)
