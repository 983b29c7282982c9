"""The log's tools as they are typed: checkpoint, prove, export, key, verify and witness, on real files."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.keys.log_key_files import CheckpointFile, LogKeyFiles
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.cli import app
from signalbox.domain.errors import SignalboxError
from signalbox.domain.records import Record
from signalbox.record.journal import Journal
from signalbox.record.notary import Notary
from signalbox.testing.records import decision, denial, id_of, journey
from signalbox.tlog.checkpoint import seen
from signalbox.tlog.invalid import Invalid

ROOT = Path(__file__).parents[2]
ORIGIN = "localhost/signalbox"
ON_FILES = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


def write(data: Path, *records: Record) -> None:
    async def run() -> None:
        signs = Notary(ORIGIN, LogKeyFiles(data, ORIGIN), CheckpointFile(data), cadence_ms=3_600_000)
        journal = Journal(SqliteLogStore(data), SystemClock(), notary=signs)
        await journal.open()
        if records:
            await journal.commit(records)
        await journal.aclose()

    asyncio.run(run())


def told(number: int) -> Record:
    """A decision with the id that the log's readers look for."""
    record = decision(number)
    ident = f"dec-{id_of(number)}"
    return msgspec.structs.replace(
        record, ref=ident, body=msgspec.structs.replace(record.body, decision=ident)
    )


