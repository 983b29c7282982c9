"""Where a request goes: scheme, host and port, or the path of a unix socket.

It does not resolve names and does not normalise paths.
"""

import re
from typing import Final, Literal, cast
from urllib.parse import urlsplit

from msgspec import Struct

Scheme = Literal["http", "https", "unix"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HOST_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?")
_IPV6: Final = re.compile(r"[0-9a-f:.]*:[0-9a-f:.]*")


class Origin(Struct, frozen=True, cache_hash=True):
    """`host` is lower-case and without brackets; for `unix` it is the socket's path and `port` is 0."""

    scheme: Scheme
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The value of the `host` header; a unix socket has no name of its own and says `localhost`."""
        if self.scheme == "unix":
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"

    @property
    def label(self) -> str:
        """How an error names it: host:port, or the socket's path."""
        if self.scheme == "unix":
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_base_url(url: str) -> tuple[Origin, str]:
    """Split `http://h:1/v1`, `https://h/v1` or `unix:/path.sock:/v1` into an origin and a path prefix.

    The prefix has no trailing slash and may be empty. Raises `ValueError`; the message never repeats
    a URL that carries user information.
    """
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        raise ValueError("a base URL is printable ASCII without spaces or backslashes")
    if url.startswith("unix:"):
        return _parse_unix(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"not a base URL: {error}") from None
    if "@" in parts.netloc:
        raise ValueError("a base URL carries no user or password: name a credential instead")
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"unknown scheme in base URL `{url}`: expected http, https or unix")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError(f"a base URL has no query and no fragment: `{parts.scheme}://{parts.netloc}`")
    host = parts.hostname or ""
    if not (_HOST_NAME.fullmatch(host) or _IPV6.fullmatch(host)):
        raise ValueError(f"not a host name or address in base URL `{url}`")
    if port == 0:
        raise ValueError(f"port 0 in base URL `{url}`")
    scheme = cast(Scheme, parts.scheme)
    return Origin(scheme, host, port or _DEFAULT_PORTS[scheme]), parts.path.rstrip("/")


def _parse_unix(url: str) -> tuple[Origin, str]:
    rest = url.removeprefix("unix:")
    path, colon, prefix = rest.rpartition(":")
    if not colon:
        path, prefix = rest, ""
    if not path.startswith("/") or (prefix and not prefix.startswith("/")):
        raise ValueError(f"expected `unix:/path/to.sock` or `unix:/path/to.sock:/prefix`, got `{url}`")
    return Origin("unix", path, 0), prefix.rstrip("/")
