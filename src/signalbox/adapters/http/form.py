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
        self._head = request_prefix(origin, method, path) + lines.lines
        if varying:
            self._head += header_line(varying, "").removesuffix(b"\r\n")

    def fill(self, body: bytes, value: str = "") -> bytes:
        """The whole request in one piece: one write, one segment where it fits.

        `value` is the varying header's. Raises `ValueError` unless it is printable ASCII.
        """
        head = self._head
        if self._varying:
            if not (value.isascii() and value.isprintable()):
                raise ValueError(f"the value of header `{self._varying}` is not printable ASCII")
            head = b"%b%b\r\n" % (head, value.encode())
        if body or self._says_length:
            return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
        return head + b"\r\n"
