"""`docs/reference/workloads.md`, from the registry: `python -m signalbox.testing.workloads_page`."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any, Final

from msgspec import NODEFAULT
from msgspec import inspect as shapes

from signalbox.cli.working.commands import fields_of
from signalbox.workloads.offered import offered
from signalbox.workloads.registry import Workload

_HEAD: Final = """# Workloads

Every feature of the suite that is offered, as a command; [how to use them](../howto/use-the-workloads.md)
says what is the same of all. Over HTTP it is `POST /v1/workloads/{app}/{feature}` with these parameters, from
Python `box.workload("app/feature")`. Made by `make docs`.

Files and words stand in any order. Words are what the first parameter says that is owed, or the first text
where no file is given. Options of all:

| option | |
|---|---|
| `--out` | write what comes back to this file, or into this directory; nothing else is written anywhere |
| `--json` | one JSON object, as over HTTP |
| `--model` | a routing name, a model or an endpoint; by default `auto` |
"""
_KINDS: Final = {str: "text", bool: "yes or no", int: "number", float: "number", list[str]: "texts"}


def page() -> str:
    return "\n".join((_HEAD, *(line for workload in offered() for line in _section(workload))))


def _section(workload: Workload[Any]) -> Iterator[str]:
    yield f"## `signalbox {workload.app} {workload.feature}`"
    yield ""
    yield workload.told
    said = inspect.getdoc(workload.params) or ""
    if said and not said.startswith(f"{workload.params.__name__}("):
        yield from ("", said.replace("\n", " "))
    yield ""
    yield f"{_files(workload)} {_time(workload)}"
    yield ""
    struct = shapes.type_info(workload.params)
    assert isinstance(struct, shapes.StructType)  # noqa: S101 - a Struct's
    if not struct.fields:
        return
    yield from ("| option | | default | |", "|---|---|---|---|")
    for field, raw in zip(fields_of(workload.params), struct.fields, strict=True):
        option = f"--{field.name.replace('_', '-')}"
        kind = "JSON" if field.is_json else _KINDS[field.kind]
        help_ = field.help.removesuffix("As JSON.").removesuffix("May be repeated.").strip()
        yield f"| `{option}` | {kind} | {_default(raw)} | {help_.replace('|', chr(92) + '|')} |"
    yield ""


def _files(workload: Workload[Any]) -> str:
    fewest, most = workload.files
    if not most:
        return "Takes no file."
    count = str(fewest) if fewest == most else f"{fewest} to {most}"
    return f"Files: {count} of {', '.join(f'`.{suffix}`' for suffix in workload.takes)}."


def _time(workload: Workload[Any]) -> str:
    minutes = -(-workload.deadline_ms // 60_000)
    long = "; ask for a job where nobody waits" if workload.background else ""
    return f"At most {minutes} minute{'s' if minutes != 1 else ''}{long}."


def _default(field: shapes.Field) -> str:
    if field.required:
        return "**owed**"
    match field.default:
        case None | "" | () | False:
            return "–"
        case default if default is NODEFAULT:
            return "–"
        case True:
            return "yes"
        case default:
            return f"`{default}`"


if __name__ == "__main__":
    sys.stdout.write(page())
