"""What crosses the Chat Completions wire, byte for byte: client → vendor and vendor → client."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from signalbox.normalise.collect import Collector
from signalbox.wires.openai_chat import (
    ChunkReader,
    ChunkWriter,
    read_reply,
    read_request,
    write_reply,
    write_request,
)

HERE = Path(__file__).parent / "openai_chat"
EXTRA = {"decision": "0192f0c1d2e3", "endpoint": "azure-eu", "cost": "0.000012000 USD"}
ID = "chatcmpl-0192f0c1d2e3"


def inputs(ending: str) -> list[str]:
    return sorted(path.name.removesuffix(ending) for path in HERE.glob(f"*{ending}"))


def pretty(body: bytes) -> bytes:
    return msgspec.json.format(body, indent=2) + b"\n"


@pytest.mark.parametrize("case", inputs(".client-request.json"))
def test_requests(case: str, golden: Callable[[Path, bytes], None]) -> None:
    call = read_request((HERE / f"{case}.client-request.json").read_bytes())
    golden(HERE / f"{case}.domain-request.json", pretty(msgspec.json.encode(call)))
    vendor = write_request(call.request, model="gpt-vendor", stream=call.request.stream).body
    golden(HERE / f"{case}.vendor-request.json", pretty(vendor))


@pytest.mark.parametrize("case", inputs(".vendor-reply.json"))
def test_replies(case: str, golden: Callable[[Path, bytes], None]) -> None:
    reply = read_reply((HERE / f"{case}.vendor-reply.json").read_bytes())
    golden(
        HERE / f"{case}.client-reply.json", pretty(write_reply(reply, id=ID, model="gpt-public", extra=EXTRA))
    )


@pytest.mark.parametrize("case", inputs(".vendor-stream.sse"))
def test_streams(case: str, golden: Callable[[Path, bytes], None]) -> None:
    reader, writer = ChunkReader(), ChunkWriter(ID, "gpt-public", 1_790_000_000, include_usage=True)
    collector = Collector()
    sent = b""
    for event in reader.feed((HERE / f"{case}.vendor-stream.sse").read_bytes()):
        collector.add(event)
        sent += writer.event(event)
    reader.end()
    golden(HERE / f"{case}.client-stream.sse", sent + writer.end(EXTRA))
    golden(HERE / f"{case}.domain-reply.json", pretty(msgspec.json.encode(collector.reply())))


def test_every_kind_has_cases() -> None:
    assert all(inputs(e) for e in (".client-request.json", ".vendor-reply.json", ".vendor-stream.sse"))
