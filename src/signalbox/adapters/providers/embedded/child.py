"""The process that holds one model: llama.cpp's own server on a unix socket.

Run as `python -m signalbox.adapters.providers.embedded.child MODEL`, by the supervisor alone. It reads
its order (socket, key, shape) from stdin, writes `ready` to stdout once it serves, and ends when stdin
does: so it never outlives its parent, whichever way that one went. It does not restart, retry or log
requests, and it is the only place that imports the model runtime.
"""

import contextlib
import os
import sys
import threading
from pathlib import Path

import msgspec

from signalbox.adapters.providers.embedded.settings import (
    EXIT_LOAD_FAILED,
    EXIT_NO_RUNTIME,
    EXIT_NOT_A_MODEL,
    Order,
)

BATCH = 128
"""Tokens between two looks at the socket: what makes a closed connection stop the work soon."""

ERRORS_ONLY = 1


def main() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    report = _reserve_stdout()
    threading.Thread(target=_end_with_parent, args=(order.socket,), daemon=True).start()
    if not _is_gguf(order.model):
        return _say(EXIT_NOT_A_MODEL, f"`{order.model}` is not a GGUF file")
    try:
        import xllamacpp  # noqa: PLC0415 - an extra, and its absence is an answer of its own
    except ImportError as error:
        return _say(
            EXIT_NO_RUNTIME, f"the model runtime is missing ({error}): pip install signalbox[embedded]"
        )
    try:
        server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), order))
    except RuntimeError as error:
        return _say(EXIT_LOAD_FAILED, str(error))
    os.write(report, b"ready\n")
    threading.Event().wait()
    del server  # INVARIANT: referenced until the process ends; its destructor would stop serving
    return 0


def _parameters(p, order: Order):  # type: ignore[no-untyped-def]  # xllamacpp is untyped
    p.model.path = order.model
    p.model_alias = {order.alias}
    p.hostnames = [order.socket]
    p.api_keys = [order.key]
    p.n_ctx = order.context_tokens * order.slots
    p.n_parallel = order.slots
    p.n_batch = p.n_ubatch = BATCH
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = order.threads
    p.cache_prompt = order.prefix_cache
    # No prompt outlives its slot, and memory stays what was asked for.
    p.cache_ram_mib = 0
    p.cache_idle_slots = False
    p.ui = p.endpoint_slots = p.endpoint_props = p.endpoint_metrics = False
    # At the next level llama.cpp quotes requests, and texts are not logged.
    p.verbosity = ERRORS_ONLY
    p.offline = True
    return p


def _reserve_stdout() -> int:
    """A descriptor of our own for the one report; whatever else writes to stdout reaches the log."""
    report = os.dup(1)
    os.dup2(2, 1)
    return report


def _end_with_parent(socket: str) -> None:
    while os.read(0, 4096):
        pass
    with contextlib.suppress(OSError):
        Path(socket).unlink()
    with contextlib.suppress(OSError):  # not empty while a sibling still has its socket there
        Path(socket).parent.rmdir()
    os._exit(0)


def _is_gguf(model: str) -> bool:
    with Path(model).open("rb") as file:
        return file.read(4) == b"GGUF"


def _say(code: int, words: str) -> int:
    sys.stderr.write(words + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
