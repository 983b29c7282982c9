"""The memory that C libraries take from the system. Where the C library is not glibc, nothing is done."""

from typing import Any, Final

_M_TRIM_THRESHOLD: Final = -1  # of glibc's malloc.h
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 2 * 1_024 * 1_024
"""More than a group commit of the log takes, whose memory is then not fetched from the system each time."""


def give_back() -> None:
    """What was freed goes back to the system. Some milliseconds: for when something large was loaded, not for
    a request."""
    trim = _of_c("malloc_trim")
    if trim is not None:
        trim(0)


def give_back_early() -> None:
    """From here on, what is large goes back once it is freed. Left to itself, glibc raises these bounds with
    the largest piece that it sees freed, and keeps up to 64 MB after a burst."""
    set_option = _of_c("mallopt")
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        set_option(_M_TRIM_THRESHOLD, _LARGE_BYTES)


def _of_c(name: str) -> Any:
    import ctypes  # noqa: PLC0415 - opens the C library: here, where that is declared

    return getattr(ctypes.CDLL(None), name, None)
