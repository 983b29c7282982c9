"""TLS by the event loop: verified, named, and an unauthenticated end is not taken for the end of a body."""

import ssl

import pytest
import trustme

from signalbox.adapters.http import HttpClient
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.testing.http_caller import HttpCaller, SystemClock
from signalbox.testing.scripted_server import Peer, Script, ScriptedServer


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> HttpCaller:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return HttpCaller(HttpClient(SystemClock(), ssl_context=context))


def answering(reply: bytes, *, end: str = "close") -> Script:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(reply)
            if b"Content-Length" not in reply:
                getattr(peer, end)()
                return

    return script


OK = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


async def test_a_trusted_host_is_served_and_its_connection_kept(authority: trustme.CA) -> None:
    async with (
        ScriptedServer(OK, tls=server_side(authority, "127.0.0.1")) as server,
        trusting(authority) as caller,
    ):
        for _ in range(3):
            assert await (await caller.post(server)).read() == b"ok"
        assert (server.connections, server.origin.scheme) == (1, "https")


async def test_a_certificate_for_another_host_is_refused(authority: trustme.CA) -> None:
    tls = server_side(authority, "other.example")
    async with ScriptedServer(OK, tls=tls) as server, trusting(authority) as caller:
        with pytest.raises(ProviderFailure, match=r"not valid for '127\.0\.0\.1'") as caught:
            await caller.post(server)
        assert (caught.value.kind, caller.sent) == (FailureKind.TLS, 0)


async def test_an_untrusted_certificate_is_refused_by_default(
    authority: trustme.CA, caller: HttpCaller
) -> None:
    async with ScriptedServer(OK, tls=server_side(authority, "127.0.0.1")) as server:
        for _ in range(2):  # a failed handshake frees its slot
            with pytest.raises(ProviderFailure, match="unable to get local issuer") as caught:
                await caller.post(server)
            assert (caught.value.kind, caller.sent) == (FailureKind.TLS, 0)


async def test_a_server_that_speaks_no_tls(authority: trustme.CA) -> None:
    async def plain(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    async with ScriptedServer(plain) as server, trusting(authority) as caller:
        origin = type(server.origin)("https", "127.0.0.1", server.origin.port)
        with pytest.raises(ProviderFailure, check=lambda f: f.kind is FailureKind.TLS):
            await caller.post(origin)
        assert caller.sent == 0


async def test_a_handshake_that_hangs_is_a_connect_timeout(authority: trustme.CA) -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with ScriptedServer(silent) as server, trusting(authority) as caller:
        origin = type(server.origin)("https", "127.0.0.1", server.origin.port)
        with pytest.raises(ProviderFailure, check=lambda f: f.kind is FailureKind.CONNECT):
            await caller.post(origin, connect_timeout_ms=50)


async def test_a_body_without_length_ends_with_close_notify(authority: trustme.CA) -> None:
    script = answering(b"HTTP/1.1 200 OK\r\n\r\nabc")
    async with ScriptedServer(script, tls=server_side(authority, "127.0.0.1")) as server:
        async with trusting(authority) as caller:
            assert await (await caller.post(server)).read() == b"abc"


@pytest.mark.asyncio(loop_factories=["uvloop"])  # the standard loop reports both ends alike
async def test_a_body_without_length_does_not_end_without_close_notify(authority: trustme.CA) -> None:
    script = answering(b"HTTP/1.1 200 OK\r\n\r\nabc", end="abort")
    async with ScriptedServer(script, tls=server_side(authority, "127.0.0.1")) as server:
        async with trusting(authority) as caller:
            with pytest.raises(ProviderFailure, check=lambda f: f.kind is FailureKind.RESET):
                await (await caller.post(server)).read()
