"""Any endpoint that speaks OpenAI Chat Completions over HTTP: vLLM, Ollama, llama.cpp, a vendor.

Adds addressing, authentication and the reading of refusals to the wire and the client. One call is one
request: it does not retry, queue, cache or follow redirects, and does not judge whether the model that
answered is one that may.
"""

from collections.abc import AsyncGenerator
from typing import Final

from signalbox.adapters.http import HttpClient, Response
from signalbox.adapters.providers.openai_compatible.refusal import refusal
from signalbox.adapters.providers.openai_compatible.route import Route, lay_route
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import Event, Finished, Reply
from signalbox.ports.clock import Clock
from signalbox.ports.provider import Call
from signalbox.ports.secrets import Secrets
from signalbox.wires.openai_chat import ChunkReader, WireError, read_error, read_reply, write_request

ERROR_BYTES_MAX: Final = 64 * 1024
"""How much of an error body is read: enough for its code and message."""


class OpenAICompatible:
    """Implements `Provider`. `http` is owned: `aclose` closes it, and calls in flight end in CANCELLED.

    What an endpoint's requests have in common is kept until another object comes under the same id, or
    its secret changes.
    """

    def __init__(self, http: HttpClient, secrets: Secrets, clock: Clock) -> None:
        self._http = http
        self._secrets = secrets
        self._clock = clock
        self._routes: dict[str, Route] = {}

    async def complete(self, call: Call) -> Reply:
        request = call.request
        route = self._route(call.endpoint)
        response = await self._http.submit(
            route.whole,
            write_request(request, model=route.model, stream=False),
            call.attempt,
            deadline_us=call.deadline_us,
            connect_timeout_ms=route.connect_timeout_ms,
            idle_timeout_ms=route.idle_timeout_ms,
            sending=call.sending,
            whole=True,
        )
        if response.status != 200 or not response.is_of_type(b"application/json"):
            raise await self._refused(response, "application/json", call)
        try:
            reply = read_reply(response.content())
        except WireError as error:
            raise _bad_reply(call, error) from error
        asked = request.sampling.n
        if len(reply.choices) != asked:
            raise _bad_reply(call, f"{len(reply.choices)} choices where {asked} were asked for")
        return reply

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        route = self._route(call.endpoint)
        response = await self._http.submit(
            route.streamed,
            write_request(call.request, model=route.model, stream=True),
            call.attempt,
            deadline_us=call.deadline_us,
            connect_timeout_ms=route.connect_timeout_ms,
            idle_timeout_ms=route.idle_timeout_ms,
            sending=call.sending,
        )
        if response.status != 200 or not response.is_of_type(b"text/event-stream"):
            raise await self._refused(response, "text/event-stream", call)
        reader = ChunkReader()
        unfinished = call.request.sampling.n
        try:
            while data := await response.more():
                for event in reader.feed(data):
                    if type(event) is Finished:
                        unfinished -= 1
                    yield event
            reader.end()
        except WireError as error:
            raise _bad_reply(call, error) from error
        finally:
            response.close()
        if unfinished:
            raise _bad_reply(call, "the stream ended with another number of choices than were asked for")

    async def ready(self, endpoint: Endpoint) -> bool:
        """Always: health is learnt by use, and asking would be a request that nobody permitted."""
        return True

    async def aclose(self) -> None:
        await self._http.aclose()

    def _route(self, endpoint: Endpoint) -> Route:
        name = endpoint.transport.credential
        secret = self._secrets.get(name) if name else None
        route = self._routes.get(endpoint.id)
        if route is None or route.endpoint is not endpoint or route.secret != secret:
            route = self._routes[endpoint.id] = lay_route(endpoint, secret)
        return route

    async def _refused(self, response: Response, content_type: str, call: Call) -> ProviderFailure:
        """What a reply is that is no 200 of this type."""
        ident = call.endpoint.id
        if response.status == 200:
            response.close()
            return ProviderFailure(
                FailureKind.BAD_REPLY, f"`{ident}` answered 200 with another type than `{content_type}`"
            )
        error = read_error(response.status, await _beginning(response))
        return refusal(ident, response.status, response.header, error, self._clock.now_us())


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


def _bad_reply(call: Call, error: WireError | str) -> ProviderFailure:
    return ProviderFailure(FailureKind.BAD_REPLY, f"`{call.endpoint.id}`: {error}")
