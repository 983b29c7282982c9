"""Having a file read: starts the child, holds it to its limits, and brings back what it read or why not.

A file's name stays here: the child's command line has its kind and the limits only.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from signalbox.workloads.documents import Deck, Mail, TextDocument, Workbook
from signalbox.workloads.reading import office
from signalbox.workloads.reading.kinds import CONVERTED, READERS, RENAMED
from signalbox.workloads.reading.names import shown
from signalbox.workloads.reading.processes import Failed, OutOfTime, exchange
from signalbox.workloads.reading.unreadable import Encrypted, TooLarge, Unreadable

if TYPE_CHECKING:  # it leads to the pipeline, and the child needs this package's names alone
    from signalbox.workloads.registry import File

T = TypeVar("T")


class Limits(Struct, frozen=True):
    """For one file: `content` is its own size, `memory` address space, most of which a library's code takes;
    `seconds` by the clock and of CPU time; `answer` is the size of what was read."""

    memory: int = 1_024 * 1024 * 1024
    seconds: int = 30
    answer: int = 16 * 1024 * 1024
    content: int = 64 * 1024 * 1024


LIMITS: Final = Limits()
AT_ONCE: Final = 2
_ZIP: Final = b"PK\x03\x04"
_turns: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]] = WeakKeyDictionary()
"""Of each event loop: a semaphore belongs to one."""
_KINDS: Final = {error.code: error for error in (Unreadable, Encrypted, TooLarge)}


async def read_text(file: "File", limits: Limits = LIMITS) -> TextDocument:
    """A text: docx, docm, txt, md; doc, odt and rtf where LibreOffice is. Raises `Unreadable`, `Encrypted`,
    `TooLarge`, which name the file."""
    read = await _read(file, TextDocument, limits)
    return msgspec.structs.replace(read, name=shown(file.name))


async def read_deck(file: "File", limits: Limits = LIMITS) -> Deck:
    """pptx, pptm; ppt and odp where LibreOffice is. Raises as `read_text` does."""
    return msgspec.structs.replace(await _read(file, Deck, limits), name=shown(file.name))


async def read_workbook(file: "File", limits: Limits = LIMITS) -> Workbook:
    """xlsx, xlsm, xlsb, xls, ods, csv, tsv. Raises as `read_text` does."""
    return msgspec.structs.replace(await _read(file, Workbook, limits), name=shown(file.name))


async def read_mails(files: "Sequence[File]", limits: Limits = LIMITS) -> tuple[Mail, ...]:
    """eml, msg, in the order given and numbered by it. Raises as `read_text` does, for the first that cannot
    be read."""
    read = await asyncio.gather(*[_read(file, Mail, limits) for file in files])
    return tuple(msgspec.structs.replace(mail, id=f"m{number}") for number, mail in enumerate(read, 1))


async def _read(file: "File", kind: type[T], limits: Limits) -> T:
    name = shown(file.name)
    try:
        async with _turn():
            said = await _said(file.suffix, file.content, limits)
        if said[0] == "ok":
            return msgspec.convert(said[1], kind)
    except (msgspec.MsgspecError, IndexError, TypeError) as error:
        raise Unreadable(f"`{name}` holds something else than was asked for") from error
    except Unreadable as error:
        raise type(error)(f"`{name}` cannot be read: {error.message}") from error
    raise _KINDS[said[1]](f"`{name}` cannot be read: {said[2]}")


async def _said(suffix: str, content: bytes, limits: Limits) -> list[Any]:
    if len(content) > limits.content:
        raise TooLarge(f"it has {len(content) >> 20} MiB; {limits.content >> 20} MiB are read")
    if content.startswith(_ZIP):
        suffix = RENAMED.get(suffix, suffix)
    if suffix in CONVERTED:
        content, suffix = await office.converted(suffix, content), CONVERTED[suffix]
    if suffix not in READERS:
        known = ", ".join(f".{each}" for each in (*READERS, *CONVERTED))
        raise Unreadable(f"by its name it is none of {known}")
    try:
        told = await exchange(
            command(suffix, limits),
            content,
            seconds=limits.seconds,
            most=limits.answer,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
        )
    except OutOfTime:
        raise TooLarge(f"it takes longer than {limits.seconds} s") from None
    except Failed:
        raise TooLarge("it takes more time or memory than is given to it") from None
    said = msgspec.msgpack.decode(told)
    return said if isinstance(said, list) else []


def command(suffix: str, limits: Limits) -> list[str]:
    """What starts the child for a kind of file."""
    numbers = (limits.memory, limits.seconds, limits.answer)
    return [sys.executable, "-I", "-m", "signalbox.workloads.reading.child", suffix, *map(str, numbers)]


def _turn() -> contextlib.AbstractAsyncContextManager[None]:
    loop = asyncio.get_running_loop()
    if loop not in _turns:
        _turns[loop] = asyncio.Semaphore(AT_ONCE)
    return _turns[loop]
