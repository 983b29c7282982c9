"""`signalbox`: thin commands over the house.

Here they are put together; `commands/` has their names, options and help, the modules beside it what they do.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import typer

from signalbox.cli.commands import (
    break_glass,
    content,
    decisions,
    evaluate,
    evidence,
    keys,
    log,
    machine,
    recorded,
    releases,
    rules,
    serving,
    store,
    switches,
    workloads,
)

app: Final = typer.Typer(
    help="Decides which model on which endpoint answers each request, and can prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _subject in (
    serving,
    workloads,
    decisions,
    switches,
    break_glass,
    keys,
    rules,
    recorded,
    releases,
    log,
    evidence,
    content,
    store,
    evaluate,
    machine,
):
    app.add_typer(_subject.commands)


@contextmanager
def told_shortly() -> Generator[None, None, None]:
    """An error of ours is one clear message and an exit, not a traceback."""
    from signalbox.domain.errors import SignalboxError

    try:
        yield
    except SignalboxError as error:
        from signalbox.cli.screen import visible

        sys.stderr.write(f"signalbox: {visible(error.message)}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def main() -> None:
    """The console script."""
    with told_shortly():
        app()
