"""Our doors on a real socket, over a `House`, with a model behind them that says what it is told to.

For tests of clients and dialects: what a vendor's SDK sends can be read as a domain `Request` (`asked`), and
what it makes of any `Reply` can be seen.

    player = Player()
    house = House(policy, catalogue(endpoint(provider="player")), [tenant()], others={"player": player})
    with Counter(house, player) as counter:
        player.queue.append(Reply(...))
        openai.OpenAI(base_url=f"{counter.url}/v1", api_key=counter.key).chat.completions.create(...)
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Final, Self

from msgspec.structs import replace
from uvicorn.server import ServerState

from signalbox.classify.content import gather
from signalbox.classify.size import tokens_in_of
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import ProviderFailure
from signalbox.domain.reply import Event, Reply, TextDelta
from signalbox.domain.request import Request
from signalbox.edge.app import Edge
from signalbox.edge.cors import Cors
from signalbox.edge.gate import Gate, Handler
from signalbox.edge.protocol import EdgeLimits, EdgeProtocol
from signalbox.edge.routes import doors
from signalbox.edge.workloads import Workloads
from signalbox.identify import Key, KeyRing, hashed
from signalbox.normalise.unfold import unfold
from signalbox.ports.provider import Call
from signalbox.testing.house import House
from signalbox.testing.values import principal
from signalbox.workloads.jobs import Jobs
from signalbox.workloads.offered import offered
from signalbox.workloads.registry import Registry

_PIECE: Final = 7


class Player:
    """Implements `Provider`: plays what is queued, one item a call; a failure at the end of a reply's parts
    breaks a stream off."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.notes: tuple[str, ...] = ()
        self.queue: deque[Reply | ProviderFailure | tuple[Reply, ProviderFailure]] = deque()

    async def complete(self, call: Call) -> Reply:
        return self._next(call)[0]

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        reply, failure = self._next(call)
        for event in unfold(reply):
            if failure is not None and not isinstance(event, TextDelta):
                raise failure
            for piece in _pieces(event):
                yield piece

    async def ready(self, endpoint: Endpoint) -> bool:
        return True

    async def aclose(self) -> None: ...

    def _next(self, call: Call) -> tuple[Reply, ProviderFailure | None]:
        self.asked.append(call.request)
        for note in self.notes:
            call.note(note)
        call.sending()
        match self.queue.popleft():
            case ProviderFailure() as failure:
                raise failure
            case (reply, failure):
                return reply, failure
            case reply:
                return replace(reply, served_model=call.endpoint.served_names[0]), None


def _pieces(event: Event) -> list[Event]:
    """Texts as vendors send them: bit by bit."""
    if not isinstance(event, TextDelta):
        return [event]
    text = event.text
    return [TextDelta(event.choice, text[at : at + _PIECE]) for at in range(0, len(text), _PIECE)] or [event]


class Counter:
    """Serves from `with` to its end, in a thread with an event loop of its own."""

    key: Final = "sb-counter"

    def __init__(
        self,
        house: House,
        player: Player,
        *,
        registry: Registry | None = None,
        bytes_max: int = 32 << 20,
        origins: frozenset[str] = frozenset(),
    ) -> None:
        """`registry`, `bytes_max` and `origins` are for workloads: whose, how much, from which pages."""
        self.house = house
        self.player = player
        self.url = ""
        self.gate = Gate(
            keys=KeyRing([Key(hashed(self.key), principal())]),
            pipeline=house.pipeline,
            clock=house.clock,
            meter=house.meter,
            body_bytes_max=8 << 20,
        )
        self._jobs = Jobs(house.clock)
        workloads = Workloads(self.gate, registry or offered(), self._jobs, bytes_max=bytes_max)
        self._workloads: Handler = Cors(workloads, origins) if origins else workloads
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def says(self, *replies: Reply | ProviderFailure | tuple[Reply, ProviderFailure]) -> None:
        """To the next requests, in this order."""
        self.player.queue.extend(replies)

    @property
    def asked(self) -> Request:
        """What the model was asked last."""
        return self.player.asked[-1]

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None  # noqa: S101 - started
        assert self._stop is not None  # noqa: S101 - started
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        app = Edge(*doors(self.gate, _count, self._workloads))
        state = ServerState()
        server = await self._loop.create_server(
            lambda: EdgeProtocol(app=app, limits=EdgeLimits(), server_state=state), "127.0.0.1", 0
        )
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._started.set()
        await self._stop.wait()
        await self._jobs.aclose()
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        while state.tasks:
            await asyncio.wait(set(state.tasks))


def _count(request: Request) -> int:
    return tokens_in_of(request, gather(request), lambda text: len(text.split()))
