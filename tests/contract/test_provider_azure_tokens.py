"""Entra ID end to end: `azure-identity` itself against a loopback endpoint, and tokens that run out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import time

import pytest

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.azure_access.access import AzureAccess
from signalbox.adapters.providers.azure_access.identity import SCOPE, NoToken, Token, fetch
from signalbox.adapters.providers.azure_openai.provider import address
from signalbox.adapters.providers.exchange import HttpProvider
from signalbox.domain.endpoint import Transport
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.ports.provider import Call
from signalbox.simulate.vendors.azure_openai import AzureOpenAIVendor
from signalbox.testing import values
from signalbox.testing.scripted_server import Peer, ScriptedServer

CLOCK = SystemClock()


def at_identity(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """As on a machine of Azure's that has a managed identity, and nothing else that could be asked."""
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    monkeypatch.setenv("IDENTITY_ENDPOINT", url)
    monkeypatch.setenv("IDENTITY_HEADER", "header")


async def test_the_machine_s_identity_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    until = int(time()) + 3_600

    async def answer(peer: Peer) -> None:
        while True:
            asked.append(await peer.request())
            body = (
                b'{"access_token": "t-%d", "expires_on": "%d", "resource": "r", "token_type": "Bearer"}'
                % (
                    len(asked),
                    until,
                )
            )
            await peer.send(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (len(body), body)
            )

    async with ScriptedServer(answer) as server:
        at_identity(monkeypatch, f"http://{server.origin.authority}/token")
        first = await asyncio.to_thread(fetch)
        second = await asyncio.to_thread(fetch)
    assert (first, second) == (Token("t-1", until), Token("t-2", until)), "none is kept back from us"
    assert SCOPE.removesuffix("/.default").removeprefix("https://").encode() in asked[0]


async def test_why_there_is_no_token_is_said_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(peer: Peer) -> None:
        while True:
            await peer.request()
            body = b'{"error": "invalid", "error_description": "AADSTS700016: no application header"}'
            await peer.send(
                b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (len(body), body)
            )

    async with ScriptedServer(refuse) as server:
        at_identity(monkeypatch, f"http://{server.origin.authority}/token")
        with pytest.raises(NoToken) as refused:
            await asyncio.to_thread(fetch)
    assert str(refused.value).startswith("Entra ID gave no token (")
    assert "application" not in str(refused.value)


@asynccontextmanager
async def served(*tokens: str) -> AsyncIterator[tuple[AzureOpenAIVendor, HttpProvider, list[str]]]:
    """A vendor that takes `good`, and a provider that is handed these tokens one after the other."""
    left = list(tokens)
    async with AzureOpenAIVendor(api_keys=["good"]) as vendor:
        access = AzureAccess(EnvironmentSecrets({}), CLOCK, lambda: Token(left.pop(0), int(time()) + 3_600))
        provider = HttpProvider(HttpClient(CLOCK), address, access, CLOCK)
        yield vendor, provider, left
        await provider.aclose()


def call(vendor: AzureOpenAIVendor) -> Call:
    transport = Transport(base_url=vendor.azure_endpoint, authentication="entra")
    deadline_us = CLOCK.monotonic_us() + 5_000_000
    return Call(
        values.endpoint("azure", transport=transport), values.request(), "d.1", deadline_us, lambda: None
    )


async def test_a_token_that_ran_out_under_way_is_replaced_and_the_next_try_succeeds() -> None:
    async with served("stale", "good") as (vendor, provider, left):
        asked = call(vendor)
        with pytest.raises(ProviderFailure) as refused:
            await provider.complete(asked)
        assert (refused.value.kind, refused.value.refreshed) == (FailureKind.CREDENTIAL, True)
        assert "stale" not in str(refused.value)
        assert (await provider.complete(asked)).choices[0].text
        assert left == []


async def test_a_token_that_cannot_be_bettered_is_not_tried_again() -> None:
    async with served("stale", "stale") as (vendor, provider, _):
        with pytest.raises(ProviderFailure) as refused:
            await provider.complete(call(vendor))
        assert (refused.value.kind, refused.value.refreshed) == (FailureKind.CREDENTIAL, False)
