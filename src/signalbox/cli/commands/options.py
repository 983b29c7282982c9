"""Options that several commands have, and how a group of commands is made.

Everything is as plain as Typer can be: loading rich to draw boxes around help takes longer than all the rest.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_CONFIG: Final = Path("signalbox.toml")
Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.", envvar="SIGNALBOX_CONFIG")]

TenantAsked = Annotated[str, typer.Option("--tenant", help="Whose; else that of the key which asks.")]
TenantOnly = Annotated[str, typer.Option("--tenant", help="Only this tenant's.")]
Reason = Annotated[str, typer.Option(help="Why; the log has it.")]
ReasonKept = Annotated[str, typer.Option("--reason", help="Why; the log keeps it.")]
Out = Annotated[Path | None, typer.Option(help="Write to this file.")]

Since = Annotated[
    str, typer.Option(help="From when on: `7d` (ago; or m, h, w), or a date or time in ISO 8601, UTC.")
]
Until = Annotated[str, typer.Option(help="Until when; by default now.")]
From = Annotated[
    str, typer.Option("--from", help="From when on: `30d` (ago), or a date or time in ISO 8601, UTC.")
]
Before = Annotated[str, typer.Option("--to", help="Before when; by default now.")]


def group(into: typer.Typer, name: str, told: str, *, bare: bool = False) -> typer.Typer:
    """Commands under a name. `bare`: the name alone is a command as well."""
    made = typer.Typer(help=told, no_args_is_help=not bare, rich_markup_mode=None)
    into.add_typer(made, name=name)
    return made
