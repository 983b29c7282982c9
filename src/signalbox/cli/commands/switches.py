"""The kill switch."""

from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, Reason

commands: Final = typer.Typer()


@commands.command()
def kill(
    selectors: Annotated[
        list[str],
        typer.Argument(
            metavar="KIND:NAME...",
            help="What to stop: vendor, model, endpoint, cloud, region, place, processor or tenant.",
        ),
    ],
    reason: Reason,
    cut: Annotated[bool, typer.Option("--cut", help="Cut off what is under way as well.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Stop sending to a vendor, a model, a place or for a tenant, at once and everywhere.

    Kept across restarts, until `restore`."""
    from signalbox.cli.switches import change

    change(config, "kill", selectors, reason, cut=cut)


@commands.command()
def restore(
    selectors: Annotated[
        list[str], typer.Argument(metavar="KIND:NAME...", help="What was killed, in the same words.")
    ],
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Let it be sent to again."""
    from signalbox.cli.switches import change

    change(config, "restore", selectors, reason)


@commands.command()
def kills(config: Config = DEFAULT_CONFIG) -> None:
    """What the kill switch stops: since when, by whom, why."""
    from signalbox.cli.switches import kills

    kills(config)
