"""The log's key and its latest checkpoint as files in the data directory, readable by their owner alone.

`log.key` signs; `log.key.next` is what a rotation prepared; `log.vkey` is the public half, for whoever
verifies; `log.checkpoint` is the latest signed checkpoint. A key that has been followed by another is
overwritten: a backup of the directory may still have it.
"""

import os
import secrets
from pathlib import Path
from typing import Final

from signalbox.domain.errors import LogUnavailable
from signalbox.ports.keys import Following
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.note import Signer, make_skey, read_skey

KEY_FILE: Final = "log.key"
NEXT_FILE: Final = "log.key.next"
VKEY_FILE: Final = "log.vkey"
CHECKPOINT_FILE: Final = "log.checkpoint"
_SEED_BYTES: Final = 32
_REPLACES: Final = "replacement"


class LogKeyFiles:
    """Implements `ports.keys.LogKeys` for the log called `origin`."""

    def __init__(self, data_dir: Path, origin: str) -> None:
        self._data_dir = data_dir
        self._origin = origin

    def current(self) -> Signer | None:
        text = _read(self._data_dir / KEY_FILE)
        return None if text is None else self._signer(text, KEY_FILE)

    def make(self) -> Signer:
        signer = self._generate(KEY_FILE, "")
        self._publish(signer)
        return signer

    def following(self) -> Following | None:
        text = _read(self._data_dir / NEXT_FILE)
        if text is None:
            return None
        skey, _, word = text.partition("\n")
        return Following(self._signer(skey, NEXT_FILE), word.strip() == _REPLACES)

    def promote(self) -> None:
        following = self.following()
        if following is not None:
            _replace(self._data_dir / KEY_FILE, self._data_dir / NEXT_FILE)
            self._publish(following.signer)

    def prepare(self, *, replaces: bool) -> Following:
        """Make the key that signs from the writer's next start on; one that was prepared before stays."""
        if (prepared := self.following()) is not None:
            return prepared
        return Following(self._generate(NEXT_FILE, _REPLACES if replaces else ""), replaces)

    def _generate(self, name: str, word: str) -> Signer:
        skey = make_skey(self._origin, secrets.token_bytes(_SEED_BYTES))
        _write(self._data_dir / name, f"{skey}\n{word}")
        return read_skey(skey)

    def _publish(self, signer: Signer) -> None:
        _write(self._data_dir / VKEY_FILE, f"{signer.verifier.vkey}\n")

    def _signer(self, text: str, name: str) -> Signer:
        try:
            signer = read_skey(text)
        except Invalid as error:
            raise LogUnavailable(f"`{self._data_dir / name}` holds no key of a log: {error}") from error
        if signer.verifier.name != self._origin:
            raise LogUnavailable(
                f"`{self._data_dir / name}` is the key of the log `{signer.verifier.name}`, and the settings "
                f"name `{self._origin}`: a log keeps its origin; put it back under [log]"
            )
        return signer


class CheckpointFile:
    """Implements `ports.keys.KeptCheckpoint`."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / CHECKPOINT_FILE

    def read(self) -> str | None:
        return _read(self._path)

    def keep(self, note: str) -> None:
        _write(self._path, note)


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise LogUnavailable(f"`{path}` cannot be read: {error}") from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and on disk when it returns."""
    passing = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        passing.unlink(missing_ok=True)
        fd = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise LogUnavailable(f"`{path}` cannot be written: {error}") from error
    _replace(path, passing)


def _replace(path: Path, by: Path) -> None:
    try:
        by.replace(path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise LogUnavailable(f"`{path}` cannot be written: {error}") from error