def call(*words: object) -> tuple[int, str]:
    """Exit status and everything said. An error of ours counts as `main` would have it: status 1."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(done.exception, SignalboxError):
        return 1, done.exception.message
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "data"
    monkeypatch.setenv("SIGNALBOX_DATA_DIR", str(place))
    monkeypatch.setenv("SIGNALBOX_CONFIG", str(ROOT / "signalbox.small.toml"))
    write(place, told(7), *[decision(n) for n in range(100, 400)])
    return place


@pytest.fixture
def kept(data: Path, tmp_path: Path) -> Path:
    """What a verifier took away: the checkpoint over 301 records. Two journeys were written after it."""
    status, said = call("log", "checkpoint")
    assert status == 0
    file = tmp_path / "kept"
    file.write_text(said)
    write(data, *journey(1), *journey(2))
    return file


def test_a_copy_verifies(data: Path, kept: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    with sqlite3.connect(data / "log.sqlite3") as source, sqlite3.connect(copy / "log.sqlite3") as target:
        source.backup(target)
    source.close()
    target.close()
    status, said = call("verify", copy, "--key", data / "log.vkey", "--checkpoint", kept)
    assert (status, "verified: 307 records" in said) == (0, True)
    assert "the first 301 records are those of the checkpoint in" in said
    assert "What this cannot show" in said
    assert "brought no checkpoint" not in said
    status, said = call("verify", copy / "log.sqlite3", "--key", (data / "log.vkey").read_text().strip())
    assert (status, "You brought no checkpoint and no witness" in said) == (0, True)


def test_an_export_verifies_and_holds_no_body(data: Path, kept: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiles"
    status, said = call("log", "export", out)
    assert (status, "307 records" in said) == (0, True)
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert names == [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/51",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/51",
    ]
    assert not any(b"plan" in path.read_bytes() for path in out.rglob("*") if path.is_file())
    status, said = call("verify", out, "--key", data / "log.vkey", "--checkpoint", kept)
    assert (status, "verified: 307 records" in said) == (0, True)
    assert call("log", "export", out)[0] == 1


def test_any_bit_of_an_export_counts(data: Path, kept: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiles"
    call("log", "export", out)
    files = sorted(path for path in out.rglob("*") if path.is_file())

    @ON_FILES
    @given(which=st.integers(0, len(files) - 1), at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
    def spoil(which: int, at: float, bit: int) -> None:
        whole = files[which].read_bytes()
        changed = bytearray(whole)
        changed[int(at * len(whole))] ^= 1 << bit
        files[which].write_bytes(changed)
        try:
            assert call("verify", out, "--key", data / "log.vkey", "--checkpoint", kept)[0] == 1
        finally:
            files[which].write_bytes(whole)

    spoil()
    for file in files:
        file.rename(tmp_path / "away")
        assert call("verify", out, "--key", data / "log.vkey", "--checkpoint", kept)[0] == 1, file
        (tmp_path / "away").rename(file)
    assert call("verify", out, "--key", data / "log.vkey", "--checkpoint", kept)[0] == 0


Meddling = Callable[[sqlite3.Connection], object]


@pytest.mark.parametrize(
    "meddle",
    [
        lambda db: db.execute("UPDATE batch SET frames = CAST(replace(frames, X'6461', X'6462') AS BLOB)"),
        lambda db: db.execute("DELETE FROM batch WHERE first = (SELECT max(first) FROM batch)"),
        lambda db: db.execute("DELETE FROM batch WHERE first = 0"),
        lambda db: db.execute("UPDATE tile SET hashes = zeroblob(32) WHERE level = 1"),
        lambda db: db.execute("DELETE FROM tile"),
        lambda db: db.execute("DELETE FROM checkpoint"),
        lambda db: db.execute("UPDATE checkpoint SET note = replace(note, 'localhost', 'otherhost')"),
        lambda db: db.execute("UPDATE checkpoint SET note = 'nonsense'"),
    ],
)
def test_a_database_that_was_meddled_with_does_not_verify(data: Path, kept: Path, meddle: Meddling) -> None:
    with sqlite3.connect(data / "log.sqlite3") as database:
        meddle(database)
    database.close()
    assert call("verify", data, "--key", data / "log.vkey", "--checkpoint", kept)[0] == 1


def test_a_log_written_anew_by_its_key_holder_verifies_only_for_who_kept_nothing(
    data: Path, kept: Path, tmp_path: Path
) -> None:
    anew = tmp_path / "anew"
    anew.mkdir()
    for name in ("log.key", "log.vkey"):
        shutil.copy(data / name, anew)
    write(anew, told(7), *[denial(n) for n in range(100, 500)])
    assert call("verify", anew, "--key", data / "log.vkey")[0] == 0
    status, said = call("verify", anew, "--key", data / "log.vkey", "--checkpoint", kept)
    assert (status, "NOT AS IT WAS SIGNED" in said) == (1, True)


def test_a_wrong_key_does_not_verify(data: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", decision(1))
    assert call("verify", data, "--key", tmp_path / "other" / "log.vkey")[0] == 1
    assert call("verify", data, "--key", "nonsense")[0] == 1


def test_one_record_is_proved(data: Path, kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "7.tlog-proof"
    assert call("log", "prove", "--decision", f"dec-{id_of(7)}", "--out", file)[0] == 0
    status, said = call("verify", file, "--key", data / "log.vkey")
    assert (status, "record 0 of localhost/signalbox, among the first 307" in said) == (0, True)
    assert f'"ref":"dec-{id_of(7)}"' in said
    assert call("log", "prove", "--record", 306)[1].startswith("c2sp.org/tlog-proof@v1\n")
    for words in (("--record", 307), ("--record", -1), ("--decision", "dec-zz"), (), ("--decision", "dec-0")):
        assert call("log", "prove", *words)[0] == 1
    for spoiled in (
        file.read_text().replace("index 0", "index 1"),
        file.read_text().replace("\n307\n", "\n308\n"),
    ):
        file.write_text(spoiled)
        assert call("verify", file, "--key", data / "log.vkey")[0] == 1


def test_a_tampered_log_proves_nothing(data: Path) -> None:
    with sqlite3.connect(data / "log.sqlite3") as database:
        database.execute("UPDATE tile SET hashes = zeroblob(8192) WHERE level = 0")
    database.close()
    status, said = call("log", "prove", "--record", 3)
    assert (status, "nothing is proved" in said) == (1, True)


def witness(*words: object) -> tuple[int, str]:
    """As somebody who has Python, `cryptography` and a few files of ours: nothing else is imported."""
    code = (
        "import sys\nfrom signalbox.witness import main\ndone = main(sys.argv[1:])\n"
        "assert not {'msgspec', 'typer', 'signalbox.domain', 'signalbox.record'} & set(sys.modules)\n"
        "sys.exit(done)"
    )
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def test_a_witness_cosigns_what_continues_what_it_saw_and_who_verifies_asks_for_it(
    data: Path, tmp_path: Path
) -> None:
    key, last, request = tmp_path / "witness.key", tmp_path / "last", tmp_path / "request"
    status, vkey = witness("key", "witness.example/w1", key)
    assert (status, key.stat().st_mode & 0o777) == (0, 0o600)
    log_vkey = (data / "log.vkey").read_text().strip()
    asked = ("cosign", request, "--log", log_vkey, "--key", key, "--last", last)
    (tmp_path / "empty").touch()
    assert call("log", "prove", "--since", tmp_path / "empty", "--out", request)[0] == 0
    assert witness(*asked)[0] == 0
    first = last.read_text()
    write(data, *journey(1))
    assert call("log", "prove", "--since", last, "--out", request)[0] == 0
    status, cosigned = witness(*asked)
    assert (status, cosigned) == (0, last.read_text())
    assert seen(cosigned).checkpoint.size == 304
    status, said = witness(*asked)
    assert (status, "304 were witnessed last" in said) == (1, True)
    status, said = call("verify", data, "--key", log_vkey, "--witness", vkey.strip(), "--checkpoint", last)
    assert (status, "the witness witness.example/w1 saw 304 records" in said) == (0, True)
    assert call("verify", data, "--key", log_vkey, "--witness", vkey.strip())[0] == 1
    last.write_text(first)
    request.write_text(request.read_text().replace("old 301", "old 300"))
    assert witness(*asked)[0] == 1
    assert last.read_text() == first


def test_keys_rotate_and_are_replaced(data: Path, kept: Path, tmp_path: Path) -> None:
    old = (data / "log.vkey").read_text().strip()
    status, said = call("log", "key", "--rotate")
    assert (status, "next start" in said) == (0, True)
    assert call("log", "key", "--replace")[0] == 1
    write(data, decision(500))
    new = call("log", "key")[1].strip()
    assert new == said.split("\n")[0] != old
    for keys in (("--key", old), ("--key", new, "--key", old)):
        assert call("verify", data, *keys, "--checkpoint", kept)[0] == 0
    out = tmp_path / "tiles"
    assert call("log", "export", out)[0] == 0
    assert (out / "handover" / "308").is_file()
    assert call("verify", out, "--key", old, "--checkpoint", kept)[0] == 0
    # The new key leaks: another takes its place, which nobody who knows only the leaked one follows.
    assert call("log", "key", "--replace")[0] == 0
    write(data, decision(501))
    newest = call("log", "key")[1].strip()
    status, said = call("verify", data, "--key", old, "--checkpoint", kept)
    assert (status, "no given key vouches for it" in said) == (1, True)
    assert call("verify", data, "--key", newest, "--key", old, "--checkpoint", kept)[0] == 0
    reader = SqliteLogReader.open(data)
    assert [stored.leaf.count(b'"kind":"key"') for _, stored in reader.scan(307)] == [1, 0, 1, 0]
    reader.close()


def test_a_lost_key_is_replaced(data: Path) -> None:
    (data / "log.key").unlink()
    with pytest.raises(SignalboxError, match="log key --replace"):
        write(data)
    assert call("log", "key", "--rotate")[0] == 1
    assert call("log", "key", "--replace")[0] == 0
    write(data, decision(600))
    assert call("verify", data, "--key", data / "log.vkey")[0] == 0


def test_what_is_no_log_is_said_in_a_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        status, said = call(
            "verify", path, "--key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        )
        assert (status, "there is no log" in said) == (1, True)
    assert issubclass(Invalid, ValueError)
