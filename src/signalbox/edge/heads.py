"""Heads of requests that came before: the same client asks with the same head all day, but for its length.

A head is taken for known only if the parser has accepted the very same bytes before, with another number
in `Content-Length` at most; so nothing is found in a head here that httptools would have judged otherwise.
Only requests that came whole and alone in one piece are looked for. It parses nothing and keeps no body.
"""

from typing import Any, Final

from msgspec import Struct

from signalbox.edge.context import BODY, SAID, Headers

_BYTES_MAX: Final = 4_096
_KEPT_MAX: Final = 1_024
_END: Final = b"\r\n\r\n"
_END_BYTES: Final = len(_END)
_LENGTHS: Final = (b"\r\ncontent-length: ", b"\r\nContent-Length: ")
_LENGTH: Final = b"content-length"
_LENGTH_BYTES: Final = len(_LENGTHS[0])
_NOT_KEPT: Final = frozenset((b"expect", b"transfer-encoding", b"upgrade"))


class Head(Struct, frozen=True):
    """`about` is what the scopes of all its requests have in common, `headers` all but the length, whose
    digits are to be filled into `text`."""

    about: dict[str, Any]
    headers: tuple[tuple[bytes, bytes], ...]
    keep_alive: bool
    text: bytes

    def over(self, connection: dict[str, Any]) -> "Head":
        """The same for one connection, with what its scopes have in common."""
        return Head({**connection, **self.about}, self.headers, self.keep_alive, self.text)

    def scope(self, data: bytes) -> dict[str, Any] | None:
        """A scope of the request's own, as applications may change theirs, if `data` is one whole request
        with this head: with what follows its first empty line as the body, and the length of just that."""
        end = data.find(_END) + _END_BYTES
        digits = b"%d" % (len(data) - end)
        if not data.startswith(self.text % digits):
            return None
        scope = self.about.copy()
        scope["headers"] = [*self.headers, (_LENGTH, digits)]
        scope[BODY] = data[end:]
        return scope


class KnownHeads:
    """Of all connections together."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def find(self, data: bytes) -> Head | None:
        """The head that `data` may have: `Head.scope` tells."""
        end = data.find(_END, 0, _BYTES_MAX)
        at = _length_in(data, end)
        if at < 0:
            return None
        return self._known.get(data[:at] + data[data.find(b"\r", at) : end])

    def learn(self, data: bytes, scope: dict[str, Any], *, keep_alive: bool) -> None:
        """`data` is all that came while the parser found this request in it, and nothing else."""
        end = data.find(_END, 0, _BYTES_MAX)
        at = _length_in(data, end)
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if at < 0 or not _NOT_KEPT.isdisjoint(name for name, _ in headers):
            return
        # INVARIANT: each line but the first is one of the parser's headers, so this is its head, and whole.
        lines = data.count(b"\r\n", 0, end)
        if lines != len(headers) or lines != data.count(b"\n", 0, end) or lines != data.count(b"\r", 0, end):
            return
        stop = data.find(b"\r", at)
        digits = data[at:stop]
        if not digits.isdigit() or len(data) - end - _END_BYTES != int(digits):
            return
        kept = tuple([header for header in headers if header[0] != _LENGTH])
        if len(kept) != len(headers) - 1:
            return
        if len(self._known) >= _KEPT_MAX:
            self._known.clear()
        about = {name: scope[name] for name in ("http_version", "method", "path", "raw_path", "query_string")}
        about[SAID] = Headers(kept)
        before, after = data[:at], data[stop:end]
        text = b"%b%%b%b" % (before.replace(b"%", b"%%"), (after + _END).replace(b"%", b"%%"))
        self._known[before + after] = Head(about, kept, keep_alive, text)


def _length_in(data: bytes, end: int) -> int:
    """Where the digits of the length begin, in a head that ends at `end`; negative where there are none."""
    if end < 0:
        return -1
    for line in _LENGTHS:
        at = data.find(line, 0, end)
        if at >= 0:
            return at + _LENGTH_BYTES
    return -1
