"""What the hub and the packages have in common: both extend a prefix of the file on disk, or say why not."""

import errno
from pathlib import Path
from typing import Final

DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class SourceFailed(Exception):
    """This source cannot give the file. `unreachable`: nothing answered, so nor will it for the next file."""

    def __init__(self, reason: str, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unreachable = unreachable


def prefix_length(prefix: Path) -> int:
    """How many bytes of the file are on disk so far."""
    return prefix.stat().st_size if prefix.exists() else 0
