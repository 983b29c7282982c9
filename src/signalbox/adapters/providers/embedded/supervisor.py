"""One model file, one child process: started on first need, restarted when it dies, given up when it cannot.

Sends no request to it: that is the provider's business, over the socket and with the key named here.

States: idle → starting → ready → (died) resting → starting …; failed when given up; closed for good.
"""

import asyncio
import contextlib
import os
import secrets
import sys
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from signalbox.adapters.providers.embedded.log_file import BoundedLog
from signalbox.adapters.providers.embedded.settings import (
    EXIT_NO_RUNTIME,
    EXIT_NOT_A_MODEL,
    Order,
    RuntimeSettings,
    Shape,
    default_threads,
)
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.ports.clock import Clock

CHILD_MODULE: Final = "signalbox.adapters.providers.embedded.child"
HOPELESS: Final = (EXIT_NOT_A_MODEL, EXIT_NO_RUNTIME)
NOTICE_S: Final = 0.2
INHERITED: Final = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "PYTHONUSERBASE", "LD_LIBRARY_PATH",
)  # fmt: skip
"""What a child sees of our environment: no credential is among it."""


class State(StrEnum):
    IDLE = "idle"
    STARTING = "starting"
    READY = "ready"
    RESTING = "resting"
    FAILED = "failed"
    CLOSED = "closed"


