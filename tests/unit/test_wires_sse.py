"""The event stream parser: what an event is, and what stops it."""

import pytest

from signalbox.wires import sse
from signalbox.wires.errors import WireError
from signalbox.wires.sse import EventParser


@pytest.mark.parametrize(
    ("stream", "payloads"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data:a\r\n\r\ndata: b\r\rdata:  c\n\n", [b"a", b"b", b" c"]),
        (b": keep-alive\n\ndata: a\n\n", [b"a"]),
        (b"event: error\nid: 7\nretry: 10\ndata: a\n\n", [b"a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data\n\n", [b""]),
        (b"database: a\n\n", []),
        (b"\n\n\ndata: a\n\n\n\n", [b"a"]),
        (b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", [b"a", b"b"]),
    ],
)
def test_events_of_a_stream(stream: bytes, payloads: list[bytes]) -> None:
    parser = EventParser()
    assert parser.feed(stream) == payloads
    parser.end()


def test_bytes_one_at_a_time_give_the_same_events() -> None:
    parser = EventParser()
    stream = b"\xef\xbb\xbfdata: a\r\ndata: b\r\n\r\n: x\r\rdata: c\n\n"
    assert [p for byte in stream for p in parser.feed(bytes([byte]))] == [b"a\nb", b"c"]
    parser.end()


def test_empty_bytes_between_the_halves_of_a_line_end_change_nothing() -> None:
    parser = EventParser()
    assert [p for piece in (b"data: a\r", b"", b"\n", b"data: b\n\n") for p in parser.feed(piece)] == [
        b"a\nb"
    ]


@pytest.mark.parametrize("rest", [b"d", b"data: a", b"data: a\n", b"data: a\r\n"])
def test_a_stream_that_stops_inside_an_event_is_refused(rest: bytes) -> None:
    parser = EventParser()
    parser.feed(b"data: x\n\n" + rest)
    with pytest.raises(WireError, match="stopped inside an event"):
        parser.end()


def test_an_event_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "EVENT_BYTES_MAX", 100)
    parser = EventParser()
    for _ in range(25):
        parser.feed(b"data")
    with pytest.raises(WireError, match="larger than 100 bytes"):
        parser.feed(b"data")
