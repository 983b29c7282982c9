"""How one endpoint is reached: everything about its requests that does not change, made once."""

from typing import Final

from msgspec import Struct

from signalbox.adapters.http import Form, parse_base_url
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure

_JSON: Final = ("content-type", "application/json")


class Route(Struct, frozen=True):
    """`endpoint` is the object, and `secret` the value, that it was made for; `model` the vendor's name.

    The forms' varying header is the attempt's id.
    """

    endpoint: Endpoint
    secret: str | None
    model: str
    whole: Form
    streamed: Form
    connect_timeout_ms: int
    idle_timeout_ms: int


def lay_route(endpoint: Endpoint, secret: str | None) -> Route:
    """Raises CREDENTIAL when a secret is named and not there, CONNECT for a base URL that is none."""
    transport = endpoint.transport
    try:
        origin, prefix = parse_base_url(transport.base_url)
    except ValueError as error:
        raise ProviderFailure(FailureKind.CONNECT, f"`{endpoint.id}`: {error}") from None
    query = f"?api-version={transport.api_version}" if transport.api_version else ""
    common = [_JSON, *_authorization(endpoint, secret)]
    path = f"{prefix}/chat/completions{query}"
    return Route(
        endpoint=endpoint,
        secret=secret,
        model=transport.deployment or endpoint.model,
        whole=Form(origin, "POST", path, [*common, ("accept", "application/json")], "x-request-id"),
        streamed=Form(origin, "POST", path, [*common, ("accept", "text/event-stream")], "x-request-id"),
        connect_timeout_ms=transport.connect_timeout_ms,
        idle_timeout_ms=transport.idle_timeout_ms,
    )


def _authorization(endpoint: Endpoint, secret: str | None) -> list[tuple[str, str]]:
    name = endpoint.transport.credential
    if not name:
        return []
    if not secret:
        raise ProviderFailure(
            FailureKind.CREDENTIAL, f"`{endpoint.id}`: its credential `{name}` is not set in the environment"
        )
    if not (secret.isascii() and secret.isprintable()):
        raise ProviderFailure(
            FailureKind.CREDENTIAL, f"`{endpoint.id}`: its credential `{name}` is not printable ASCII"
        )
    return [("authorization", f"Bearer {secret}")]
