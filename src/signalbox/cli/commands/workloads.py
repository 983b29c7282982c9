"""The suite's features as commands, by app. Which there are and what each takes stands in the registry: their
commands are made when they are asked for, so that help on others loads no workload."""

from typing import Any, Final

import typer
from typer.core import TyperGroup

commands: Final = typer.Typer()


class Offered(TyperGroup):
    """The commands of the app that it is called after."""

    _made: dict[str, Any] | None = None

    @property
    def commands(self) -> dict[str, Any]:
        if self._made is None:
            from signalbox.cli.working.commands import commands_of

            self._made = commands_of(self.name or "")
        return self._made

    @commands.setter
    def commands(self, given: object) -> None:
        """There is nothing beside what the registry has."""


for _app, _told in (
    ("word", "Word documents: read and written by a model, checked before you see it."),
    ("excel", "Workbooks: formulas, answers and tables that were calculated before you see them."),
    ("powerpoint", "Decks on which nothing overflows."),
    ("outlook", "Mail: summaries, drafts, what to read first."),
):
    commands.add_typer(
        typer.Typer(help=_told, cls=Offered, no_args_is_help=True, rich_markup_mode=None), name=_app
    )
