"""Having a file read: starts the child, holds it to its limits, and brings back what it read or why not."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from signalbox.workloads.documents import Deck, Mail, TextDocument, Workbook
from signalbox.workloads.reading.unreadable import Encrypted, TooLarge, Unreadable
from signalbox.workloads.registry import File

T = TypeVar("T")


class Limits(Struct, frozen=True):
    """For one file: `memory` is address space, most of which a library's code takes; `seconds` by the clock
    and of CPU time; `answer` is the size of what was read."""

    memory: int = 1_536 * 1024 * 1024
    seconds: int = 30
    answer: int = 64 * 1024 * 1024


LIMITS: Final = Limits()
_AT_ONCE: Final = 2
_turns: Final = asyncio.Semaphore(_AT_ONCE)
_KINDS: Final = {error.code: error for error in (Unreadable, Encrypted, TooLarge)}


async def read_text(file: File, limits: Limits = LIMITS) -> TextDocument:
    """A text: docx, txt, md. Raises `Unreadable`, `Encrypted`, `TooLarge`, which name the file."""
    return await _read(file, TextDocument, limits)


async def read_deck(file: File, limits: Limits = LIMITS) -> Deck:
    """pptx. Raises as `read_text` does."""
    return await _read(file, Deck, limits)


async def read_workbook(file: File, limits: Limits = LIMITS) -> Workbook:
    """xlsx, csv. Raises as `read_text` does."""
    return await _read(file, Workbook, limits)


async def read_mails(files: Sequence[File], limits: Limits = LIMITS) -> tuple[Mail, ...]:
    """eml, msg, in the order given and numbered by it. Raises as `read_text` does."""
    read = await asyncio.gather(*[_read(file, Mail, limits) for file in files])
    return tuple(msgspec.structs.replace(mail, id=f"m{number}") for number, mail in enumerate(read, 1))


async def _read(file: File, kind: type[T], limits: Limits) -> T:
    async with _turns:
        answer = await _ask(file, limits)
    try:
        said = msgspec.msgpack.decode(answer)
        if said[0] == "ok":
            return msgspec.convert(said[1], kind)
    except (msgspec.MsgspecError, IndexError, TypeError) as error:
        raise Unreadable(f"`{file.name[:80]}` holds something else than was asked for") from error
    raise _KINDS[said[1]](f"`{file.name[:80]}` cannot be read: {said[2]}")


async def _ask(file: File, limits: Limits) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "signalbox.workloads.reading.child",
        file.suffix,
        file.name,
        str(limits.memory),
        str(limits.seconds),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(limits.seconds):
            answer, _ = await process.communicate(file.content)
    except TimeoutError:
        raise TooLarge(
            f"`{file.name[:80]}` cannot be read: it takes longer than {limits.seconds} s"
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode or len(answer) > limits.answer:
        raise TooLarge(f"`{file.name[:80]}` cannot be read: it takes more time or memory than is given to it")
    return answer
