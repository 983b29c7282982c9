"""Keys for whoever works on this machine, made at the first start and kept beside the data."""

import os
import secrets
from pathlib import Path
from typing import Final

_BYTES: Final = 24


def obtain(data_dir: Path, name: str) -> str:
    """The key in `data_dir/name`, readable by its owner only; made if it is missing.

    Two processes that start at once agree on one: whoever links the file first wins.
    """
    path = data_dir / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    passing = path.with_name(f"{name}.{os.getpid()}")
    fd = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(f"sb-{secrets.token_urlsafe(_BYTES)}\n")
    try:
        path.hardlink_to(passing)
    except FileExistsError:
        pass
    finally:
        passing.unlink()
    return path.read_text().strip()
