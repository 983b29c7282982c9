"""Handing bytes to a process and taking bytes from it, within a time and a size; it and what it started are
gone afterwards, whatever happened."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from typing import Final

_PIECE: Final = 64 * 1024


class Failed(Exception):
    """It ended with an error, was ended by a limit, or said more than it may."""


class OutOfTime(Failed):
    """It was ended by the clock."""


async def exchange(
    command: Sequence[str], content: bytes, *, seconds: float, most: int, env: Mapping[str, str]
) -> bytes:
    """What it says on standard output, which is at most `most` bytes. Raises `Failed`."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=env,
        cwd="/",
        start_new_session=True,
    )
    feeding = asyncio.create_task(_feed(process, content))
    try:
        async with asyncio.timeout(seconds):
            told = await _hear(process, most)
            await process.wait()
    except TimeoutError:
        raise OutOfTime from None
    finally:
        feeding.cancel()
        await _end(process)
    if process.returncode:
        raise Failed
    return told


async def _feed(process: asyncio.subprocess.Process, content: bytes) -> None:
    stdin = process.stdin
    assert stdin is not None  # noqa: S101 - a pipe was asked for
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(content)
        await stdin.drain()
    stdin.close()


async def _hear(process: asyncio.subprocess.Process, most: int) -> bytes:
    stdout = process.stdout
    assert stdout is not None  # noqa: S101 - a pipe was asked for
    told = bytearray()
    while piece := await stdout.read(_PIECE):
        told += piece
        if len(told) > most:
            raise Failed
    return bytes(told)


async def _end(process: asyncio.subprocess.Process) -> None:
    """It leads a session of its own, so that its children go with it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
