"""`[store]`: where everything is kept, and which node this is. Nothing is opened, and no secret is read."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from signalbox.config.checks import quantity
from signalbox.config.faults import Faults
from signalbox.config.settings import LogSettings, StoreSettings
from signalbox.config.tables import StoreTable
from signalbox.config.units import duration_ms

NODE: Final = "SIGNALBOX_NODE"
_NODE: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_NODE_WORDS: Final = 'the name of this node such as "node-1", of lower-case letters, digits, `.` and `-`'
_ENVIRONMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_MS: Final = (100, 30_000)


def store_settings(written: StoreTable, env: Mapping[str, str], faults: Faults) -> StoreSettings:
    """`SIGNALBOX_NODE` goes before the file, so that nodes may share one."""
    node = env.get(NODE) or written.node
    if written.kind == "postgres":
        if not _NODE.fullmatch(node):
            if env.get(NODE):
                faults.report_environment(NODE, f"expected {_NODE_WORDS}; found `{node[:80]}`")
            else:
                faults.report(("store", "node"), f"expected {_NODE_WORDS}; found `{node[:80]}`")
        if not _ENVIRONMENT_NAME.fullmatch(written.url_credential):
            faults.report(
                ("store", "url_credential"),
                'expected the name of an environment variable such as "SIGNALBOX_STORE_URL", in capitals; '
                "what is written is not shown, because it may be the address: if so, change its password",
            )
    return StoreSettings(
        kind=written.kind,
        url_credential=written.url_credential,
        node=node if written.kind == "postgres" else "",
        connect_ms=_bound("connect_timeout", written.connect_timeout, faults),
        statement_ms=_bound("statement_timeout", written.statement_timeout, faults),
        lock_ms=_bound("lock_timeout", written.lock_timeout, faults),
    )


def of_node(log: LogSettings, store: StoreSettings) -> LogSettings:
    """Each node writes a log of its own, and every log has a name of its own."""
    return replace(log, origin=f"{log.origin}/{store.node}") if store.node else log


def _bound(field: str, written: str, faults: Faults) -> int:
    value = quantity(faults, ("store", field), duration_ms, written)
    low, high = _MS
    if not low <= value <= high:
        faults.report(("store", field), f'expected from "{low}ms" to "{high}ms"; found `{written}`')
    return value
