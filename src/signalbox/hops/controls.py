"""The controls that a request depends on: what happens when one is slow, frozen or gone is owed an answer.

`docs/reference/failure-modes.md` gives the answers, with the tests that show them; a test holds that page to
this list.
"""

from typing import Final

CONTROLS: Final[dict[str, str]] = {
    "policy evaluation": "Cedar, in threads of this process",
    "catalogue": "the release of the registry in force",
    "releases": "the acts that published them, and the files",
    "kill switch": "its store: a file, or PostgreSQL",
    "break-glass": "the history of acts",
    "acts": "their store: a file, or PostgreSQL",
    "decision log": "its store: a file, or PostgreSQL; for processes beside the server, the server",
    "log signature": "the log's key and the kept checkpoint",
    "witness": "somebody else's process",
    "cache in memory": "nothing",
    "shared cache": "Valkey",
    "concurrency and queues": "nothing: counters of this process",
    "breakers and budgets": "nothing: counters of this process",
    "key ring": "the settings and the acts",
    "issuers": "their key sets, over HTTP",
    "kept content": "the payload store",
    "tenant keys": "files, or a key service over HTTP",
    "classifier and tokenizer": "tables of this process",
    "provider": "a vendor over HTTP, or a child process",
    "PostgreSQL": "a server",
    "clock": "the system's, wall and monotonic",
    "disk": "the file system",
    "memory": "the system",
    "event loop": "the processor",
}
"""Each control, and what it depends on."""
