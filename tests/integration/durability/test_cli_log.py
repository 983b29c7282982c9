"""The decision log's commands against a data directory that a real server wrote."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from signalbox.cli import main
from signalbox.testing.site import Person, Site, stop, until

TEXT = "Rewrite this paragraph about the Zanzibar project."


class Cli:
    """Runs `signalbox` in this process: `(exit code, standard output, standard error)`."""

    def __init__(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.site = site
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        command = ["signalbox", *arguments, "--config", str(self.site.settings)]
        self._monkeypatch.setattr(sys, "argv", command)
        self._monkeypatch.setenv("COLUMNS", "200")
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def cli(site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(site, monkeypatch, capsys)


async def journeys(site: Site) -> None:
    """One general, one confidential, one refused by policy."""
    server, url = site.serve()
    async with Person(url, site.key) as person:
        for model, confidential in (("open", False), ("secret", True), ("nobody", False)):
            answered = await person.ask(model, confidential=confidential, text=TEXT)
            assert answered is not None
            assert answered[0] == (404 if model == "nobody" else 200)
    assert stop(server) == 0


async def one_more(site: Site) -> None:
    server, url = site.serve()
    async with Person(url, site.key) as person:
        await person.ask("secret", confidential=True)
    assert stop(server) == 0


def decisions(site: Site) -> list[str]:
    return [body["decision"] for body in site.log().of("decision")]


def test_show_prints_every_record_of_the_log_and_no_text(site: Site, cli: Cli) -> None:
    asyncio.run(journeys(site))
    code, out, _ = cli("log", "show")
    assert code == 0
    kinds = [line.split()[3] for line in out.splitlines()]
    assert kinds == [kind for kind, _ in site.log().records]
    assert sorted(kinds) == ["decision", "decision", "denial", "intent", "intent", "outcome", "outcome"]
    assert "primary → at-secret (durable)" in out
    assert "404 unknown_model" in out

    code, as_json, _ = cli("log", "show", "--json", "--first", "0", "--count", "3")
    lines = [msgspec.json.decode(line) for line in as_json.splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 2]
    assert [line["body"] for line in lines] == [body for _, body in site.log().records[:3]]
    assert cli("log", "show", "--tenant", "nobody")[:2] == (0, "")

    everything = cli("log", "show", "--json", "--first", "0", "--count", "99")[1]
    assert "Zanzibar" not in everything
    assert "Zanzibar" not in cli("explain", decisions(site)[0])[1]
    for path in site.data_dir.iterdir():
        if path.is_file():
            assert b"Zanzibar" not in path.read_bytes()


def test_explain_tells_the_story_and_decides_again(site: Site, cli: Cli) -> None:
    asyncio.run(journeys(site))
    for decision, endpoint, durable in zip(
        decisions(site), ("at-open", "at-secret"), (False, True), strict=True
    ):
        code, out, err = cli("explain", decision)
        assert (code, err) == (0, "")
        assert "decided again from the recorded inputs: the same plan" in out
        assert f"primary to {endpoint}" in out
        assert ("on disk before it left" in out) == durable
        assert "ok after" in out
        told = [line for line in out.splitlines() if "planned" in line]
        assert len(told) == 1
        assert endpoint in told[0]

    code, out, _ = cli("explain", site.log().of("denial")[0]["decision"])
    assert code == 0
    assert "refused with 404 unknown_model" in out
    assert cli("explain", "dec-" + "0" * 32)[0] == 1
    code, _, err = cli("explain", "what?")
    assert code == 1
    assert "`what?` is not the id of a decision" in err


def test_explain_says_so_when_the_file_no_longer_holds_what_was_recorded(site: Site, cli: Cli) -> None:
    """Deciding again rests on the log alone: other settings today change nothing about yesterday."""
    asyncio.run(journeys(site))
    text = site.settings.read_text()
    site.settings.write_text(text.replace("default = 0.5", "default = 0.1").replace('"2"', '"200"'))
    for decision in decisions(site):
        assert "the same plan" in cli("explain", decision)[1]


def test_decide_shows_the_plan_and_leaves_no_trace(site: Site, cli: Cli) -> None:
    asyncio.run(journeys(site))
    before = site.log().records
    code, out, err = cli(
        "decide", "--app", "excel", "--feature", "formula", "--sensitivity", "confidential", TEXT
    )
    assert (code, err) == (0, "")
    assert "sensitivity confidential" in out
    assert "task computation" in out
    assert {line.split()[3] for line in out.splitlines() if "│ 1 " in line or "│ 2 " in line} <= {
        "at-open",
        "at-secret",
    }
    assert site.log().records == before
    assert len(site.receipts) == 2
    code, out, _ = cli("decide", "--model", "nobody", TEXT)
    assert code == 1


async def test_decide_beside_a_running_server_asks_nobody_and_writes_nothing(site: Site) -> None:
    server, url = site.serve()
    async with Person(url, site.key) as person:
        await person.ask("open")
        command = [sys.executable, "-c", "from signalbox.cli import main; main()", "decide", TEXT]
        ran = subprocess.run(
            [*command, "--config", str(site.settings)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "at-open" in ran.stdout
    assert stop(server) == 0
    assert len(site.log().of("decision")) == 1


async def test_tail_prints_records_as_they_come(site: Site) -> None:
    server, url = site.serve()
    async with Person(url, site.key) as person:
        await person.ask("open")
        out = site.directory / "tail"
        command = [sys.executable, "-c", "from signalbox.cli import main; main()", "log", "tail", "--config"]
        with (
            out.open("wb") as stdout,
            subprocess.Popen([*command, str(site.settings)], stdout=stdout) as tail,
        ):
            try:
                await until_told(person, out)
            finally:
                tail.terminate()
    assert stop(server) == 0
    assert "primary → at-secret (durable)" in out.read_text()


async def until_told(person: Person, out: Path) -> None:
    """It tells only of what comes after its start, of which it gives no sign: so ask until it does."""

    def told() -> bool:
        return "durable" in out.read_text()

    for _ in range(40):
        await person.ask("secret", confidential=True)
        try:
            await until(told, seconds=1)
        except TimeoutError:
            continue
        return
    raise AssertionError("tail printed nothing")


# -- verify


def copied(site: Site, name: str) -> Path:
    """A copy of the data directory, in one database file."""
    copy = site.directory / name
    copy.mkdir()
    source = sqlite3.connect(site.data_dir / "log.sqlite3")
    target = sqlite3.connect(copy / "log.sqlite3")
    source.backup(target)
    source.close()
    target.close()
    return copy


def change_in_place(copy: Path, old: bytes, new: bytes) -> None:
    path = copy / "log.sqlite3"
    content = path.read_bytes()
    assert len(old) == len(new)
    assert content.count(old) >= 1
    path.write_bytes(content.replace(old, new, 1))


def test_verify_finds_a_changed_byte_and_names_the_record(site: Site, cli: Cli) -> None:
    asyncio.run(journeys(site))
    code, out, err = cli("log", "verify")
    assert (code, err) == (0, "")
    assert "sound: 7 records verified" in out

    copy = copied(site, "copy")
    assert cli("log", "verify", "--data", str(copy))[0] == 0
    number = next(n for n, (kind, body) in enumerate(site.log().records) if kind == "outcome")
    attempt = site.log().records[number][1]["attempt"]
    old = f'"attempt":"{attempt}","authorised":"confirmed","billed":"yes"'.encode()
    change_in_place(copy, old, old.replace(b"yes", b"not"))
    code, out, _ = cli("log", "verify", "--data", str(copy))
    assert code == 1
    assert f"record {number}: the body is not what the leaf committed to" in out
    assert "NOT SOUND" in out


def test_verify_against_kept_heads_finds_a_log_that_was_cut_short(site: Site, cli: Cli) -> None:
    asyncio.run(journeys(site))
    heads = site.directory / "heads.json"
    before = copied(site, "before")
    assert cli("log", "verify", "--keep", str(heads))[0] == 0
    assert "and 1 retained heads are on it" in cli("log", "verify", "--against", str(heads))[1]

    asyncio.run(one_more(site))  # the log goes on: what was kept is still on it
    assert cli("log", "verify", "--against", str(heads))[0] == 0
    later = site.directory / "later.json"
    assert cli("log", "verify", "--keep", str(later))[0] == 0

    # `before` is a sound log by itself: only the heads show what it lacks.
    assert cli("log", "verify", "--data", str(before))[0] == 0
    code, out, _ = cli("log", "verify", "--data", str(before), "--against", str(later))
    assert code == 1
    assert "tenant `local` had 10 records when its head was retained" in out
    assert "now stands at 7" in out

    code, _, err = cli("log", "verify", "--against", str(site.settings))
    assert code == 1
    assert "holds no retained heads" in err


def test_a_log_cut_in_its_database_is_found(site: Site, cli: Cli) -> None:
    asyncio.run(journeys(site))
    heads = site.directory / "heads.json"
    assert cli("log", "verify", "--keep", str(heads))[0] == 0
    copy = copied(site, "copy")
    database = sqlite3.connect(copy / "log.sqlite3")
    (table,) = [
        name
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        if "batch" in name
    ]
    database.execute(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")
    database.commit()
    database.close()
    code, out, _ = cli("log", "verify", "--data", str(copy), "--against", str(heads))
    assert code == 1
    assert "records when its head was retained" in out


def test_without_a_log_each_command_says_so_in_a_line(site: Site, cli: Cli) -> None:
    for command in (("log", "show"), ("log", "verify"), ("explain", "dec-" + "0" * 32)):
        code, out, err = cli(*command)
        assert (code, out) == (1, "")
        assert "there is no log at" in err
        assert len(err.splitlines()) == 1
    assert not site.data_dir.exists()
