"""Between dialects: a conversation of 20 turns with tools read and written, and one streamed chunk.

CPU time of the calling thread, the median of batches. Every dialect that is served is read, every dialect
that vendors speak is written; chunks are read from a vendor's bytes and written for a client. In eight of
the turns the model calls a tool and gets its result: 58 messages, 19 KB.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from time import thread_time_ns
from typing import Any, Final

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.domain.reply import Finished, Served, TextDelta
from signalbox.domain.request import Message, Request, Sampling, Text, ToolResult, ToolUse
from signalbox.testing.translation.features import ASKED, WEATHER
from signalbox.testing.translation.parties import clients, declared_by, vendors

_TURNS: Final = 20
_BATCHES: Final = 30
_PER_BATCH: Final = 20
_CHUNKS: Final = 200
_PROSE: Final = (
    "Bitte fasse den Bericht über das dritte Quartal zusammen: Umsatz 4,182,300.50 EUR, Marge 18.2 %, "
    "Personal 231. The supply team in Porto asks whether the contract may be extended until March. "
) * 2


def conversation() -> Request:
    messages: list[Message] = [Message("system", (Text("You are the assistant of an office suite."),))]
    for turn in range(_TURNS):
        messages.append(Message("user", (Text(f"{turn}: {_PROSE}"),)))
        if turn % 5 in (1, 3):
            call = ToolUse(f"call_{turn}", WEATHER.name, f'{{"city":"Porto {turn}"}}')
            messages.append(Message("assistant", (Text("Let me see."), call)))
            messages.append(Message("tool", (ToolResult(call.id, (Text("sunny, 21 °C"),)),)))
        messages.append(Message("assistant", (Text(_PROSE),)))
    messages.append(Message("user", (Text("And now?"),)))
    return Request(
        target="m", messages=tuple(messages), tools=(WEATHER,), sampling=Sampling(max_tokens=2_000)
    )


def measure() -> dict[str, float]:
    """Microseconds for each dialect, and the worst of them."""
    request = conversation()
    figures: dict[str, float] = {}
    for client in clients():
        body = client.send(request).body
        figures[f"read_{_short(client.name)}_us"] = _microseconds(partial(client.read, body))
        writer = client.writer(ASKED["text"])
        writer.event(Served("m"))
        writer.event(TextDelta(0, "It"))
        figures[f"chunk_write_{_short(client.name)}_us"] = _microseconds(
            partial(writer.event, TextDelta(0, " sunny"))
        )
    for vendor in vendors(declared_by(InstalledKinds())):
        figures[f"write_{_short(vendor.name)}_us"] = _microseconds(partial(vendor.write, request))
        figures[f"chunk_read_{_short(vendor.name)}_us"] = _chunk_read(vendor)
    whole = [value for name, value in figures.items() if name.startswith(("read_", "write_"))]
    chunk = [value for name, value in figures.items() if name.startswith("chunk_")]
    return {**figures, "translate20_us_max": max(whole), "chunk_us_max": max(chunk)}


def _chunk_read(vendor: Any) -> float:
    """One text delta of a stream, fed alone."""
    server = vendor.server()
    opening = server.event(TextDelta(0, "It"))
    pieces = [server.event(TextDelta(0, f" word{number}")) for number in range(_CHUNKS)]
    server.event(Finished(0, "stop"))
    spent = []
    for _ in range(_BATCHES):
        reader = vendor.reader()
        reader.feed(opening)
        began = thread_time_ns()
        for piece in pieces:
            reader.feed(piece)
        spent.append((thread_time_ns() - began) / _CHUNKS / 1_000)
    return median(spent)


def _microseconds(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(_BATCHES):
        began = thread_time_ns()
        for _ in range(_PER_BATCH):
            work()
        spent.append((thread_time_ns() - began) / _PER_BATCH / 1_000)
    return median(spent)


def _short(name: str) -> str:
    return name.lower().replace(", ", "_").replace(" ", "_").replace("-", "_")


if __name__ == "__main__":
    for figure, value in measure().items():
        print(f"{figure:40} {value:8.2f}")
