"""A command for each workload: its parameters as options, its files and what it is asked as arguments."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from msgspec import Struct
from msgspec import inspect as shapes
from typer.main import get_group

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config
from signalbox.cli.common import CommandFailed
from signalbox.cli.working.run import Errand, carry_out
from signalbox.workloads.offered import offered
from signalbox.workloads.registry import File, Workload

_PLAIN: Final[tuple[tuple[type[shapes.Type], Any], ...]] = (
    (shapes.StrType, str),
    (shapes.BoolType, bool),
    (shapes.IntType, int),
    (shapes.FloatType, float),
)
_LISTS: Final = (shapes.VarTupleType, shapes.ListType)
_COMMON: Final = (
    (
        "out",
        Annotated[Path | None, typer.Option(help="Write what comes back to this file or directory.")],
        None,
    ),
    ("as_json", Annotated[bool, typer.Option("--json", help="One JSON object, as over HTTP.")], False),
    (
        "target",
        Annotated[str, typer.Option("--model", help="A routing name, a model or an endpoint.")],
        "auto",
    ),
    ("config", Config, DEFAULT_CONFIG),
)


class Field(Struct, frozen=True):
    """A parameter as an option. `is_json`: nested, so that it is written as JSON."""

    name: str
    kind: Any
    help: str
    required: bool
    is_text: bool
    is_json: bool

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def kept(self) -> str:
        """What the command knows it by: beside `out` and the like, whatever a workload calls its own."""
        return f"param_{self.name}"


def commands_of(app: str) -> dict[str, Any]:
    """By name."""
    made = typer.Typer(rich_markup_mode=None)
    made.callback()(_nothing)  # without one, a single command would be the whole
    for workload in offered():
        if workload.app == app:
            made.command(workload.feature, help=_help(workload))(_command(workload))
    return dict(get_group(made).commands)


def _nothing() -> None: ...


def _help(workload: Workload[Any]) -> str:
    said = inspect.getdoc(workload.params) or ""
    if said.startswith(f"{workload.params.__name__}("):
        said = ""  # made by Python, where the author wrote none
    reads = f"Reads {', '.join('.' + suffix for suffix in workload.takes)}." if workload.takes else ""
    return "\n\n".join(filter(None, (workload.told, said, reads)))


def _command(workload: Workload[Any]) -> Callable[..., None]:
    fields = fields_of(workload.params)

    def command(**said: Any) -> None:
        config, out, as_json = said.pop("config"), said.pop("out"), said.pop("as_json")
        target, given = said.pop("target"), said.pop("given") or []
        paths, words = sorted_out(workload, given)
        params = {
            field.name: _value(field, value) for field in fields if (value := said[field.kept]) is not None
        }
        if words:
            params[_asked(workload, fields, params, files=bool(paths)).name] = words[0]
        missing = [field.name for field in fields if field.required and field.name not in params]
        if missing:
            raise CommandFailed(f"`--{missing[0].replace('_', '-')}` is missing: see --help")
        errand = Errand(
            workload.app,
            workload.feature,
            params,
            _read(paths),
            target=target,
            deadline_ms=workload.deadline_ms,
        )
        carry_out(config, errand, out=out, as_json=as_json)

    hint = " ".join(filter(None, ("[FILE]..." if workload.files[1] else "", "[WORDS]")))
    told = "Files and directories of them; words for what is asked, where no option says it."
    given = Annotated[list[str] | None, typer.Argument(metavar=hint, help=told, show_default=False)]
    parameters = [("given", given, None), *((field.kept, _option(field), None) for field in fields), *_COMMON]
    # What a function with these parameters would have: Typer reads both.
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # of every function at run time
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, kind, default in parameters
        ]
    )
    command.__annotations__ = {name: kind for name, kind, _ in parameters}
    return command


def fields_of(params: type[Struct]) -> list[Field]:
    struct = shapes.type_info(params)
    assert isinstance(struct, shapes.StructType)  # noqa: S101 - a Struct's
    return [_field(field) for field in struct.fields]


def _field(field: shapes.Field) -> Field:
    kind, told = field.type, ""
    if isinstance(kind, shapes.Metadata):
        told = str((kind.extra_json_schema or {}).get("description", ""))
        kind = kind.type
    repeated = isinstance(kind, _LISTS) and isinstance(kind.item_type, shapes.StrType)
    plain = next((meant for shape, meant in _PLAIN if isinstance(kind, shape)), None)
    if isinstance(kind, shapes.LiteralType):
        plain = str
        told = told or f"One of {', '.join(map(str, kind.values))}."
    is_json = plain is None and not repeated
    if is_json:
        told = f"{told} As JSON.".strip()
    if repeated:
        told = f"{told} May be repeated.".strip()
    return Field(
        name=field.encode_name,
        kind=list[str] if repeated else plain or str,
        help=told,
        required=field.required,
        is_text=isinstance(kind, shapes.StrType),
        is_json=is_json,
    )


def _option(field: Field) -> Any:
    option = f"{field.option}/--no{field.option[1:]}" if field.kind is bool else field.option
    return Annotated[field.kind | None, typer.Option(option, help=field.help or None, show_default=False)]


def _value(field: Field, said: Any) -> Any:
    if not field.is_json:
        return said
    try:
        return msgspec.json.decode(said)
    except msgspec.DecodeError as error:
        raise CommandFailed(f"`--{field.name.replace('_', '-')}` is not JSON: {error}") from error


def sorted_out(workload: Workload[Any], given: list[str]) -> tuple[list[Path], list[str]]:
    """Files, and words. A file is what is there, or what is named like one that the workload reads."""
    paths: list[Path] = []
    words: list[str] = []
    for one in given:
        path = Path(one)
        named = (
            workload.files[1] and path.suffix.lower().lstrip(".") in workload.takes and " " not in path.suffix
        )
        try:
            if path.is_dir():
                paths += _inside(workload, path)
            elif path.is_file() or (named and "\n" not in one):
                paths.append(path)
            else:
                words.append(one)
        except OSError:  # too long for a name
            words.append(one)
    if len(words) > 1:
        raise CommandFailed(f"`{words[1][:80]}` is no file that is there; put what is asked into quotes")
    return paths, words


def _inside(workload: Workload[Any], directory: Path) -> list[Path]:
    found = sorted(
        path for path in directory.iterdir()
        if path.is_file() and path.suffix.lower().lstrip(".") in workload.takes
    )  # fmt: skip
    if not found:
        raise CommandFailed(f"`{directory}` has no file that `{workload.name}` reads")
    return found


def _asked(workload: Workload[Any], fields: list[Field], params: dict[str, Any], *, files: bool) -> Field:
    """Whose value the words are: what has to be said, else the first text where no file says it."""
    texts = [field for field in fields if field.is_text and field.name not in params]
    for field in texts:
        if field.required or not files:
            return field
    raise CommandFailed(f"`{workload.name}` does not ask for words beside a file: see --help for its options")


def _read(paths: list[Path]) -> tuple[File, ...]:
    try:
        return tuple(File(path.name, path.read_bytes()) for path in paths)
    except OSError as error:
        raise CommandFailed(f"cannot read `{error.filename}`: {error.strerror}") from error
