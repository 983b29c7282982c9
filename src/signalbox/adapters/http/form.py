"""What the requests of one kind to one origin have in common, checked and encoded once."""

from collections.abc import Sequence

from signalbox.adapters.http.headers import Headers, header_line, request_prefix
from signalbox.adapters.http.origin import Origin

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})  # these say `content-length: 0` when there is no body


class Form:
    """A request but for its body and, where `varying` names a header, that header's value.

    Immutable. `path` includes the query; `host`, `content-length` and `accept-encoding` are written here.
    Raises `ValueError` for a request that could smuggle another.
    """

    __slots__ = ("_head", "_says_length", "_varying", "head_only", "origin")

    def __init__(
        self,
        origin: Origin,
        method: str,
        path: str,
        headers: Headers | Sequence[tuple[str, str]] = (),
        varying: str = "",
    ) -> None:
        self.origin = origin
        self.head_only = method == "HEAD"
        self._says_length = method in _BODY_METHODS
        self._varying = varying
        lines = headers if isinstance(headers, Headers) else Headers(headers)
        head = request_prefix(origin, method, path) + lines.lines
        if varying:
            head += header_line(varying, "")
        self._head = head.removesuffix(b"\r\n")  # its last line ends where it is filled in

    def fill(self, body: bytes, value: str = "") -> bytes:
        """The whole request in one piece: one write, one segment where it fits.

        `value` is the varying header's. Raises `ValueError` unless it is printable ASCII.
        """
        if not self._varying:
            varied = b""
        elif value.isascii() and value.isprintable():
            varied = value.encode()
        else:
            raise ValueError(f"the value of header `{self._varying}` is not printable ASCII")
        if body or self._says_length:
            return b"%b%b\r\ncontent-length: %d\r\n\r\n%b" % (self._head, varied, len(body), body)
        return b"%b%b\r\n\r\n" % (self._head, varied)
