"""How one endpoint is reached: everything about its requests that does not change, made once."""

from typing import Final

from msgspec import Struct

from signalbox.adapters.http import Form, Origin, parse_base_url
from signalbox.adapters.providers.exchange.address import Address, Pairs, Surface
from signalbox.adapters.providers.exchange.authorise import Grant, Unsigned
from signalbox.adapters.providers.exchange.wire import VendorWire
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure

_METHOD: Final = "POST"


class Leg(Struct, frozen=True):
    """Requests to one path for one type of reply. `form`'s varying header is the attempt's id."""

    origin: Origin
    path: str
    headers: Pairs
    request_id: str
    form: Form

    def signed(self, grant: Grant, body: bytes, attempt: str) -> Form:
        """A form for this one request. Its signature covers body and headers, the attempt's id included."""
        assert grant.sign is not None  # noqa: S101 - asked for only where there is something to sign with
        carried = (*self.headers, (self.request_id, attempt)) if self.request_id else self.headers
        origin = self.origin
        scheme = "http" if origin.scheme == "unix" else origin.scheme
        url = f"{scheme}://{origin.authority}{self.path}"
        return Form(
            origin, _METHOD, self.path, (*carried, *grant.sign(Unsigned(_METHOD, url, carried, body)))
        )


class Lane(Struct, frozen=True):
    """One surface of an endpoint, whole and streamed."""

    wire: VendorWire
    whole: Leg
    streamed: Leg


class Route(Struct, frozen=True):
    """`endpoint` is the object, and `grant` the one, that it was made for."""

    endpoint: Endpoint
    grant: Grant
    chat: Lane
    embeddings: Lane | None
    connect_timeout_ms: int
    idle_timeout_ms: int


def lay_route(endpoint: Endpoint, address: Address, grant: Grant) -> Route:
    """Raises CONNECT for a base URL that is none, or headers that could not be sent."""
    transport = endpoint.transport
    embeddings = address.embeddings
    try:
        return Route(
            endpoint=endpoint,
            grant=grant,
            chat=_lane(address, address.chat, grant),
            embeddings=None if embeddings is None else _lane(address, embeddings, grant),
            connect_timeout_ms=transport.connect_timeout_ms,
            idle_timeout_ms=transport.idle_timeout_ms,
        )
    except ValueError as error:
        raise ProviderFailure(FailureKind.CONNECT, f"`{endpoint.id}`: {error}") from None


def _lane(address: Address, surface: Surface, grant: Grant) -> Lane:
    wire = surface.wire
    return Lane(
        wire,
        whole=_leg(address, surface.path, wire.whole_type, grant),
        streamed=_leg(address, surface.stream_path or surface.path, wire.stream_type, grant),
    )


def _leg(address: Address, path: str, accepts: bytes, grant: Grant) -> Leg:
    origin, prefix = parse_base_url(address.base_url)
    headers: Pairs = (
        ("content-type", "application/json"),
        *address.headers,
        *grant.headers,
        ("accept", accepts.decode()),
    )
    path = prefix + path
    return Leg(
        origin,
        path,
        headers,
        address.request_id,
        Form(origin, _METHOD, path, headers, address.request_id),
    )
