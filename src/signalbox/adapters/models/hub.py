"""Downloads one file over HTTP into a prefix on disk, and goes on where that prefix ends.

It judges lengths only; whether the bytes are right is for the caller to check. Proxies are those of the
environment. Blocking: for a command, never for the request path.
"""

import http.client
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from signalbox.adapters.models.source import DISK_FULL, SourceFailed, prefix_length

_BLOCK: Final = 1 << 18
_IDLE_S: Final = 30.0  # silence from a hub that had answered
_FRUITLESS: Final = 3  # connections in a row that brought no byte


class _Total(Struct, frozen=True):
    """Where a reply's body begins in the file, and how long the file is (None: not said)."""

    start: int
    length: int | None


def download(url: str, prefix: Path, size: int, connect_timeout_s: float, at: Callable[[int], None]) -> None:
    """Extend `prefix` to `size` bytes. What has come is kept for the next time.

    Raises `SourceFailed` for whatever the hub or the network did, `OSError` when this disk is full.
    """
    opener = _opener(connect_timeout_s)
    first = done = prefix_length(prefix)
    fruitless = 0
    while done < size:
        try:
            _once(opener, url, prefix, size, at)
            reason = "it ended early"
        except urllib.error.HTTPError as error:
            error.close()
            raise SourceFailed(f"the hub answered {error.code}") from error
        except _Unreached as error:
            if done == first:
                raise SourceFailed(f"the hub cannot be reached: {error}", unreachable=True) from error
            reason = str(error)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise
            reason = _reason(error)
        now = prefix_length(prefix)
        fruitless = 0 if now > done else fruitless + 1
        done = now
        if fruitless >= _FRUITLESS:
            raise SourceFailed(f"the hub broke off: {reason}")


def _once(
    opener: urllib.request.OpenerDirector, url: str, prefix: Path, size: int, at: Callable[[int], None]
) -> None:
    begin = prefix_length(prefix)
    request = urllib.request.Request(url, headers={"user-agent": "signalbox", "accept-encoding": "identity"})  # noqa: S310 the address is the manifest's or the operator's
    if begin:
        request.add_header("range", f"bytes={begin}-")
    try:
        reply = opener.open(request, timeout=_IDLE_S)
    except urllib.error.HTTPError:
        raise
    except urllib.error.URLError as error:
        raise (error.reason if isinstance(error.reason, OSError) else error) from error
    with reply:
        total = _total(reply)
        if total.length is not None and total.length != size:
            raise SourceFailed(f"the hub has another file ({total.length} bytes, expected {size})")
        if total.start not in (0, begin):
            raise SourceFailed("the hub sent another range than was asked for")
        with prefix.open("r+b" if prefix.exists() else "wb") as out:
            out.truncate(total.start)
            out.seek(total.start)
            done = total.start
            while done < size and (block := reply.read(min(_BLOCK, size - done))):
                out.write(block)
                done += len(block)
                at(done)


def _total(reply: Any) -> _Total:
    if reply.status == http.client.PARTIAL_CONTENT:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", reply.headers.get("content-range", ""))
        if match is None:
            raise SourceFailed("the hub sent a range without saying which")
        return _Total(int(match[1]), int(match[2]))
    length = reply.headers.get("content-length", "")
    return _Total(0, int(length) if length.isdecimal() else None)


class _Unreached(OSError):
    """No connection came about."""


def _connect_within(connect: Callable[[], None], limit_s: float) -> None:
    """Bound the whole of connecting: a silent name server, or eight silent addresses, would take minutes."""
    failure: list[OSError] = []

    def attempt() -> None:
        try:
            connect()
        except OSError as error:
            failure.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        raise _Unreached(f"no answer within {limit_s:g} s")
    if failure:
        raise _Unreached(_reason(failure[0])) from failure[0]


class _PlainConnection(http.client.HTTPConnection):
    def __init__(self, host: str, *, limit_s: float, **options: Any) -> None:
        super().__init__(host, **options)
        self._limit_s = limit_s

    def connect(self) -> None:
        _connect_within(super().connect, self._limit_s)


class _TlsConnection(http.client.HTTPSConnection):
    def __init__(self, host: str, *, limit_s: float, **options: Any) -> None:
        super().__init__(host, **options)
        self._limit_s = limit_s

    def connect(self) -> None:
        _connect_within(super().connect, self._limit_s)


class _PlainHandler(urllib.request.HTTPHandler):
    def __init__(self, limit_s: float) -> None:
        super().__init__()
        self._connection = partial(_PlainConnection, limit_s=limit_s)

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)


class _TlsHandler(urllib.request.HTTPSHandler):
    def __init__(self, limit_s: float) -> None:
        super().__init__()
        self._connection = partial(_TlsConnection, limit_s=limit_s)

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)


def _opener(limit_s: float) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_PlainHandler(limit_s), _TlsHandler(limit_s))


def _reason(error: BaseException) -> str:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return words[:1].lower() + words[1:]
