"""Failures that are no vendor's doing: nobody listens, no such name, somebody else's certificate."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

UNRESOLVABLE: Final = "vendor.invalid"
"""A host name that never resolves: RFC 6761 reserves its top-level domain for that."""


@contextmanager
def refusing_port() -> Iterator[int]:
    """A loopback port that refuses connections for as long as the context lasts: held, never listened on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def strangers_context() -> ssl.SSLContext:
    """The server's side of TLS with a certificate that no client has a reason to trust, for another name.

    Needs `trustme`, which comes with the development tools.
    """
    import trustme  # noqa: PLC0415 - of the development group, not of the product

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("somebody-else.invalid").configure_cert(context)
    return context
