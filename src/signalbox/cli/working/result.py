"""What came of a workload: shown to people or as JSON, its files written where they are wanted.

INVARIANT: a file is there whole or not at all: it is written beside its place and moved there.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.cli.common import CommandFailed
from signalbox.cli.screen import visible

_INDENT: Final = "  "


class ToldFile(Struct, omit_defaults=True):
    """`written` is where it was, if it was: then its content is not repeated."""

    name: str
    media_type: str
    content_base64: bytes = b""
    written: str = ""


class Validation(Struct):
    accepted: bool
    repairs: int


class Told(Struct):
    """As over HTTP."""

    result: Any
    files: list[ToldFile]
    notes: list[str]
    model: str
    vendor: str
    endpoint: str
    region: str
    reason: str
    models: list[str]
    validation: Validation
    usage: dict[str, int]
    cost: list[str]
    operation: str
    decisions: list[str]


def destination(out: Path) -> None:
    """Said before any model is asked. Raises `CommandFailed` where nothing can be written."""
    if not (out.is_dir() or out.absolute().parent.is_dir()):
        raise CommandFailed(f"there is no directory `{out.absolute().parent}` to write `{out.name}` to")


def deliver(told: Told, out: Path | None, *, as_json: bool) -> None:
    """Result on standard output, the rest on standard error. Raises `CommandFailed` where a file was wanted
    and none came, after the result was shown."""
    if out is not None:
        _write_all(told.files, out)
    if as_json:
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    else:
        sys.stdout.write("\n".join(map(visible, lines_of(told.result))) + "\n")
        for line in _about(told):
            sys.stderr.write(visible(line) + "\n")
    if out is not None and not told.files:
        raise CommandFailed("no file came back, so nothing was written; the result is above")


def lines_of(value: Any, depth: int = 0) -> Iterator[str]:
    """For people: names with their values, lists as lists; what is empty is left out."""
    indent = _INDENT * depth
    match value:
        case dict():
            for name, inner in value.items():
                if inner in ("", [], {}, None):
                    continue
                label = str(name).replace("_", " ")
                if isinstance(inner, dict | list) and not _short(inner):
                    yield f"{indent}{label}:"
                    yield from lines_of(inner, depth + 1)
                else:
                    yield f"{indent}{label}: {_plain(inner)}"
        case list():
            for inner in value:
                first, *rest = list(lines_of(inner)) or [""]
                yield f"{indent}- {first}"
                yield from (f"{indent}{_INDENT}{line}" for line in rest)
        case _:
            yield from (f"{indent}{line}" for line in str(_plain(value)).splitlines() or [""])


def _short(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(inner, int | float) or (isinstance(inner, str) and len(inner) <= 20) for inner in value
    )


def _plain(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_plain, value))
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _about(told: Told) -> Iterator[str]:
    """Who answered, and what else there is to know."""
    yield from (f"note: {note}" for note in told.notes)
    for file in told.files:
        yield f"wrote {file.written}" if file.written else f"`{file.name}` came back: --out writes it"
    if not told.decisions:
        yield "no model was asked"
        return
    asked = len(told.decisions)
    repairs = f", {told.validation.repairs} asked again" if told.validation.repairs else ""
    others = f" (and {', '.join(told.models[1:])})" if len(told.models) > 1 else ""
    yield (
        f"answered by {told.model} of {told.vendor} at {told.endpoint} ({told.region}){others}: "
        f"{told.reason}; {asked} question{'s' if asked != 1 else ''}{repairs}; "
        f"{' + '.join(told.cost) or 'no cost'}"
    )
    yield f"why: signalbox explain {told.decisions[0]}"


def _write_all(files: list[ToldFile], out: Path) -> None:
    into = out.is_dir()
    if len(files) > 1 and not into:
        raise CommandFailed(f"{len(files)} files came back: let --out name a directory that is there")
    for file in files:
        place = out / (Path(file.name).name or "result") if into else out
        _write(place, file.content_base64)
        file.written, file.content_base64 = str(place), b""


def _write(place: Path, content: bytes) -> None:
    """INVARIANT: what was there stays until the new is whole."""
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", delete=False) as file:
            temporary = file.name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(place.stat().st_mode & 0o7777 if place.exists() else 0o666 & ~mask)
        Path(temporary).replace(place)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise CommandFailed(
            f"cannot write `{place}`: {error.strerror}; what was there is as it was"
        ) from error
