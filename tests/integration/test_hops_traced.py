"""A server under mixed traffic opens nothing that is not declared: by the kernel's word, and by Python's.

The kernel's tells what was opened, whoever did it; the interpreter's tells which function of ours did.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from msgspec import Struct
from tests.integration.hop_world import HopWorld, heard_by, hop_world, mixed_traffic

from signalbox.hops import HOPS, hops_at
from signalbox.testing.served import COMMAND, eventually

HERE = Path(__file__).parent
CALLS = "connect,sendto,sendmsg,bind,openat,open,creat,mkdir,mkdirat,link,linkat,execve,execveat"
_CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
NOTHING_KEPT = ("/dev/null", "/dev/tty", "/dev/urandom")
ATTEMPTS = {"primary", "retry", "hedge", "fallback", "repair"}


class Opened(Struct):
    """What the kernel was asked for. `files` were opened for writing; `unix` are sockets by their path."""

    ports: set[int]
    unix: set[str]
    others: list[str]
    files: set[str]
    programs: list[str]


def read(trace: Path) -> Opened:
    opened = Opened(set(), set(), [], set(), [])
    for line in trace.read_text(errors="replace").splitlines():
        found = _CALL.match(line)
        if found is None:
            continue
        call, rest = found.groups()
        if call in ("connect", "sendto", "sendmsg", "bind"):
            if port := _PORT.search(rest):
                if call != "bind":
                    opened.ports.add(int(port[1]))
                    assert "127.0.0.1" in rest or "::1" in rest, line
            elif "AF_UNIX" in rest and (path := re.search(r'sun_path=@?"([^"]*)"', rest)):
                opened.unix.add(path[1])
            elif "sa_family" in rest and "AF_UNSPEC" not in rest:
                opened.others.append(line)
        elif call in ("execve", "execveat"):
            opened.programs.append(line)
        elif call.startswith("open") and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", rest):
            continue
        elif path := _PATH.search(rest):
            opened.files.add(path[1])
    return opened


def declared_files(data_dir: Path) -> list[str]:
    patterns = [file for hop in HOPS for file in hop.files]
    return [file.replace("data/", f"{data_dir}/") for file in patterns if file.startswith("data/")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HopWorld]:
    with hop_world(tmp_path) as made:
        yield made


@pytest.mark.skipif(sys.platform != "linux", reason="strace is a tool of Linux")
def test_the_kernel_is_asked_for_nothing_that_is_not_declared(world: HopWorld, tmp_path: Path) -> None:
    assert shutil.which("strace"), "strace is missing: `make test` installs it"
    trace = tmp_path / "trace"
    wrapper = ("strace", "-D", "-f", "-s", "300", "-o", str(trace), "-e", f"trace={CALLS}", COMMAND)
    with world.serve(wrapper, env={"PYTHONDONTWRITEBYTECODE": "1"}) as served:
        said = mixed_traffic(world, served)
    exported = served.command("log", "export", str(tmp_path / "exported"))  # signed at the server's close
    statuses = {name: answer.status for name, answer in said.items()}
    assert statuses["denied by place"] == 404
    assert statuses["denied by label"] == 403
    assert statuses["killed"] == 403
    assert exported.returncode == 0, exported.stderr
    records = served.records()
    assert {record["hop"] for record in records if record["kind"] == "intent"} >= ATTEMPTS, statuses
    assert [record["hop"] for record in records if record["kind"] == "hit"] == ["cache"]
    eventually(lambda: f"{served.process.pid} +++ exited" in " ".join(trace.read_text().split()))

    opened = read(trace)
    allowed = set(world.ports.values())
    assert opened.ports <= allowed, f"connected to {opened.ports - allowed}"
    assert opened.ports == allowed, "a hop of the traffic was not seen: the trace misses something"
    assert not opened.others
    files = declared_files(world.data_dir)
    undeclared = {
        path
        for path in opened.files | opened.unix
        if path not in NOTHING_KEPT
        and not any(fnmatch(path, pattern) for pattern in files)
        and Path(path) != world.data_dir
    }
    assert not undeclared
    command, server = opened.programs
    assert '"serve"' in command
    assert '"signalbox.cli.serve"' in server
    assert world.forbidden_port not in opened.ports
    assert not heard_by(world.forbidden), "a forbidden endpoint got bytes"
    assert not world.forbidden.emulator.receipts.kept


def test_whatever_python_opens_is_opened_where_it_is_declared(world: HopWorld, tmp_path: Path) -> None:
    events = tmp_path / "events"
    command = (sys.executable, str(HERE / "audited.py"), str(events))
    with world.serve(command, env={"PYTHONDONTWRITEBYTECODE": "1"}) as served:
        mixed_traffic(world, served)
    heard = [line.split("\t") for line in events.read_text().splitlines()]
    undeclared = [(event, about, place) for event, about, place in heard if not hops_at(place)]
    assert not undeclared
    seen = {hop for _, _, place in heard for hop in hops_at(place)}
    assert {"decision log", "keys of this machine", "kill switch and acts", "log relay", "reply"} <= seen
    assert not heard_by(world.forbidden)
