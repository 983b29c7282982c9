"""Calls → HTTP exchanges with a vendor: the `Provider` of every vendor that is reached over HTTP.

One call is one request: it does not retry, queue, cache or follow redirects, and does not judge whether the
model that answered is one that may.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from signalbox.adapters.http import HttpClient, Response
from signalbox.adapters.providers.exchange.address import Address
from signalbox.adapters.providers.exchange.authorise import Authoriser, Refused
from signalbox.adapters.providers.exchange.refusal import COMMON, Refusals, broken, refusal
from signalbox.adapters.providers.exchange.route import Lane, Leg, Route, lay_route
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import Event, Finished, Reply
from signalbox.domain.request import Text
from signalbox.ports.clock import Clock
from signalbox.ports.provider import Call
from signalbox.wires.errors import WireError

ERROR_BYTES_MAX: Final = 64 * 1024
"""How much of an error body is read: enough for its code and message."""


class HttpProvider:
    """Implements `Provider`. `http` is owned: `aclose` closes it, and calls in flight end in CANCELLED.

    `address` says where an endpoint is asked (raising `ValueError` in words where it cannot be), and
    `authoriser` what lets the request in. What an endpoint's requests have in common is kept until another
    object comes under the same id, or its grant no longer holds.
    """

    def __init__(
        self,
        http: HttpClient,
        address: Callable[[Endpoint], Address],
        authoriser: Authoriser,
        clock: Clock,
        refusals: Refusals = COMMON,
    ) -> None:
        self._http = http
        self._address = address
        self._authoriser = authoriser
        self._clock = clock
        self._refusals = refusals
        self._routes: dict[str, Route] = {}

    async def complete(self, call: Call) -> Reply:
        endpoint, request = call.endpoint, call.request
        route = self._routes.get(endpoint.id)
        if (
            route is None
            or route.endpoint is not endpoint
            or not self._authoriser.holds(route.grant, endpoint)
        ):
            route = await self._lay(call)
        lane = route.chat if request.embedding is None else _vectors(route)
        response = await self._send(call, route, lane, lane.whole, stream=False)
        wire = lane.wire
        if response.status != 200 or not response.is_of_type(wire.whole_type):
            raise await self._refused(response, lane, wire.whole_type, route, call)
        try:
            reply = wire.read(response.content(), request)
        except WireError as error:
            raise broken(self._refusals, endpoint.id, error) from error
        if request.embedding is not None:
            _check_vectors(call, reply)
        elif len(reply.choices) != request.sampling.n:
            asked = request.sampling.n
            raise _miscounted(call, f"{len(reply.choices)} choices where {asked} were asked for")
        return reply

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        endpoint, request = call.endpoint, call.request
        route = self._routes.get(endpoint.id)
        if (
            route is None
            or route.endpoint is not endpoint
            or not self._authoriser.holds(route.grant, endpoint)
        ):
            route = await self._lay(call)
        lane = route.chat
        wire = lane.wire
        response = await self._send(call, route, lane, lane.streamed, stream=True)
        if response.status != 200 or not response.is_of_type(wire.stream_type):
            raise await self._refused(response, lane, wire.stream_type, route, call)
        reader = wire.reader(request)
        unfinished = request.sampling.n
        try:
            while data := await response.more():
                for event in reader.feed(data):
                    if type(event) is Finished:
                        unfinished -= 1
                    yield event
            reader.end()
        except WireError as error:
            raise broken(self._refusals, endpoint.id, error) from error
        finally:
            response.close()
        if unfinished:
            raise _miscounted(call, "the stream ended with another number of choices than were asked for")

    async def ready(self, endpoint: Endpoint) -> bool:
        """Always: health is learnt by use, and asking would be a request that nobody permitted."""
        return True

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._authoriser.aclose()

    def _send(self, call: Call, route: Route, lane: Lane, leg: Leg, *, stream: bool) -> Awaitable[Response]:
        """The reply's head, and all of it if it is to come whole."""
        written = lane.wire.write(call, stream)
        if written.notes:
            for note in written.notes:
                call.note(note)
        body, grant = written.body, route.grant
        return self._http.submit(
            leg.form if grant.sign is None else leg.signed(grant, body, call.attempt),
            body,
            call.attempt,
            deadline_us=call.deadline_us,
            connect_timeout_ms=route.connect_timeout_ms,
            idle_timeout_ms=route.idle_timeout_ms,
            sending=call.sending,
            whole=not stream,
        )

    async def _lay(self, call: Call) -> Route:
        """A route for this call and those after it. It may wait for a token, no longer than the call may."""
        endpoint = call.endpoint
        try:
            address = self._address(endpoint)
        except ValueError as error:
            raise ProviderFailure(FailureKind.CONNECT, f"`{endpoint.id}`: {error}") from None
        try:
            async with asyncio.timeout(self._left_s(call)):
                grant = await self._authoriser.grant(endpoint)
        except TimeoutError:
            raise ProviderFailure(
                FailureKind.TIMEOUT, f"`{endpoint.id}`: nothing to authorise it with came by the deadline"
            ) from None
        route = self._routes[endpoint.id] = lay_route(endpoint, address, grant)
        return route

    def _left_s(self, call: Call) -> float:
        return max(0, call.deadline_us - self._clock.monotonic_us()) / 1_000_000

    async def _refused(
        self, response: Response, lane: Lane, media_type: bytes, route: Route, call: Call
    ) -> ProviderFailure:
        """What a reply is that is no 200 of this type."""
        ident, status = call.endpoint.id, response.status
        if status == 200:
            response.close()
            return ProviderFailure(
                FailureKind.BAD_REPLY,
                f"`{ident}` answered 200 with another type than `{media_type.decode()}`",
            )
        error = lane.wire.error(status, response.header, await _beginning(response))
        failure = refusal(self._refusals, ident, status, response.header, error, self._clock.now_us())
        if failure.kind is FailureKind.CREDENTIAL:
            try:
                async with asyncio.timeout(self._left_s(call)):
                    failure.refreshed = await self._authoriser.renew(
                        call.endpoint, route.grant, Refused(status, response.header, error)
                    )
            except TimeoutError:
                failure.refreshed = False
        return failure


async def _beginning(response: Response) -> bytes:
    """The first bytes of an error body; what there is of it when the connection breaks meanwhile."""
    body = b""
    chunks = response.chunks()
    try:
        async for data in chunks:
            body += data
            if len(body) > ERROR_BYTES_MAX:
                break
    except ProviderFailure:
        pass  # the status has said what there is to say
    finally:
        await chunks.aclose()
    return body[:ERROR_BYTES_MAX]


def _vectors(route: Route) -> Lane:
    if route.embeddings is None:
        raise ProviderFailure(FailureKind.NOT_READY, f"`{route.endpoint.id}` is not asked for vectors")
    return route.embeddings


def _check_vectors(call: Call, reply: Reply) -> None:
    """One for each text."""
    asked = sum(type(part) is Text for message in call.request.messages for part in message.parts)
    if len(reply.vectors) != asked:
        raise _miscounted(call, f"{len(reply.vectors)} vectors where {asked} were asked for")


def _miscounted(call: Call, words: str) -> ProviderFailure:
    return ProviderFailure(FailureKind.BAD_REPLY, f"`{call.endpoint.id}`: {words}")
