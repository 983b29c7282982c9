"""Logs to make evidence packs of, packs to meddle with, and the pack's verifier in an interpreter that has
nothing but Python: no site-packages, none of this project.
"""

import asyncio
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from msgspec.structs import replace

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.keys.log_key_files import CheckpointFile, LogKeyFiles
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.domain.records import SWITCH_TENANT, Record, SwitchBody
from signalbox.evidence.build import Wanted, build
from signalbox.evidence.bundle import bundled
from signalbox.evidence.gather import Span
from signalbox.evidence.plain.notes import Bad, read_checkpoint, read_note
from signalbox.evidence.plain.pack import (
    CHECKPOINT,
    CONTENTS,
    MANIFEST,
    OTHERS,
    README,
    REPORT,
    STATEMENTS,
    WINDOW,
    Claim,
    read_entry,
    read_manifest,
)
from signalbox.evidence.plain.page import page, readme
from signalbox.evidence.plain.tally import REGISTER, SUMMARY, Tally
from signalbox.record.journal import Journal
from signalbox.record.notary import Notary
from signalbox.testing.records import BEGAN_US
from signalbox.tlog.note import Signer, signed

ORIGIN: Final = "localhost/signalbox"
MINUTE_US: Final = 60_000_000
_DRIVER: Final = """
import json, sys
names = {"__name__": "verify"}
exec(compile(sys.stdin.readline() and open(sys.argv[1], encoding="utf-8").read(), "verify.py", "exec"), names)
assert not any("site-packages" in path for path in sys.path), sys.path
for line in sys.stdin:
    print(json.dumps(names["main"](json.loads(line))), flush=True)
"""


def write_signed(data: Path, records: Sequence[Record], contents: Sequence[bytes] = ()) -> None:
    """Append to the log in `data`, which signs a checkpoint when it is closed."""

    async def run() -> None:
        notary = Notary(ORIGIN, LogKeyFiles(data, ORIGIN), CheckpointFile(data), cadence_ms=3_600_000)
        journal = Journal(SqliteLogStore(data), SystemClock(), notary=notary)
        await journal.open()
        for content in contents:
            journal.pin(hashlib.sha256(content).hexdigest(), content)
        if records:
            await journal.commit(records)
        await journal.aclose()

    asyncio.run(run())


def at(minute: float, *records: Record) -> tuple[Record, ...]:
    """Records that were made so many minutes after the beginning."""
    return tuple(replace(record, time_us=BEGAN_US + int(minute * MINUTE_US)) for record in records)


def switched(epoch: int, what: str, selector: str) -> Record:
    """A change of the kill switch."""
    body = SwitchBody(
        by="u-operator", change=f"switch-{epoch}", cut=False, epoch=epoch, reason="a drill", selector=selector
    )
    return Record(SWITCH_TENANT, what, body.change, BEGAN_US, body)


def key_of(data: Path) -> Signer:
    signer = LogKeyFiles(data, ORIGIN).current()
    assert signer is not None, "write to the log first"  # noqa: S101 - a mistake of the test
    return signer


def minutes(tenant: str, begin: float, end: float) -> Span:
    return Span(tenant, BEGAN_US + int(begin * MINUTE_US), BEGAN_US + int(end * MINUTE_US))


def pack_of(data: Path, span: Span, since: Sequence[str] = ()) -> bytes:
    log = SqliteLogReader.open(data)
    out = io.BytesIO()
    try:
        build(log, lambda digest: None, Wanted(span=span, since=since, made_us=BEGAN_US), key_of(data), out)
    finally:
        log.close()
    return out.getvalue()


def files_of(pack: bytes) -> dict[str, bytes]:
    """In their order."""
    with zipfile.ZipFile(io.BytesIO(pack)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in files:
            made.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def signed_anew(files: dict[str, bytes], signer: Signer, **claims: Any) -> bytes:
    """A pack of these files as who holds the log's key could make it: reports and manifest are made anew."""
    claim = read_manifest(read_note(files[MANIFEST]))[0]._replace(**claims)
    return signed_as_is(files | _reports(files, claim, signer), signer, **claims)


def signed_as_is(files: dict[str, bytes], signer: Signer, **claims: Any) -> bytes:
    """Only the manifest is made anew."""
    claim = read_manifest(read_note(files[MANIFEST]))[0]._replace(**claims)
    rest = {name: data for name, data in files.items() if name != MANIFEST}
    lines = (f"file {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n" for name, data in rest.items())
    note = signed(claim.lines + "".join(lines), [signer])
    return packed([*rest.items(), (MANIFEST, str(note).encode())])


def _reports(files: dict[str, bytes], claim: Claim, signer: Signer) -> dict[str, bytes]:
    tally = Tally(claim)
    known = {name.removeprefix(CONTENTS): data for name, data in files.items() if name.startswith(CONTENTS)}
    try:
        for name in (WINDOW, OTHERS):
            for line in files[name].split(b"\n")[:-1]:
                tally.add(read_entry(line))
        signed = {
            int(name.removeprefix(STATEMENTS)): data
            for name, data in files.items()
            if name.startswith(STATEMENTS)
        }
        made = tally.files(known.get, signed)
        summary, register = json.loads(made[SUMMARY]), json.loads(made[REGISTER])
        size = read_checkpoint(read_note(files[CHECKPOINT])).size
        records = files[WINDOW].count(b"\n")
        shown = {
            REPORT: page(claim, summary, register, records, size),
            README: readme(claim, signer.verifier.vkey),
        }
        return made | shown
    except (Bad, ValueError, KeyError, TypeError, AttributeError):  # whatever a test did to them
        return {}


class CleanVerifier:
    """The pack's `verify.py` in a process of its own: `python -I -S`, asked as often as you like."""

    def __init__(self, directory: Path) -> None:
        self._pack = directory / "pack.zip"
        self._script = directory / "verify.py"
        self._script.write_bytes(bundled())
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-I", "-S", "-c", _DRIVER, str(self._script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.write("begin\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None  # noqa: S101 - entered
        self._process.communicate(timeout=20)

    def status(self, pack: bytes, *arguments: str | Path) -> tuple[int, str]:
        """The exit status, and everything said."""
        assert self._process is not None  # noqa: S101 - entered
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - a pipe was asked for
        assert stdout is not None  # noqa: S101 - a pipe was asked for
        self._pack.write_bytes(pack)
        words = [str(self._pack), *map(str, arguments)]
        stdin.write(json.dumps(words) + "\n")  # noqa: TID251 - as the other side reads it
        stdin.flush()
        said: list[str] = []
        while True:
            line = stdout.readline()
            if line.strip().isdecimal():
                return int(line), "".join(said)
            if not line:
                raise RuntimeError(f"the verifier fell over:\n{''.join(said)}")
            said.append(line)
