"""Work that a caller does not wait for on the line: begun, asked after, fetched, thrown away.

Jobs live in this process and end with it: what they hold is content, and content is kept nowhere else. Whose
a job is is settled when it begins, and nobody else is told that there is one.
"""

import asyncio
import contextlib
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from msgspec import Struct

from signalbox.domain.errors import InternalError, NotFound, Overloaded, SignalboxError
from signalbox.ports.clock import Clock
from signalbox.workloads.asking import Tell
from signalbox.workloads.running import Ran

_log: Final = logging.getLogger("signalbox.workloads")

State = Literal["queued", "running", "done", "failed"]
Work = Callable[[Tell], Awaitable[Ran]]

KEPT_US: Final = 3_600_000_000
"""How long what a job came to can be fetched: an hour."""


class Owner(Struct, frozen=True):
    """Who may ask after a job: the same key of the same tenant, for the same user."""

    tenant: str
    key: str
    subject: str


class Job:
    """`ran` once it is done, `error` once it failed; `ended_us` is monotonic, 0 until then."""

    def __init__(self, ident: str, owner: Owner) -> None:
        self.id = ident
        self.owner = owner
        self.state: State = "queued"
        self.done = 0
        self.of = 0
        self.doing = ""
        self.ran: Ran | None = None
        self.error: SignalboxError | None = None
        self.ended_us = 0
        self.task: asyncio.Task[None] | None = None

    def tell(self, done: int, of: int, what: str) -> None:
        self.done, self.of, self.doing = done, of, what


class Jobs:
    """At most `running_max` at work at a time, `kept_max` known at all, `of_one_max` of them one tenant's.
    One event loop; `aclose` ends them."""

    def __init__(
        self, clock: Clock, *, running_max: int = 2, kept_max: int = 256, of_one_max: int = 64
    ) -> None:
        self._clock = clock
        self._turns = asyncio.Semaphore(running_max)
        self._kept_max = kept_max
        self._of_one_max = of_one_max
        self._jobs: dict[str, Job] = {}

    def begin(self, owner: Owner, work: Work) -> Job:
        """Raises `Overloaded` where there are too many."""
        self._forget()
        of_one = sum(job.owner.tenant == owner.tenant for job in self._jobs.values())
        if len(self._jobs) >= self._kept_max or of_one >= self._of_one_max:
            raise Overloaded("there are too many jobs: fetch or delete those that are done, and try again")
        job = Job("job-" + secrets.token_hex(16), owner)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job, work))
        return job

    def find(self, ident: str, owner: Owner) -> Job:
        """Raises `NotFound`, for somebody else's too."""
        self._forget()
        job = self._jobs.get(ident)
        if job is None or job.owner != owner:
            raise NotFound(f"there is no job `{ident[:64]}`; what is done can be fetched for an hour")
        return job

    async def end(self, ident: str, owner: Owner) -> None:
        """Stop it if it is at work, and forget it. Raises `NotFound`."""
        job = self.find(ident, owner)
        del self._jobs[job.id]
        await _stopped(job)

    async def aclose(self) -> None:
        jobs = list(self._jobs.values())
        self._jobs.clear()
        for job in jobs:
            await _stopped(job)

    async def _run(self, job: Job, work: Work) -> None:
        try:
            async with self._turns:
                job.state = "running"
                job.ran = await work(job.tell)
                job.state = "done"
        except SignalboxError as error:
            job.error, job.state = error, "failed"
        except Exception as bug:  # noqa: BLE001 - whatever it is, who asks after the job must read that it failed
            # What the exception says may quote the content: where it happened is enough.
            frames = "".join(traceback.format_tb(bug.__traceback__))
            _log.error("a job failed: %s at\n%s", type(bug).__qualname__, frames)
            job.error, job.state = InternalError("something went wrong here; it has been noted"), "failed"
        finally:
            job.ended_us = self._clock.monotonic_us()

    def _forget(self) -> None:
        now_us = self._clock.monotonic_us()
        for ident in [job.id for job in self._jobs.values() if 0 < job.ended_us < now_us - KEPT_US]:
            del self._jobs[ident]


async def _stopped(job: Job) -> None:
    if job.task is not None:
        job.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await job.task
