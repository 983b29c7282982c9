"""No place in the code opens a socket, starts a process or writes a file without being declared as a hop."""

import subprocess
import sys
from pathlib import Path
from typing import Final, get_args

import pytest

from signalbox.dispatch.step import Hop
from signalbox.hops import ABSENT, HOPS, INERT, PACKAGES, hops_at
from signalbox.hops.page import render
from signalbox.testing.outlets import Outlet, module_of, outlets_of, outlets_under

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "src" / "signalbox"


def all_outlets() -> list[Outlet]:
    found = list(outlets_under(SOURCE, "signalbox", INERT))
    for more in ("integrations", "deploy"):
        if (ROOT / more).is_dir():
            found += outlets_under(ROOT / more, more, INERT)
    return found


def undeclared(found: list[Outlet]) -> list[str]:
    return [
        f"{outlet.place} (line {outlet.line}): {outlet.what}"
        for outlet in found
        if not hops_at(outlet.place) and not outlet.place.startswith(tuple(PACKAGES))
    ]


def test_every_place_that_could_send_or_write_belongs_to_a_declared_hop() -> None:
    missing = undeclared(all_outlets())
    assert not missing, (
        "declare each place under its hop in src/signalbox/hops/, with what it carries and who is asked:\n"
        + "\n".join(missing)
    )


def test_no_declared_place_has_gone() -> None:
    found = all_outlets()
    there = {outlet.place for outlet in found}
    there |= {f"{outlet.place.partition(':')[0].rpartition('.')[0]}.*" for outlet in found}
    gone = {place for hop in HOPS for place in hop.places} - there
    assert not gone


@pytest.mark.parametrize(
    "planted",
    [
        "import socket\nsocket.create_connection(('h', 1))",
        "import socket as s\ns.socket().connect(('h', 1))",
        "from socket import socket as tube\ntube()",
        "import os as o\no.open('f', 1)",
        "from os import *",
        "import os\ngetattr(os, 'op' + 'en')('f', 1)",
        "import os\nits = os",
        "import asyncio\nasync def f(): await asyncio.open_connection('h', 1)",
        "import asyncio\nasync def f(): await asyncio.get_running_loop().create_connection(p, 'h', 1)",
        "async def f(loop): await loop.sock_connect(s, a)",
        "import asyncio\nasync def f(): await asyncio.create_subprocess_exec('sh')",
        "import subprocess\nsubprocess.run(['sh'])",
        "import subprocess\nf = subprocess.Popen",
        "import os\nos.posix_spawn('/bin/sh', [], {})",
        "import sqlite3\nsqlite3.connect('f')",
        "from functools import partial\nimport sqlite3\npartial(sqlite3.connect, 'f')",
        "import psycopg",
        "import requests",
        "from valkey.asyncio import Valkey",
        "import urllib.request\nurllib.request.urlopen('http://h')",
        "import urllib.request as u\nu.build_opener().open('http://h')",
        "import http.client\nhttp.client.HTTPSConnection('h')",
        "from signalbox.adapters.http.client import HttpClient\nHttpClient(clock)",
        "from signalbox.adapters.http import client\nclient.HttpClient(clock)",
        "open('f', 'w')",
        "open('f', mode)",
        "open('f', mode='ab')",
        "import asyncio\nasync def f(path): await asyncio.to_thread(path.write_bytes, b'')",
        "import asyncio\nasync def f(path): await asyncio.to_thread(path.open, 'w')",
        "def f(path): path.write_text('x')",
        "def f(path): path.open('w')",
        "def f(path): path.open(mode='r+')",
        "import logging\nlogging.FileHandler('f')",
        "import logging\nlogging.getLogger('x').warning('y')",
        "import sys\nsys.stderr.write('x')",
        "print('x')",
        "import tempfile\ntempfile.NamedTemporaryFile()",
        "import importlib\nimportlib.import_module('so' + 'cket')",
        "__import__('socket')",
        "exec('import socket')",
        "import ctypes\nctypes.CDLL('libc.so.6')",
        "import smtplib",
        "import multiprocessing\nmultiprocessing.Process()",
    ],
)
def test_a_planted_way_out_is_found(planted: str) -> None:
    if planted == "import smtplib":
        planted += "\nsmtplib.SMTP('h')"
    assert undeclared(outlets_of(planted, "signalbox.rank.planted", INERT)), planted


@pytest.mark.parametrize(
    "harmless",
    [
        "def f(path): return path.open('rb').read() + path.read_bytes()",
        "open('f').read()",
        "open('f', 'rb')",
        "import socket\ndef f(s: socket.socket) -> socket.socket: return s",
        "import os\nos.environ.get('x'), os.close(1), os.fstat(1)",
        "import asyncio\nasync def f(room): await room.open(), await asyncio.sleep(0)",
        "def f(seen): return seen.open",
        "import msgspec\nmsgspec.json.encode(1)",
    ],
)
def test_what_only_reads_or_computes_is_left_alone(harmless: str) -> None:
    assert not outlets_of(harmless, "signalbox.rank.harmless", INERT)


def test_a_place_is_named_by_the_innermost_function() -> None:
    text = "import os\nclass A:\n    def f(self):\n        def g():\n            os.open('x', 1)\n"
    (found,) = outlets_of(text, "signalbox.rank.planted", INERT)
    assert found == Outlet("signalbox.rank.planted:A.f.g", 5, "os.open")


def test_packages_of_the_workshop_are_not_part_of_a_server() -> None:
    listed = "import sys, signalbox.service, signalbox.cli.serve; print(*sys.modules, sep='\\n')"
    ran = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    assert not [name for name in ran.stdout.split() if name.startswith(tuple(PACKAGES))]
    assert "signalbox.service" in ran.stdout


def test_names_are_one_each_and_what_is_absent_is_nowhere() -> None:
    names = [hop.name for hop in HOPS]
    assert len(set(names)) == len(names)
    assert not set(names) & set(ABSENT)
    modules = {module_of(file, SOURCE, "signalbox") for file in SOURCE.rglob("*.py")}
    for word in ("judge", "shadow", "webhook"):
        assert word in ABSENT
        assert not [name for name in modules if word in name], f"`{word}` is built: declare it as a hop"


def test_what_carries_content_elsewhere_asks_policy() -> None:
    for hop in HOPS:
        if hop.tells and hop.leaves and hop.name != "command line":
            assert hop.asks == "policy", hop.name
        assert hop.why, hop.name


def test_every_kind_of_attempt_is_declared() -> None:
    assert set(get_args(Hop)) <= {hop.name for hop in HOPS if hop.asks == "policy"}


def test_the_page_is_what_make_docs_makes() -> None:
    page = ROOT / "docs" / "reference" / "hops.md"
    assert page.read_text() == render(), "run `make docs`"
