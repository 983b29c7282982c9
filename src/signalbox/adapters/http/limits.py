"""Bounds on what a peer, or our own traffic, may make the client hold."""

from msgspec import Struct


class ClientLimits(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, times in milliseconds.

    `header_bytes_max` bounds the status line with all headers (interim replies included), and any
    run of bytes without body after it (trailers, chunk extensions). `body_bytes_max` bounds
    `Response.read()`; `buffer_bytes_max` is how much a stream holds for a slow consumer before it stops
    reading (exceeded by at most one read from the socket).

    An idle connection is closed by us before the peer is likely to do so, because a request that meets
    a closing connection is a RESET whose fate nobody knows: local model servers commonly close after 5 s,
    vendors' front ends behind TLS after 60 s and more. 0: a connection serves one request. That is
    the default for unix sockets, which cost little to open, and whose usual server, llama.cpp's, closes
    after each stream without having said so.
    """

    connections_per_origin: int = 256
    header_bytes_max: int = 64 * 1024
    body_bytes_max: int = 64 * 1024 * 1024
    buffer_bytes_max: int = 256 * 1024
    idle_expiry_ms: int = 4_000
    idle_expiry_tls_ms: int = 50_000
    idle_expiry_unix_ms: int = 0
