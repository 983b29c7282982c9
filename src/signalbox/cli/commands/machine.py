"""What this machine is given: model files, and stand-ins for vendors."""

from pathlib import Path
from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import group

commands: Final = typer.Typer()
models: Final = group(commands, "models", "Model files for the embedded runtime.")
simulate: Final = group(commands, "simulate", "Stand-ins on this machine, for drills and tests.")


@models.command("fetch")
def models_fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Models; none means the default set.")] = None,
    small: Annotated[bool, typer.Option("--small", help="Only the 98 MB test model.")] = False,
) -> None:
    """Bring model files to this machine, checked by SHA-256.

    Goes on where it was interrupted."""
    from signalbox.cli.models import fetch_models

    fetch_models(names or (["small"] if small else ["default"]))


@simulate.command("vendors")
def simulate_vendors(
    scenario: Annotated[
        Path | None, typer.Option(help="How they behave and what goes wrong: a JSON file.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port_base: Annotated[int, typer.Option(help="The first port; 0 takes any that are free.")] = 9100,
    receipts: Annotated[
        Path | None, typer.Option(help="Append what was received to this file, one JSON object a line.")
    ] = None,
) -> None:
    """Emulate OpenAI, Azure, Anthropic and Bedrock until interrupted.

    Prints where each listens and endpoints to paste into the settings."""
    from signalbox.cli.simulate import run

    run(scenario, host, port_base, receipts)
