"""The bytes of a request's head, made once and refused if they could say more than they should.

INVARIANT: nothing that a caller passes can end a line, end the head, or change the framing: CR, LF, NUL
and every other control character are refused, and the headers that frame a message are the client's own.
Error messages name a header and never show its value, which may be a credential.
"""

import re
from collections.abc import Iterable
from typing import Final

from signalbox.adapters.http.origin import Origin

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_METHOD: Final = re.compile(r"[A-Z]+")
_OWN: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class Headers:
    """Header lines, validated and encoded. Immutable.

    Build them once per endpoint and keep them in a `Form`. Raises `ValueError` for a name that is not a
    token, a value that is not printable ASCII, or a header that the client writes itself.
    """

    __slots__ = ("lines",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.lines = b"".join([header_line(name, value) for name, value in pairs])


def request_prefix(origin: Origin, method: str, path: str) -> bytes:
    """Request line, host, and the encoding we take. Raises `ValueError` without showing the path."""
    if not _METHOD.fullmatch(method) or method == "CONNECT":
        raise ValueError("a request method is upper-case letters, and not CONNECT")
    if not path.startswith("/") or not (path.isascii() and path.isprintable()) or " " in path or "#" in path:
        raise ValueError("a request path starts with `/` and is printable ASCII without spaces or `#`")
    return f"{method} {path} HTTP/1.1\r\nhost: {origin.authority}\r\naccept-encoding: identity\r\n".encode()


def header_line(name: str, value: str) -> bytes:
    """One line with its end. Raises `ValueError` as `Headers` does."""
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"not a header name: {name!r}")
    if name.lower() in _OWN:
        raise ValueError(f"the client itself writes, or never sends, the header `{name}`")
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"the value of header `{name}` is not printable ASCII")
    return f"{name}: {value}\r\n".encode()
