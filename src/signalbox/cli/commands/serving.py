"""Serving: the server itself, whether it can start, how it stands."""

from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, group

commands: Final = typer.Typer()
endpoints: Final = group(
    commands,
    "endpoints",
    "How the server's endpoints stand: breaker, in flight, retry budget, quarantine.",
    bare=True,
)


@commands.command()
def serve(config: Config = DEFAULT_CONFIG) -> None:
    """Serve until told to stop; SIGHUP reads the files again."""
    from signalbox.cli.serve import become

    become(config)


@commands.command()
def check(config: Config = DEFAULT_CONFIG) -> None:
    """Validate settings and policies without starting."""
    from signalbox.cli.operate import check

    check(config)


@commands.command()
def reload(config: Config = DEFAULT_CONFIG) -> None:
    """Have the server read its files again.

    A bad file keeps the old releases serving."""
    from signalbox.cli.operate import reload

    reload(config)


@commands.command()
def demo(config: Config = DEFAULT_CONFIG) -> None:
    """Four real requests, why each went where, the log verified."""
    from signalbox.cli.demo import run

    run(config)


@endpoints.callback(invoke_without_command=True)
def endpoints_show(context: typer.Context, config: Config = DEFAULT_CONFIG) -> None:
    """How the server's endpoints stand: breaker, in flight, retry budget, quarantine."""
    from signalbox.cli.operate import endpoints

    if context.invoked_subcommand is None:
        endpoints(config)


@endpoints.command("release")
def endpoints_release(
    endpoint: Annotated[str, typer.Argument(help="An endpoint's id.")], config: Config = DEFAULT_CONFIG
) -> None:
    """Lift the quarantine of an endpoint that answered as another model than it may."""
    from signalbox.cli.operate import release

    release(config, endpoint)
