"""Small judgements that every table needs: names, references, bounds, quantities.

Each reports to `Faults` and returns something usable, so that one fault does not hide the next. They
deliberately know no table.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from msgspec import Struct

from signalbox.config.faults import Faults
from signalbox.config.locate import FieldPath, show

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
Written = TypeVar("Written")
COUNT_MAX: Final = 1_000_000_000  # far below 2^53, the bound of hashed integers


class Names(Struct, frozen=True):
    """What may be referred to. `complete` is False when some name could not be read: then nothing is
    called unknown, because it may be the one."""

    known: frozenset[str]
    complete: bool = True


def quantity(faults: Faults, path: FieldPath, read: Callable[[Written], int], written: Written) -> int:
    """What `read` makes of it; 1 and a fault where it raises `ValueError`."""
    try:
        return read(written)
    except ValueError as error:
        faults.report(path, str(error))
        return 1


def whole(faults: Faults, path: FieldPath, value: int, low: int, high: int = COUNT_MAX) -> int:
    if low <= value <= high:
        return value
    faults.report(path, f"expected a whole number from {low} to {high}; found `{value}`")
    return low


def name(faults: Faults, path: FieldPath, value: str) -> str:
    """A name that may stand in a header, a metric and a policy."""
    if not _NAME.fullmatch(value):
        faults.report(
            path,
            "expected a name of letters, digits, `.`, `_` and `-`, at most 64, "
            f"beginning with a letter or a digit; found `{value[:80]}`",
        )
    return value


def text(faults: Faults, path: FieldPath, value: str) -> str:
    """Words for people and policies: something must be said, on one line."""
    if not value.strip() or not value.isprintable():
        faults.report(path, "expected some words on one line; found nothing or a control character")
    return value


def texts(faults: Faults, path: FieldPath, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(text(faults, (*path, place), value) for place, value in enumerate(values))


def known(faults: Faults, path: FieldPath, value: str, names: Names, what: str) -> None:
    """`what` is the noun: ``unknown place `sweeden`; did you mean `sweden`?``"""
    if value in names.known or not names.complete:
        return
    near = difflib.get_close_matches(value, names.known, n=1)
    if near:
        hint = f"; did you mean `{near[0]}`?"
    elif names.known:
        hint = f"; expected one of {listed(names.known)}"
    else:
        hint = "; none is declared"
    faults.report(path, f"unknown {what} `{value[:80]}`{hint}")


def identify(faults: Faults, table: str, ids: Sequence[str]) -> Names:
    """The ids of `[[table]]`: each a name, none twice."""
    paths = [(table, place, "id") for place in range(len(ids))]
    complete = faults.written((table,)) and all(ids)  # an id that could not be read is empty
    first: dict[str, FieldPath] = {}
    for path, value in zip(paths, ids, strict=True):
        name(faults, path, value)
        if value in first:
            faults.report(path, f"duplicate id `{value}`: {_taken(faults, first[value])}")
        first.setdefault(value, path)
    return Names(frozenset(ids), complete)


def distinct(faults: Faults, what: str, values: Iterable[tuple[FieldPath, str]]) -> None:
    """As `identify`, for values that are not ids and are not repeated in the message."""
    first: dict[str, FieldPath] = {}
    for path, value in values:
        if value in first:
            faults.report(path, f"duplicate {what}: {_taken(faults, first[value])}")
        first.setdefault(value, path)


def at_least_one(faults: Faults, path: FieldPath, values: Sequence[object], what: str) -> None:
    if not values:
        faults.report(path, f"expected at least one {what}; found none")


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{item}`" for item in sorted(names))


def _taken(faults: Faults, path: FieldPath) -> str:
    return f"already taken by {show(path[:-1])} on line {faults.line(path)}"
