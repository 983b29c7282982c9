"""Opening a connection, and naming why it could not be opened. No retry; addresses are tried in order."""

import asyncio
import ssl
from collections.abc import Callable

from signalbox.adapters.http.connection import Connection
from signalbox.adapters.http.origin import Origin
from signalbox.domain.failure import FailureKind, ProviderFailure


async def open_connection(
    origin: Origin,
    make: Callable[[], Connection],
    tls: ssl.SSLContext | None,
    *,
    deadline: float,
    timeout_s: float,
) -> Connection:
    """A connection whose TLS handshake, if any, is done. `deadline` is in the event loop's time.

    Raises `ProviderFailure` CONNECT, TLS, or TIMEOUT when the deadline came before the connect timeout.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(min(deadline, loop.time() + timeout_s)):
            if origin.scheme == "unix":
                _, connection = await loop.create_unix_connection(make, origin.host)
            else:
                _, connection = await loop.create_connection(make, origin.host, origin.port, ssl=tls)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "handshake failed"
        raise _failure(FailureKind.TLS, origin, reason) from error
    except TimeoutError as error:
        if loop.time() >= deadline:
            raise _failure(FailureKind.TIMEOUT, origin, "not connected by the deadline") from error
        raise _failure(
            FailureKind.CONNECT, origin, f"not connected within {timeout_s * 1_000:.0f} ms"
        ) from error
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise _failure(FailureKind.CONNECT, origin, reason) from error
    if connection.closed:
        raise _failure(FailureKind.CONNECT, origin, "the connection was closed as soon as it was open")
    return connection


def _failure(kind: FailureKind, origin: Origin, text: str) -> ProviderFailure:
    return ProviderFailure(kind, f"{origin.label}: {text}")
