"""What the rules come to: gates as Cedar, invariants proved of every request."""

from pathlib import Path
from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, group

commands: Final = typer.Typer()
gates: Final = group(commands, "gates", "Admin gates as Cedar, and what a change of rules changes.")


@commands.command()
def prove(
    invariants: Annotated[
        Path | None, typer.Option(help="Prove these instead of the file that the settings name.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail also on what is unproven, or proved of no request.")
    ] = False,
    any_grant: Annotated[
        bool, typer.Option("--break-glass", help="As if break-glass had opened whatever it could.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Prove of every request that the release keeps its invariants.

    Exits 1 and shows a request for each that it does not."""
    from signalbox.cli.prove import run

    run(config, invariants, strict=strict, any_grant=any_grant)


@gates.command("render")
def gates_render(config: Config = DEFAULT_CONFIG) -> None:
    """Print the Cedar that the admin gates become."""
    from signalbox.cli.gates import render

    render(config)


@gates.command("diff")
def gates_diff(
    before: Annotated[Path, typer.Argument(help="The settings file to compare with.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say what changes for whom, from those settings to these.

    From verdicts of both, so rules written by hand and the registry count as well."""
    from signalbox.cli.gates import diff

    diff(config, before)
