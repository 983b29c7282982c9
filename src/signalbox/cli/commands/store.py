"""The database that nodes share."""

from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, group

commands: Final = typer.Typer()
store: Final = group(commands, "store", "The database that nodes share.")


@store.command("migrate")
def store_migrate(config: Config = DEFAULT_CONFIG) -> None:
    """Make the tables that this version needs.

    Before its first start, and after an update. What is there stays."""
    from signalbox.cli.store import migrate

    migrate(config)


@store.command("status")
def store_status(config: Config = DEFAULT_CONFIG) -> None:
    """Whether this version can work with the database, and whose logs it has."""
    from signalbox.cli.store import status

    status(config)


@store.command("sweep")
def store_sweep(
    node: Annotated[str, typer.Argument(help="A node that will not come back soon.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Close what a dead node left open in its log.

    Refused while that node is alive."""
    from signalbox.cli.store import sweep

    sweep(config, node)