class Supervisor:
    """`state` and `trouble` (why it is not ready, for the operator) are there to be read at any time,
    as are the last child's `pid` and the number of `starts` so far."""

    def __init__(
        self, model: Path, shape: Shape, socket: Path, settings: RuntimeSettings, clock: Clock
    ) -> None:
        self.model = model
        self.socket = str(socket)
        self.key = secrets.token_urlsafe(32)
        self.state = State.IDLE
        self.trouble = ""
        self.pid = 0
        self.starts = 0
        self._shape = shape
        self._settings = settings
        self._clock = clock
        self._settled = asyncio.Event()
        self._down = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._given_up: tuple[int, ...] = ()
        self._given_up_until_us = 0

    def widen(self, shape: Shape) -> None:
        """Ask for more room; what is running keeps its shape until it next starts."""
        self._shape = self._shape.cover(shape)

    def start(self) -> None:
        """See to it that a child is running or on its way. Idempotent, and does not wait."""
        if self.state not in (State.IDLE, State.FAILED):
            return
        identity = _identity(self.model)
        if not identity:
            self.trouble = (
                f"model file `{self.model.name}` is not in `{self.model.parent}`: "
                "fetch it with `signalbox models fetch`"
            )
            return
        if self.state is State.FAILED and not self._worth_another_try(identity):
            return
        self._become(State.STARTING, f"model `{self.model.name}` is loading")
        self._task = asyncio.create_task(self._supervise())

    async def ready_by(self, deadline_us: int) -> None:
        """Return once the child serves. Raises NOT_READY when it cannot, or not by `deadline_us`."""
        self.start()
        if self.state in (State.STARTING, State.RESTING):
            left_s = (deadline_us - self._clock.monotonic_us()) / 1_000_000
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._settled.wait()
        if self.state is State.CLOSED:
            raise ProviderFailure(FailureKind.CANCELLED, "the embedded runtime is shutting down")
        if self.state is not State.READY:
            raise ProviderFailure(FailureKind.NOT_READY, self.trouble)

    async def notice(self) -> None:
        """A connection to the child broke: give its death, if that was it, a moment to become known here.

        The kernel closes a dying process's sockets before it reports the death.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(NOTICE_S):
                await self._down.wait()

    async def aclose(self) -> None:
        """Ask the child to end, and kill it after the grace. Who waits for it gets CANCELLED."""
        self._become(State.CLOSED, "closed")
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _supervise(self) -> None:
        try:
            await self._keep_alive()
        except OSError as error:  # no process, no log, no socket to be had from the system
            self._give_up(f"model `{self.model.name}` cannot be started: {error}")

    async def _keep_alive(self) -> None:
        settings = self._settings
        failed_starts = deaths = 0
        with contextlib.closing(self._open_log()) as log:
            while True:
                log.forget()
                began_us = self._clock.monotonic_us()
                served, code = await self._live_once(log)
                if served:
                    steady = self._clock.monotonic_us() - began_us > settings.steady_ms * 1000
                    failed_starts, deaths = 0, 1 if steady else deaths + 1
                    trouble = f"the process of model `{self.model.name}` {_ending(code)} and is restarting"
                else:
                    failed_starts, deaths = failed_starts + 1, deaths + 1
                    trouble = (
                        f"model `{self.model.name}` does not load: its process {_ending(code)}: "
                        f"{log.last_line() or 'it said nothing'} (see `{log.path}`)"
                    )
                    if code in HOPELESS or failed_starts >= settings.start_attempts:
                        self._give_up(trouble)
                        return
                self._become(State.RESTING, trouble)
                rest_ms = min(settings.backoff_ms_max, settings.backoff_ms * 2 ** min(deaths - 1, 16))
                await asyncio.sleep(rest_ms / 1000)
                self._become(State.STARTING, trouble)

    async def _live_once(self, log: BoundedLog) -> tuple[bool, int]:
        """One incarnation, from start to end: whether it came to serve, and its exit code."""
        process = await self._spawn()
        words = asyncio.create_task(_write_down(process, log))
        served = False
        try:
            served = await self._hears_ready(process)
            if served:
                self._become(State.READY, "")
                await process.wait()
        finally:
            if self.state is State.READY:
                self._become(State.RESTING, f"the process of model `{self.model.name}` has ended")
            await self._stop(process)
            await words
        return served, process.returncode or 0

    async def _spawn(self) -> asyncio.subprocess.Process:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            CHILD_MODULE,
            str(self.model),  # for whoever looks at the process list; the child goes by its order
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in INHERITED if name in os.environ},
            cwd=str(Path(self.socket).parent),
            start_new_session=True,  # Ctrl-C in our terminal must not end it before streams are drained
        )
        self.pid = process.pid
        self.starts += 1
        assert process.stdin is not None  # noqa: S101 - PIPE was asked for
        process.stdin.write(msgspec.json.encode(self._order()) + b"\n")
        return process

    def _order(self) -> Order:
        return Order(
            model=str(self.model),
            alias=self.model.stem,
            socket=self.socket,
            key=self.key,
            threads=self._settings.threads or default_threads(),
            context_tokens=self._shape.context_tokens,
            slots=self._shape.slots,
            prefix_cache=self._settings.prefix_cache,
        )

    async def _hears_ready(self, process: asyncio.subprocess.Process) -> bool:
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        try:
            async with asyncio.timeout(self._settings.load_timeout_ms / 1000):
                if await process.stdout.readline() == b"ready\n":
                    return True
                await process.wait()
        except TimeoutError:
            pass
        return False

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        """Often on the way out of a cancelled task, where `asyncio.timeout` of early 3.11 does not count."""
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        ending = asyncio.create_task(process.wait())
        try:
            await asyncio.wait([ending], timeout=self._settings.stop_grace_ms / 1000)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        await ending

    def _give_up(self, trouble: str) -> None:
        self._given_up = _identity(self.model)
        self._given_up_until_us = self._clock.monotonic_us() + self._settings.rest_ms * 1000
        self._become(State.FAILED, trouble)

    def _worth_another_try(self, identity: tuple[int, ...]) -> bool:
        return identity != self._given_up or self._clock.monotonic_us() >= self._given_up_until_us

    def _become(self, state: State, trouble: str) -> None:
        if self.state is State.CLOSED:
            return
        self.state, self.trouble = state, trouble
        if state is State.READY:
            self._down.clear()
        else:
            self._down.set()
        if state in (State.STARTING, State.RESTING):
            self._settled.clear()
        else:
            self._settled.set()

    def _open_log(self) -> BoundedLog:
        self._settings.log_dir.mkdir(parents=True, exist_ok=True)
        return BoundedLog(self._settings.log_dir / f"{self.model.stem}.log", self._settings.log_bytes_max)


async def _write_down(process: asyncio.subprocess.Process, log: BoundedLog) -> None:
    assert process.stderr is not None  # noqa: S101 - PIPE was asked for
    while words := await process.stderr.read(4096):
        with contextlib.suppress(OSError):  # a full disk costs us the words, not the model
            log.write(words)


def _identity(file: Path) -> tuple[int, ...]:
    """Changes when the file does; empty if there is none."""
    try:
        seen = file.stat()
    except OSError:
        return ()
    return (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns)


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
