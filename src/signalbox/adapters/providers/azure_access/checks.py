"""What is wrong with an endpoint at Azure, whichever of its services. Pure."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.ports.provider_kind import Mistake

CURRENT: Final = frozenset({"", "v1", "preview", "latest"})
"""Versions of the `/openai/v1` surface; any other is a date, and means the older paths."""


def is_dated(transport: Transport) -> bool:
    return transport.api_version not in CURRENT


def check(endpoint: Endpoint) -> Iterator[Mistake]:
    transport = endpoint.transport
    if transport.authentication == "entra" and transport.credential:
        yield Mistake("transport.credential", "a token of Entra ID is used instead of a key: remove it")
    if transport.authentication == "key" and not transport.credential:
        yield Mistake(
            "transport.credential",
            'missing; expected the name of the variable that holds the key, or authentication = "entra"',
        )
    if transport.authentication == "entra" and not _has_identity():
        yield Mistake("transport.authentication", "`entra` needs azure-identity: install `signalbox[azure]`")
    path = urlsplit(transport.base_url).path.rstrip("/")
    if path:
        yield Mistake(
            "transport.base_url",
            f"expected the resource's own address, without `{path}`: paths are added here",
        )


def _has_identity() -> bool:
    try:
        return find_spec("azure.identity") is not None
    except ModuleNotFoundError:  # nothing of `azure` at all
        return False
