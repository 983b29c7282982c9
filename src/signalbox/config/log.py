"""`[log]`: what the log is called, and how often it is signed for. Keys and checkpoints are read by nobody
here."""

import re
from pathlib import Path
from typing import Final

from signalbox.config.checks import quantity
from signalbox.config.faults import Faults
from signalbox.config.settings import LogSettings
from signalbox.config.tables import LogTable
from signalbox.config.units import duration_ms

_ORIGIN: Final = re.compile(r"[^\s+\x00-\x1f]{1,200}")


def log_settings(written: LogTable, base: Path, faults: Faults) -> LogSettings:
    if not _ORIGIN.fullmatch(written.origin):
        faults.report(
            ("log", "origin"),
            'expected a name such as "example.com/signalbox", without spaces or `+`, no longer than 200; '
            f"found `{written.origin[:80]}`",
        )
    return LogSettings(
        origin=written.origin,
        checkpoint_ms=quantity(faults, ("log", "checkpoint"), duration_ms, written.checkpoint),
        trusted_checkpoint=base / written.trusted_checkpoint if written.trusted_checkpoint else None,
    )
