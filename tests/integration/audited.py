"""Runs `signalbox` with every event of the interpreter's audit that opens or starts something written down.

    python audited.py EVENTS serve --config FILE

A line is an event, what it is about, and the innermost function of ours that is on its way there.
"""

import os
import sys
from types import FrameType
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_EVENTS = (
    "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen",
    "os.posix_spawn", "os.system", "os.exec", "os.fork", "os.mkdir", "os.link", "os.symlink",
    "os.truncate", "sqlite3.connect", "ctypes.dlopen",
    "urllib.Request", "http.client.connect", "tempfile.mkstemp", "tempfile.mkdtemp", "shutil.copyfile",
)  # fmt: skip


def place(frame: FrameType | None) -> str:
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == "signalbox" or module.startswith("signalbox."):
            name = ".".join(
                part for part in frame.f_code.co_qualname.split(".") if part not in ("<locals>", "<lambda>")
            )
            return module if name == "<module>" else f"{module}:{name}"
        frame = frame.f_back
    return "-"


def main() -> None:
    events = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def heard(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            writes = any(sign in mode for sign in "wax+") if isinstance(mode, str) else flags & _WRITES
            if not writes or not isinstance(path, str | bytes):
                return
            about = os.fsdecode(path)
        elif event in _EVENTS:
            about = repr(args)[:200]
        else:
            return
        os.write(events, f"{event}\t{about}\t{place(sys._getframe(1))}\n".encode())

    sys.addaudithook(heard)
    sys.argv = ["signalbox", *sys.argv[2:]]
    from signalbox.cli import main as run  # noqa: PLC0415 - what it imports is heard as well
    from signalbox.cli import serve as server  # noqa: PLC0415 - the same

    vars(server)["become"] = server.run  # another program would not be heard
    run()


if __name__ == "__main__":
    main()
