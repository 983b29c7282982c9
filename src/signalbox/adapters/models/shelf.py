"""The directory of model files: what is whole, what is begun, who is writing, how much room is left.

It does not know where bytes come from. For a model `x.gguf` the directory holds `x.gguf.part` while it is
being fetched (always a prefix of the file), then `x.gguf` with `x.gguf.ok`, which says that these very bytes
were checked, so that a start need not read gigabytes again, and the licence text beside it.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from signalbox.adapters.models.manifest import Model, ModelsError, licence_text
from signalbox.adapters.models.report import Report, size_words
from signalbox.adapters.models.source import SourceFailed, prefix_length

_MARGIN = 32_000_000  # bytes left free for everything else


def begun(model: Model, directory: Path) -> Path:
    """The prefix of a model file that has been fetched so far."""
    return directory / f"{model.file}.part"


def sha256_of(path: Path) -> str:
    """Lower-case hex; reads the whole file (about a second for each gigabyte)."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verified_prefix(model: Model, part: Path) -> int:
    """How many leading bytes of `part` are whole parts with the right checksum."""
    good = 0
    if not part.exists():
        return good
    with part.open("rb") as stream:
        for piece in model.parts:
            if _digest(stream, piece.bytes) != piece.sha256:
                break
            good += piece.bytes
    return good


def _digest(stream: BinaryIO, count: int) -> str:
    digest = hashlib.sha256()
    while count > 0 and (block := stream.read(min(count, 1 << 20))):
        digest.update(block)
        count -= len(block)
    return digest.hexdigest()


def sealed(model: Model, directory: Path) -> bool:
    """Whether these very bytes were checked before: a look at the file's length and time, no reading."""
    path = directory / model.file
    return path.exists() and _read_text(_ok_path(path)) == _ok_text(model, path)


def present(model: Model, directory: Path, report: Report) -> bool:
    """Whether the whole, right file is there. A wrong one is removed, and said."""
    path = directory / model.file
    if sealed(model, directory):
        return True
    if not path.exists():
        return False
    if path.stat().st_size == model.bytes and sha256_of(path) == model.sha256:
        _ok_path(path).write_text(_ok_text(model, path), "utf-8")
        return True
    report.say(f"{model.name}: `{path}` has the wrong checksum: removed, to be fetched again")
    path.unlink()
    return False


def check(model: Model, part: Path, whose: str) -> None:
    """Raises `SourceFailed` unless `part` is the whole, right file; then only its right beginning is kept."""
    if part.stat().st_size == model.bytes and sha256_of(part) == model.sha256:
        return
    good = verified_prefix(model, part)
    if good in (0, model.bytes):  # nothing is right; or every part is, and yet the whole is not
        part.unlink()
    else:
        os.truncate(part, good)
    raise SourceFailed(f"{whose} has the wrong checksum and was removed")


def put(model: Model, directory: Path) -> Path:
    """Make the fetched and checked prefix the model file. It is on disk before it has its name."""
    part, path = begun(model, directory), directory / model.file
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    part.replace(path)
    _ok_path(path).write_text(_ok_text(model, path), "utf-8")
    (directory / f"{model.file}.LICENCE.txt").write_text(
        f"{model.title}\nby {model.maker}, under {model.licence}:\n\n{licence_text(model.licence)}", "utf-8"
    )
    return path


def _ok_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.ok")


def _ok_text(model: Model, path: Path) -> str:
    facts = path.stat()
    return f"{model.sha256} {facts.st_size} {facts.st_mtime_ns}\n"


def _read_text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def check_room(models: tuple[Model, ...], directory: Path) -> None:
    """Raises `ModelsError` when what is missing would not fit beside two copies of the largest part."""
    missing = sum(model.bytes - prefix_length(begun(model, directory)) for model in models)
    largest = max(piece.bytes for model in models for piece in model.parts)
    need, free = missing + 2 * largest + _MARGIN, shutil.disk_usage(directory).free
    if need > free:
        raise no_room(directory, f"need {size_words(need)}, {size_words(free)} are free")


def no_room(directory: Path, words: str) -> ModelsError:
    return ModelsError(
        f"not enough disk in `{directory}` ({words}): free some, or set SIGNALBOX_MODELS_DIR; "
        "what was fetched is kept"
    )


@contextmanager
def sole_writer(directory: Path, report: Report) -> Iterator[None]:
    """Hold the directory's lock; wait for another fetch to end. The system frees it if this process dies."""
    with (directory / ".lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.say("another fetch is at work: waiting for it")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
