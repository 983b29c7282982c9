"""A real PostgreSQL of the system's, for tests: in a directory of its own, on a unix socket, never as root.

    with PostgresServer() as server:
        link = Link.to(server.database())

Debian's packages put the server outside of the PATH; it is looked for there as well.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from glob import glob
from itertools import count
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Final, Self

import psycopg

from signalbox.adapters.stores.postgres.link import Link
from signalbox.adapters.stores.postgres.migrate import migrate
from signalbox.testing.served import eventually

_TEMPLATE: Final = "migrated"
_OWNER: Final = "signalbox"
_START_S: Final = 60
_SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "logging_collector": "off",
}


class PostgresServer:
    """`signal` and `kill` reach every process of it."""

    def __init__(self) -> None:
        # Not below a directory that only root may enter; short, for the path of a socket has few bytes.
        self.directory = Path(tempfile.mkdtemp(prefix="sb-pg-"))
        self._user = _somebody()
        self._data = self.directory / "data"
        self._names = count(1)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._user is not None:
            os.chown(self.directory, pwd.getpwnam(self._user).pw_uid, -1)
        subprocess.run(  # noqa: S603 - a program of the system's
            [_program("initdb"), "-D", self._data, "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--no-locale"],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self.directory,
        )
        self.start()
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        migrate(Link.to(self.address(_TEMPLATE)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def address(self, database: str) -> str:
        return f"postgresql://{_OWNER}@/{database}?host={self.directory}"

    def database(self, *, migrated: bool = True) -> str:
        """The address of a new one, with the stores' tables unless it is to be empty."""
        name = f"test{next(self._names)}"
        template = f" TEMPLATE {_TEMPLATE}" if migrated else ""
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}{template}".encode())
        return self.address(name)

    def start(self) -> None:
        status = self._data / "postmaster.pid"
        status.unlink(missing_ok=True)  # of one that was killed
        options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        options += ["-k", str(self.directory)]
        with (self.directory / "server.log").open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 - a program of the system's
                [_program("postgres"), "-D", self._data, *options],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self.directory,
            )
        eventually(lambda: status.exists() and "ready" in status.read_text(), _START_S)

    def signal(self, number: signal.Signals) -> None:
        """The postmaster first, so that it starts nobody meanwhile."""
        assert self._server is not None  # noqa: S101 - started
        main = self._server.pid
        os.kill(main, number)
        for child in Path(f"/proc/{main}/task/{main}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)

    def kill(self) -> None:
        """As a machine that loses its power, but for what the system had not written to the disk yet."""
        if self._server is not None:
            self.signal(signal.SIGKILL)
            self._server.wait()
            self._server = None


def _somebody() -> str | None:
    """Who runs the server where we are root, which it refuses to run as."""
    if os.geteuid() != 0:
        return None
    users = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"


def _program(name: str) -> str:
    """Raises `FileNotFoundError` saying what to do."""
    beside = sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"))
    found = which(name) or (beside[-1] if beside else None)
    if found is None:
        raise FileNotFoundError(f"there is no `{name}` on this machine: run `make tools-test`")
    return found
