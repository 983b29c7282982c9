"""The writer's lease on a data directory: a lock that dies with its holder's process.

`flock` on `writer.lock` keeps a second writer out; the file says who the first is. The fencing epoch that
catches a writer whose lock was broken underneath it lives in the database, not here.
Not for network file systems, where `flock` may be a local affair.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from signalbox.domain.errors import LogHeld, LogUnavailable

LOCK_FILE: Final = "writer.lock"


class Lease:
    """`address` tells people where the holder can be found: `127.0.0.1:8484`, `signalbox decide`."""

    __slots__ = ("_address", "_fd", "_path")

    def __init__(self, data_dir: Path, address: str) -> None:
        self._path = data_dir / LOCK_FILE
        self._address = address
        self._fd = -1

    def take(self) -> None:
        """Raises `LogHeld` naming the holder, or `LogUnavailable` saying why the directory cannot be used."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LogUnavailable(f"the lock `{self._path}` cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()} {self._address}\n".encode(), 0)
        except BlockingIOError as error:
            holder = os.pread(fd, 256, 0).decode(errors="replace").strip() or "an unnamed process"
            os.close(fd)
            raise LogHeld(f"the log in `{self._path.parent}` is being written by process {holder}") from error
        except OSError as error:
            os.close(fd)
            raise LogUnavailable(f"the lock `{self._path}` cannot be taken: {error.strerror}") from error
        self._fd = fd

    def give_back(self) -> None:
        """Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
