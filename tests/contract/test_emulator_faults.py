"""Every fault at every vendor, whole and streamed: it shows as promised, ends, and leaves nothing open."""

import asyncio
import socket
import ssl
from collections import Counter
from typing import Any, Final

import msgspec
import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from signalbox.simulate.harm import UNRESOLVABLE, refusing_port, strangers_context
from signalbox.simulate.vendors.anthropic import AnthropicVendor
from signalbox.simulate.vendors.azure_foundry import AzureFoundryVendor
from signalbox.simulate.vendors.azure_openai import AzureOpenAIVendor
from signalbox.simulate.vendors.bedrock import BedrockVendor
from signalbox.simulate.vendors.openai import OpenAIVendor
from signalbox.simulate.vendors.scenario import FAULT_KINDS, Behaviour, Chance, Fault, FaultKind, Scenario
from signalbox.simulate.vendors.vendor import Vendor

CHAT: Final = {"messages": [{"role": "user", "content": "Hi"}], "model": "m", "max_tokens": 50}
CONVERSE: Final = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
VENDORS: Final[dict[str, tuple[type[Vendor], str, str, Any]]] = {
    "openai": (OpenAIVendor, "/v1/chat/completions", "", CHAT),
    "responses": (OpenAIVendor, "/v1/responses", "", {"model": "m", "input": "Hi"}),
    "azure": (AzureOpenAIVendor, "/openai/deployments/m/chat/completions?api-version=2024-10-21", "", CHAT),
    "foundry": (AzureFoundryVendor, "/models/chat/completions?api-version=2024-05-01-preview", "", CHAT),
    "anthropic": (AnthropicVendor, "/v1/messages", "", CHAT),
    "bedrock": (BedrockVendor, "/model/m/converse", "-stream", CONVERSE),
}
STATUS: Final[dict[FaultKind, set[int]]] = {
    "rate_limited": {429},
    "overloaded": {503, 529},
    "server_error": {500},
    "unavailable": {503},
    "timeout": {408},
    "gateway_timeout": {504},
    "dependency_failed": {424},
    "quota": {400, 429},
    "unauthenticated": {401, 403},
    "expired": {401, 403},
    "forbidden": {403},
    "clock_skew": {401, 403},
    "not_found": {404},
    "too_large": {413},
    "bad_request": {400},
    "content_filter": {400, 200},
    "status": {418},
}
NEVER_ENDS: Final = ("hang", "silent")
SOUND: Final = ("none", "drip", "bad_json", "bad_schema", "refusal", "content_filter_mid")


async def exchange(vendor: Vendor, path: str, body: Any) -> tuple[bytes, str]:
    """All bytes of the reply and how it ended: `whole`, `closed`, `reset` or `waiting`."""
    host, port = vendor.origin.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    sent = msgspec.json.encode(body)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nanthropic-version: 2023-06-01\r\n"
        f"content-length: {len(sent)}\r\n\r\n"
    )
    writer.write(head.encode() + sent)
    got = b""
    try:
        while not is_whole(got):
            async with asyncio.timeout(0.2):
                data = await reader.read(65_536)
            if not data:
                return got, "closed"
            got += data
        return got, "whole"
    except TimeoutError:
        return got, "waiting"
    except ConnectionResetError:
        return got, "reset"
    finally:
        writer.transport.abort()


def is_whole(reply: bytes) -> bool:
    head, end, rest = reply.partition(b"\r\n\r\n")
    if not end or not head.startswith(b"HTTP/"):
        return False
    if b"transfer-encoding: chunked" in head:
        return rest.endswith(b"0\r\n\r\n")
    length = head.partition(b"content-length: ")[2].split(b"\r\n")[0]
    return len(rest) >= int(length)


def body_of(reply: bytes) -> bytes:
    """The body, out of its chunks."""
    head, _, rest = reply.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head:
        return rest
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body, rest = body + rest[:length], rest[length + 2 :]
    return body


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("kind", FAULT_KINDS)
async def test_a_fault_shows_and_leaves_nothing_open(kind: FaultKind, name: str, streamed: bool) -> None:
    vendor_class, path, stream_path, asked = VENDORS[name]
    if streamed and not stream_path:
        asked = asked | {"stream": True}
    path += stream_path if streamed else ""
    fault = Fault(kind, status=418, drip_ms=0)
    async with vendor_class(Scenario(queue=[fault])) as vendor:
        reply, end = await exchange(vendor, path, asked)
        if kind in STATUS:
            assert int(reply.split(b" ")[1]) in STATUS[kind], reply
        elif kind not in ("hang", "reset_before", "garbage"):
            assert reply.startswith(b"HTTP/1.1 200 "), reply
        assert (end == "waiting") == (kind in NEVER_ENDS)
        if end != "waiting":
            await asyncio.wait_for(vendor.idle(), 2)
        if kind in SOUND:
            assert end == "whole"
            _check_sound(name, body_of(reply), streamed=streamed)
        async with asyncio.timeout(2):
            while vendor.connections:
                await asyncio.sleep(0.001)
        assert vendor.running == 0
        events = [receipt.event for receipt in vendor.receipts.kept]
        assert events == ["received", "ended"]
        # The next request is answered as if nothing had been.
        reply, _ = await exchange(vendor, path, asked)
        assert reply.startswith(b"HTTP/1.1 200 ")


def _check_sound(name: str, body: bytes, *, streamed: bool) -> None:
    if not streamed:
        msgspec.json.decode(body)
    elif name == "bedrock":
        buffer = EventStreamBuffer()
        buffer.add_data(body)
        kinds = [message.headers[":event-type"] for message in buffer]
        assert kinds[0] == "messageStart"
        assert kinds[-1] == "metadata"
    else:
        assert body.endswith(b"\n\n")
        for event in body.split(b"\n\n")[:-1]:
            data = event.split(b"data: ", 1)[1]
            assert data == b"[DONE]" or msgspec.json.decode(data)


@given(seed=st.integers(0, 2**32), probability=st.floats(0, 1), others=st.integers(0, 5))
def test_seeded_faults_depend_on_nothing_but_their_own_model(
    seed: int, probability: float, others: int
) -> None:
    chances = (Chance(Fault("server_error"), probability), Chance(Fault("overloaded"), 1 - probability))

    def drawn(noise: int) -> list[FaultKind]:
        vendor = OpenAIVendor.__new__(OpenAIVendor)
        vendor.scenario = Scenario(seed=seed, default=Behaviour(chances=chances))
        vendor._asked = Counter()
        kinds = []
        for _ in range(8):
            for _ in range(noise):
                vendor._random("other", "")
            kinds.append(vendor._chance(vendor.scenario.default, vendor._random("m", ""), "m", "").kind)
        return kinds

    assert drawn(0) == drawn(others)


async def test_what_is_no_vendors_doing() -> None:
    with refusing_port() as port:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
    with pytest.raises(socket.gaierror):
        await asyncio.open_connection(UNRESOLVABLE, 443)
    async with OpenAIVendor(ssl_context=strangers_context()) as vendor:
        host, port_text = vendor.origin.removeprefix("https://").split(":")
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(host, int(port_text), ssl=ssl.create_default_context())
        assert vendor.served == 0
