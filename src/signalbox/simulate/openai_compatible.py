"""An OpenAI-compatible vendor on the loopback: real HTTP, real SSE, deterministic words, faults on demand.

    python -m signalbox.simulate.openai_compatible --port 9000 --scenario faults.json --receipts got.jsonl

Serves `POST /v1/chat/completions` and `GET /v1/models` to tests, crash tests and load tests. It is not
hardened (no size limits, no timeouts) and belongs on a loopback address or a unix socket only.
"""

import argparse
import asyncio
import contextlib
import signal
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from signalbox.simulate.answers import CREATED_S, Ask
from signalbox.simulate.performance import perform, refusal
from signalbox.simulate.receipts import Receipts
from signalbox.simulate.scenario import Scenario, read_scenario
from signalbox.simulate.score import Step, page
from signalbox.simulate.server import Heard, LoopbackServer

_ask_decoder: Final = msgspec.json.Decoder(Ask)


class Emulator(LoopbackServer):
    """The vendor: `async with Emulator() as vendor:` serves at `vendor.base_url`.

    `scenario` may be changed while it runs. With `api_key` set, every other bearer is refused.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        unix: str = "",
        api_key: str = "",
        receipts: Receipts | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(host=host, port=port, unix=unix, receipts=receipts, ssl_context=ssl_context)
        self.scenario = scenario or Scenario()
        self.authorization = f"Bearer {api_key}".encode() if api_key else b""

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def conduct(self, heard: Heard, number: int) -> tuple[str, Iterator[Step]]:
        ask: Ask | None = None
        with contextlib.suppress(msgspec.DecodeError):
            ask = _ask_decoder.decode(heard.body)
        return (ask.model if ask else ""), self._score(heard, ask, number)

    def _score(self, heard: Heard, ask: Ask | None, number: int) -> Iterator[Step]:
        if self.authorization and heard.headers.get(b"authorization") != self.authorization:
            return iter((refusal(401, "invalid_api_key", "incorrect API key provided"), "keep"))
        match heard.method, heard.target.partition("?")[0]:
            case "POST", "/v1/chat/completions" if ask is not None:
                behaviour = self.scenario.behaviour(ask.model, heard.headers.get(b"x-emulate", b""))
                return perform(ask, behaviour, number)
            case "POST", "/v1/chat/completions":
                return iter(
                    (refusal(400, "invalid_json", "we could not parse the body of your request"), "keep")
                )
            case "GET", "/v1/models":
                return iter((page(200, _model_list(self.scenario)), "keep"))
            case _:
                return iter((refusal(404, "unknown_url", "no such path"), "keep"))


def _model_list(scenario: Scenario) -> bytes:
    names = ("emulated", *scenario.models)
    models = [{"id": name, "object": "model", "created": CREATED_S, "owned_by": "emulator"} for name in names]
    return msgspec.json.encode({"object": "list", "data": models})


async def _serve(arguments: Any) -> None:
    scenario = read_scenario(arguments.scenario) if arguments.scenario else None
    receipts = Receipts(arguments.receipts)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with Emulator(
        scenario, host=arguments.host, port=arguments.port, unix=arguments.unix, receipts=receipts
    ) as vendor:
        sys.stdout.write(f"serving at {vendor.base_url}\n")
        sys.stdout.flush()
        await stop.wait()
    receipts.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="signalbox.simulate.openai_compatible", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; it is printed")
    parser.add_argument("--unix", default="", help="serve on this unix socket instead")
    parser.add_argument("--scenario", type=Path, help="JSON file: see signalbox.simulate.scenario")
    parser.add_argument("--receipts", type=Path, help="file to append receipts to, one JSON object a line")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
