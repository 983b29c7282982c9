"""Files made to do harm, each given to the child as the server gives it: a clear error or what can be read,
within the time and the memory that the reference says."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from msgspec import Struct

from signalbox.testing.hostile_files import GROUPS, Hostile
from signalbox.testing.office_samples import deck, ledger, report
from signalbox.workloads.reading import LIMITS, Unreadable, parent, read_text, read_workbook
from signalbox.workloads.reading.kinds import CONVERTED, READERS
from signalbox.workloads.reading.parent import AT_ONCE, command
from signalbox.workloads.reading.processes import Failed, OutOfTime, exchange
from signalbox.workloads.registry import File

MB_MAX: Final = 300
CPU_S_MAX: Final = 15
ENV: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_LAUNCHER: Final = """
import json, os, resource, subprocess, sys
with open(sys.argv[1], "rb") as given:
    ran = subprocess.run(sys.argv[2:], stdin=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
figures = (ran.returncode, used.ru_maxrss // 1024, used.ru_utime + used.ru_stime)
sys.stdout.buffer.write(b"%d %d %f\\n" % figures)
sys.stdout.buffer.write(ran.stdout)
"""
"""A small process in between: on Linux a child begins with the peak of the memory of whoever started it."""


class Ran(Struct, frozen=True):
    code: int
    mb: int
    cpu_s: float
    said: list[object]


def ran(content: bytes, suffix: str, folder: Path) -> Ran:
    path = folder / "given"
    path.write_bytes(content)
    launched = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(path), *command(suffix, LIMITS)],
        capture_output=True,
        check=True,
        timeout=120,
        env=ENV,
    )
    head, _, told = launched.stdout.partition(b"\n")
    code, mb, cpu_s = head.split()
    return Ran(int(code), int(mb), float(cpu_s), msgspec.msgpack.decode(told) if told else [])


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_harm_is_bounded_and_told_of(group: Callable[[], Iterator[Hostile]], tmp_path: Path) -> None:
    seen = 0
    for case in group():
        suffix = case.name.rpartition(".")[2]
        if suffix not in READERS:  # those are refused before a child is started, or go to LibreOffice first
            continue
        found = ran(case.content, suffix, tmp_path)
        told = (found.said[1] if found.said[0] == "no" else "") if found.said else "nothing"
        assert (case.what, told, found.code) == (case.what, case.code, 0)
        assert found.mb <= MB_MAX, case.what
        assert found.cpu_s <= CPU_S_MAX, case.what
        seen += 1
    assert seen
    assert not Path("/tmp/signalbox-was-here").exists()


@pytest.mark.parametrize(
    ("suffix", "made", "size", "cpu_s"),
    [("docx", report, 100, 1.0), ("pptx", deck, 50, 1.0), ("xlsx", ledger, 100_000, 3.0)],
    ids=["100 pages", "50 slides", "100,000 rows"],
)
def test_what_people_have_is_read_in_time_and_memory(
    suffix: str, made: Callable[[int], bytes], size: int, cpu_s: float, tmp_path: Path
) -> None:
    content = made(size)
    tried = [ran(content, suffix, tmp_path) for _ in range(2)]
    assert tried[0].said[0] == "ok"
    assert max(each.mb for each in tried) <= MB_MAX
    # CPU time, for the clock is what `benchmarks/reading.py` is for; one half more for a busy machine.
    assert min(each.cpu_s for each in tried) <= cpu_s * 1.5


async def test_a_file_that_is_too_large_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "exchange", None)
    with pytest.raises(Unreadable, match="64 MiB are read"):
        await read_text(File("large.txt", bytes(LIMITS.content + 1)))


@pytest.mark.parametrize("name", ["program.exe", "noname", "a.docx\x00", "a.docx\n", "a.../../etc/passwd"])
async def test_what_is_of_no_known_kind_starts_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "exchange", None)
    with pytest.raises(Unreadable, match="by its name it is none of"):
        await read_text(File(name, b"MZ"))


async def test_a_name_goes_no_further_than_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def kept(words: list[str], *rest: object, **more: object) -> bytes:
        seen.extend(words)
        env = more["env"]
        assert isinstance(env, dict)
        assert set(env) <= {"PATH", "LC_ALL", "OPENBLAS_NUM_THREADS"}
        return await exchange(words, *rest, **more)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(parent, "exchange", kept)
    read = await read_text(File("../secret\x1b[31m\u202e\nplan.txt", b"hello"))
    assert read.name == "secret[31mplan.txt"
    assert not [word for word in seen if "secret" in word or "plan" in word]
    with pytest.raises(Unreadable) as caught:
        await read_workbook(File("../secret\x1b[31m\u202e\nplan.xlsx", b"no"))
    assert "`secret[31mplan.xlsx` cannot be read" in str(caught.value)
    assert caught.value.operator.isprintable()


async def test_a_child_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    words = ["sh", "-c", f"sleep 600 & echo $! > {mark}; wait"]
    with pytest.raises(OutOfTime):
        await exchange(words, b"", seconds=1, most=10, env=ENV)
    started = Path("/proc", mark.read_text().strip(), "cmdline")
    assert not (started.exists() and b"sleep" in started.read_bytes())


async def test_a_child_that_says_too_much_is_not_listened_to() -> None:
    with pytest.raises(Failed):
        await exchange(["yes"], b"", seconds=20, most=1_000_000, env=ENV)


async def test_a_child_that_is_cancelled_is_ended(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    words = ["sh", "-c", f"echo $$ > {mark}; echo ready; exec sleep 600"]
    task = asyncio.create_task(exchange(words, b"", seconds=60, most=100, env=ENV))
    async with asyncio.timeout(20):
        while not (mark.exists() and mark.read_text().strip()):
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path("/proc", mark.read_text().strip()).exists()


async def test_memory_that_is_not_given_is_not_taken() -> None:
    limits = msgspec.structs.replace(LIMITS, memory=72 * 1024 * 1024)
    with pytest.raises(Unreadable) as caught:
        await read_workbook(File("ledger.xlsx", ledger(60_000)), limits)
    assert caught.value.code == "file_too_large"


async def test_many_files_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = most = 0

    async def counted(*words: object, **more: object) -> bytes:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return msgspec.msgpack.encode(("no", "file_unreadable", "it is a test"))

    monkeypatch.setattr(parent, "exchange", counted)
    tried = [read_text(File("a.txt", b"")) for _ in range(20)]
    assert all(isinstance(each, Unreadable) for each in await asyncio.gather(*tried, return_exceptions=True))
    assert most == AT_ONCE


@pytest.mark.parametrize("suffix", sorted(CONVERTED))
async def test_without_libreoffice_old_formats_are_refused_with_advice(
    suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Unreadable, match=f"where LibreOffice is installed: save it as .{CONVERTED[suffix]}"):
        await read_text(File(f"old.{suffix}", b"\xd0\xcf\x11\xe0"))
