"""The decision log, and what others can verify of it."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, Out, TenantOnly, group

commands: Final = typer.Typer()
log: Final = group(commands, "log", "Read and verify the decision log.")


@commands.command("verify")
def verify_copy(
    path: Annotated[Path, typer.Argument(help="A copy of the log, an exported directory or a proof.")],
    key: Annotated[list[str], typer.Option(help="The log's public key, or a file with it; may be repeated.")],
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that you kept; may be repeated.")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="The public key of a witness that must have cosigned.")
    ] = None,
) -> None:
    """Hold a log to its key, to checkpoints that you kept and to witnesses, offline.

    Exits 1 if anything is not as it was signed."""
    from signalbox.cli.verify import run

    run(path, key, checkpoint or [], witness or [])


@commands.command(
    "witness",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)
def witness_log(context: typer.Context) -> None:
    """Cosign the checkpoint of somebody's log: `witness --help`."""
    from signalbox.witness import main

    sys.exit(main(context.args))


@log.command("show")
def log_show(
    first: Annotated[
        int, typer.Option(help="Number of the first record; negative counts from the end.")
    ] = -20,
    count: Annotated[int, typer.Option(help="How many records.")] = 20,
    tenant: TenantOnly = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print records."""
    from signalbox.cli.log import show

    show(config, first, count, tenant, as_json=json)


@log.command("tail")
def log_tail(
    tenant: TenantOnly = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print records as they are written, until interrupted."""
    from signalbox.cli.log import tail

    tail(config, tenant, as_json=json)


@log.command("verify")
def log_verify(
    against: Annotated[
        Path | None, typer.Option(help="Heads kept from an earlier verification: an omission shows.")
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="Write the heads found now to this file.")] = None,
    data: Annotated[Path | None, typer.Option(help="A copy of a data directory; no settings needed.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Check every record, link and commitment.

    Exits 1 if anything is not as it was written."""
    from signalbox.cli.log import verify

    verify(config, against, keep, data)


@log.command("checkpoint")
def log_checkpoint(
    out: Out = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print the latest signed checkpoint.

    Keep it where the log's owner cannot write."""
    from signalbox.cli.log_tree import checkpoint

    checkpoint(config, out)


@log.command("prove")
def log_prove(
    record: Annotated[int | None, typer.Option(help="A record's number.")] = None,
    decision: Annotated[str, typer.Option(help="A decision's id.")] = "",
    since: Annotated[
        Path | None, typer.Option(help="A kept checkpoint: what a witness is asked to cosign.")
    ] = None,
    out: Out = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Prove that a record is in the log, or that the log continues a checkpoint."""
    from signalbox.cli.log_tree import prove

    prove(config, record, decision, since, out)


@log.command("export")
def log_export(
    directory: Annotated[Path, typer.Argument(help="A new directory.")], config: Config = DEFAULT_CONFIG
) -> None:
    """Write the log as files in C2SP's tlog-tiles layout.

    Its entries, tiles and checkpoint, without bodies."""
    from signalbox.cli.log_tree import export

    export(config, directory)


@log.command("key")
def log_key(
    rotate: Annotated[bool, typer.Option("--rotate", help="Prepare the next key, signed by both.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Prepare another for a key that is lost or stolen.")
    ] = False,
    out: Out = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print the public key that verifies the log's checkpoints."""
    from signalbox.cli.log_tree import key

    key(config, out, rotate=rotate, replace=replace)
