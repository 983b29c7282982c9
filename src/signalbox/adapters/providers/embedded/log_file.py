"""A child's last words: a file of bounded size, and its end in memory.

Not a logging framework: no levels, no format; bytes in, two files at most.
"""

import os
from pathlib import Path

TAIL_BYTES = 2048
LINE_MAX = 300


class BoundedLog:
    """Appends to `path`; at `limit` bytes the file becomes `<path>.1`, replacing the one before."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self._limit = limit
        self._tail = b""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size

    def write(self, data: bytes) -> None:
        """Raises `OSError` when the disk does."""
        self._tail = (self._tail + data)[-TAIL_BYTES:]
        if self._size + len(data) > self._limit:
            self._turn_over()
        self._size += os.write(self._file, data[: self._limit])

    def last_line(self) -> str:
        """The last line that says something, shortened; empty if none was written."""
        lines = self._tail.decode("utf-8", "replace").split("\n")
        return next((line.strip()[:LINE_MAX] for line in reversed(lines) if line.strip()), "")

    def forget(self) -> None:
        """From here on `last_line` speaks of what is yet to come."""
        self._tail = b""

    def close(self) -> None:
        os.close(self._file)

    def _turn_over(self) -> None:
        os.close(self._file)
        self.path.replace(self.path.with_name(self.path.name + ".1"))
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = 0
