"""TOML text → `Document`: shapes and types, every fault at its place.

It deliberately knows no meaning: whether a duration is a duration and a vendor exists is `validate`'s.
A field that is missing or of the wrong type is reported and filled with an empty value, so that the
rest of the file is still looked at (`Faults` keeps the filler from being reported again).

An error repeats no value but one of a closed list of words: what stands in the wrong place may be a
secret.
"""

import difflib
import re
import tomllib
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from signalbox.config.faults import ConfigErrors, Faults
from signalbox.config.locate import FieldPath, Lines
from signalbox.config.tables import Document
from signalbox.domain.errors import ConfigError

_POSITION: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_NEUTRAL_DATE: Final = date(1970, 1, 1)
Shape = TypeVar("Shape", bound=msgspec.Struct)


def parse(text: str, file: str) -> tuple[Document, Faults]:
    """The document, with fillers where `Faults` says so. `file` is what errors call it.

    Raises `ConfigErrors` where the text is not TOML: nothing more can be said of it then.
    """
    return parse_as(Document, text, file)


def parse_as(shape: type[Shape], text: str, file: str) -> tuple[Shape, Faults]:
    """As `parse`, of a file of another shape."""
    tables, lines = read_toml(text, file)
    faults = Faults(file, lines)
    document: Shape = _table(shape, tables, (), faults)
    return document, faults


def parse_with(
    text: str, file: str, other: str, other_file: str, roots: Collection[str]
) -> tuple[Document, Faults]:
    """As `parse`, of which the tables `roots` stand in another text, and count from there alone."""
    tables, lines = read_toml(text, file)
    from_other, other_lines = read_toml(other, other_file)
    whole = {root: table for root, table in tables.items() if root not in roots}
    whole |= {root: table for root, table in from_other.items() if root in roots}
    faults = Faults(file, lines, dict.fromkeys(roots, (other_file, other_lines)))
    document: Document = _table(Document, whole, (), faults)
    return document, faults


def read_toml(text: str, file: str) -> tuple[dict[str, Any], Lines]:
    """Its tables, and where they stand. Raises `ConfigErrors` where it is not TOML."""
    # tomllib reads CRLF as LF; so must the scan for lines.
    text = text.replace("\r\n", "\n")
    try:
        # INVARIANT: numbers with a point are read as decimals: no digit of a figure is lost or made up.
        return tomllib.loads(text, parse_float=Decimal), Lines(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigErrors([_syntax_error(str(error), text, file)]) from None
    except (RecursionError, ValueError):  # thousands of brackets; a number of thousands of digits
        raise ConfigErrors(
            [ConfigError("not readable as TOML: nested too deeply or a number too long", file=file)]
        ) from None


def _syntax_error(message: str, text: str, file: str) -> ConfigError:
    found = _POSITION.search(message)
    last_line = text.count("\n") + 1
    if found is None:
        return ConfigError(f"not TOML: {message}", file=file)
    words = message[: found.start()]
    words = words[:1].lower() + words[1:]
    if found[1] is None:
        return ConfigError(f"not TOML: {words}, at the end of the file", file=file, line=last_line)
    return ConfigError(f"not TOML: {words}, at column {found[2]}", file=file, line=int(found[1]))


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, inspect.Field]:
    info = inspect.type_info(struct)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"not a Struct: `{struct}`")
    return {field.encode_name: field for field in info.fields}


def _table(struct: type[msgspec.Struct], value: dict[str, Any], path: FieldPath, faults: Faults) -> Any:
    fields = _fields(struct)
    for name in sorted(value.keys() - fields.keys()):
        faults.report((*path, name), _unknown(name, tuple(fields)))
    filled: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            filled[name] = _fit(field.type, value[name], (*path, name), faults, "")
        elif field.required:
            faults.report((*path, name), f"missing; expected {_words(field.type)}")
            filled[name] = _filler(field.type)
    return struct(**filled)


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"unknown field `{name}`; did you mean `{near[0]}`?"
    return f"unknown field `{name}`; expected one of {', '.join(f'`{field}`' for field in sorted(known))}"


def _fit(kind: inspect.Type, value: Any, path: FieldPath, faults: Faults, words: str) -> Any:
    """`value` as `kind`, or a filler and a fault."""
    match kind:
        case inspect.Metadata():
            described = (kind.extra_json_schema or {}).get("description", words)
            return _fit(kind.type, value, path, faults, described)
        case inspect.UnionType():  # `X | None`: TOML has no null, so what is written is an X
            return _fit(kind.types[0], value, path, faults, words)
        case inspect.StructType() if isinstance(value, dict):
            return _table(kind.cls, value, path, faults)
        case inspect.VarTupleType() if isinstance(value, list):
            return tuple(
                _fit(kind.item_type, item, (*path, place), faults, "") for place, item in enumerate(value)
            )
        case inspect.DictType() if isinstance(value, dict):
            return {key: _fit(kind.value_type, item, (*path, key), faults, "") for key, item in value.items()}
        case inspect.LiteralType() if isinstance(value, str) and value in kind.values:
            return value
        case inspect.StrType() if isinstance(value, str):
            return value
        case inspect.BoolType() if isinstance(value, bool):
            return value
        case inspect.IntType() if isinstance(value, int) and not isinstance(value, bool):
            return value
        case inspect.DecimalType() if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return Decimal(value)
        case inspect.DateType() if type(value) is date:
            return value
    closed = isinstance(kind, inspect.LiteralType) and isinstance(value, str)
    found = f"`{value[:40]}`" if closed else _found(value)
    faults.report(path, f"expected {words or _words(kind)}; found {found}")
    return _filler(kind)


def _filler(kind: inspect.Type) -> Any:
    match kind:
        case inspect.Metadata():
            return _filler(kind.type)
        case inspect.StructType():
            fields = _fields(kind.cls)
            return kind.cls(**{name: _filler(field.type) for name, field in fields.items() if field.required})
        case inspect.VarTupleType():
            return ()
        case inspect.DictType():
            return {}
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.BoolType():
            return False
        case inspect.IntType():
            return 0
        case inspect.DecimalType():
            return Decimal(0)
        case inspect.DateType():
            return _NEUTRAL_DATE
        case inspect.UnionType():
            return None
        case _:
            return ""


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata():
            return str((kind.extra_json_schema or {}).get("description", "")) or _words(kind.type)
        case inspect.UnionType():
            return _words(kind.types[0])
        case inspect.StructType() | inspect.DictType():
            return "a table"
        case inspect.VarTupleType():
            return f"an array, each item {_words(kind.item_type)}"
        case inspect.LiteralType():
            return "one of " + ", ".join(f"`{value}`" for value in kind.values)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return "a whole number"
        case inspect.DecimalType():
            return "a number"
        case inspect.DateType():
            return "a date"
        case _:
            return "a string"


def _found(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "a string"
        case int():
            return "a whole number"
        case Decimal():
            return "a number"
        case list():
            return "an array"
        case dict():
            return "a table"
        case _:
            return "a date or time"
