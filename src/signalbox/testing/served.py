"""A real `signalbox serve` in a process of its own, and a vendor for it that runs in a thread of yours.

For tests of settings, policies and clients against the product itself:

    with Vendor() as vendor, Served(settings_file) as served:
        client = openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.key)

It binds no fixed port: let the settings say `port = 0` (or set SIGNALBOX_PORT=0).
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import msgspec
import uvloop

from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.record.verify import Report, verify
from signalbox.simulate.openai_compatible import Emulator
from signalbox.simulate.scenario import Scenario

COMMAND: Final = Path(sys.executable).with_name("signalbox")
_ADDRESS: Final = re.compile(r"http://[^\s/]+")
_STOP_TIMEOUT_S: Final = 20.0


class Answer(msgspec.Struct, frozen=True):
    """One whole HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> Any:
        """The error object of the dialect, or problem details with their `detail` as `message`."""
        said = self.json
        return said["error"] if "error" in said else {**said, "message": said["detail"]}


class Line:
    """A kept HTTP/1.1 connection to a server, for what SDKs do not let through. `connects` counts."""

    def __init__(self, host: str, port: int) -> None:
        self.connects = 0
        self._http = HTTPConnection(host, port, timeout=_STOP_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        *,
        key: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A body of several parts is sent in chunks."""
        if self._http.sock is None:
            self.connects += 1
        sent = {"Authorization": f"Bearer {key}"} if key else {}
        sent |= headers or {}
        chunked = body is not None and not isinstance(body, bytes)
        self._http.request(method, path, body=body, headers=sent, encode_chunked=chunked)
        reply = self._http.getresponse()
        return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())

    def chat(self, key: str, headers: Mapping[str, str] | None = None, **body: Any) -> Answer:
        """One chat completion; the body has a short message unless it brings its own."""
        whole = {"model": "auto", "messages": [{"role": "user", "content": "hello"}], **body}
        return self.ask("POST", "/v1/chat/completions", msgspec.json.encode(whole), key=key, headers=headers)


class Served:
    """The server, from `with` to its end; leaving the block stops it with SIGTERM.

    `data_dir` is the one that the settings name. `complaints` is what it wrote to its standard error.
    `command` is what `serve` is handed to: `signalbox`, or something that watches it.
    """

    def __init__(
        self,
        config: Path,
        data_dir: Path,
        *,
        env: Mapping[str, str] | None = None,
        command: Sequence[str | Path] = (COMMAND,),
    ) -> None:
        self.config = config
        self.data_dir = data_dir
        self.url = ""
        self._env = {**os.environ, **(env or {})}
        self._command = command
        self._errors = config.with_suffix(".stderr")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*self._command, "serve", "--config", self.config],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self._env,
            )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in self._process.stdout:
            found = _ADDRESS.search(line)
            if found:
                self.url = found[0]
                return self
        self.wait()
        raise RuntimeError(f"the server did not start:\n{self.complaints}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        assert self.process.stdout is not None  # noqa: S101 - a pipe was asked for
        self.process.stdout.close()

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None, "enter the block first"  # noqa: S101 - a mistake of the test
        return self._process

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def key(self) -> str:
        """This machine's own key."""
        return (self.data_dir / "local.key").read_text().strip()

    @property
    def operator_key(self) -> str:
        return (self.data_dir / "operator.key").read_text().strip()

    @property
    def admin_key(self) -> str:
        return (self.data_dir / "admin.key").read_text().strip()

    @property
    def complaints(self) -> str:
        return self._errors.read_text()

    def command(self, *arguments: str, key: str = "") -> "subprocess.CompletedProcess[str]":
        """Run another `signalbox` command against this server; with `key`, as whose that is."""
        return subprocess.run(  # noqa: S603 - our own command
            [COMMAND, *arguments, "--config", self.config],
            capture_output=True,
            text=True,
            check=False,
            env={**self._env, "SIGNALBOX_PORT": str(self.port), "SIGNALBOX_KEY": key},
        )

    def connection(self) -> Line:
        return Line("127.0.0.1", self.port)

    def chat(self, key: str, headers: Mapping[str, str] | None = None, **body: Any) -> Answer:
        with self.connection() as line:
            return line.chat(key, headers, **body)

    def ask(self, method: str, path: str, body: bytes | None = None, **more: Any) -> Answer:
        with self.connection() as line:
            return line.ask(method, path, body, **more)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code, once it has ended. Kills it and raises `TimeoutExpired` if it does not end."""
        try:
            return self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    def records(self, about: str = "") -> list[dict[str, Any]]:
        """Bodies of the log's records, each with its `kind` and `tenant`, in order; `about` one decision."""
        found = []
        log = SqliteLogReader.open(self.data_dir)
        try:
            for _, stored in log.scan():
                leaf = msgspec.json.decode(stored.leaf)
                if not stored.body:
                    continue  # it was erased
                body = msgspec.json.decode(stored.body)
                if not about or body.get("decision") == about:
                    found.append({**body, "kind": leaf["kind"], "tenant": leaf["tenant"]})
        finally:
            log.close()
        return found

    def settled(self, decision: str) -> list[dict[str, Any]]:
        """The decision's records, once it is settled: a reply does not wait for its outcome to be written."""

        def is_settled() -> bool:
            kinds = [record["kind"] for record in self.records(decision)]
            ended = "denial" in kinds or "hit" in kinds
            return ended or kinds.count("outcome") >= max(1, kinds.count("intent"))

        eventually(is_settled)
        return self.records(decision)

    def verified(self) -> Report:
        log = SqliteLogReader.open(self.data_dir)
        try:
            return verify(log.scan())
        finally:
            log.close()


class Vendor:
    """An `Emulator` with an event loop of its own. `scenario` and `emulator.receipts` may be read and
    changed from the test's thread."""

    def __init__(self, scenario: Scenario | None = None, *, api_key: str = "") -> None:
        self.emulator = Emulator(scenario, api_key=api_key)
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

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

    @property
    def base_url(self) -> str:
        return self.emulator.base_url

    @property
    def scenario(self) -> Scenario:
        return self.emulator.scenario

    def idle(self, timeout_s: float = 10.0) -> None:
        """Return once no reply is under way. Raises `TimeoutError`."""
        assert self._loop is not None  # noqa: S101 - started
        asyncio.run_coroutine_threadsafe(self.emulator.idle(), self._loop).result(timeout_s)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with self.emulator:
            self._started.set()
            await self._stop.wait()


def eventually(holds: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait for a fact of another process that tells nobody when it comes about. Raises `TimeoutError`."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    raise TimeoutError("it never came about")
