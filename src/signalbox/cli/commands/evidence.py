"""What an auditor or another system is given."""

from pathlib import Path
from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Before, Config, From, Out, group

commands: Final = typer.Typer()
evidence: Final = group(
    commands, "evidence", "A pack of one tenant's period that an auditor can verify elsewhere.", bare=True
)


@commands.command()
def export(
    form: Annotated[str, typer.Option("--format", help="purview, ocsf or cloudevents.")],
    tenant: Annotated[str, typer.Option(help="Whose.")],
    since: From = "1d",
    until: Before = "",
    out: Out = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Decisions as audit events of other systems, one JSON object a line.

    No prompt and no reply is in them: the log has none."""
    from signalbox.cli.export import run

    run(config, form, tenant, since, until, out)


@evidence.callback(invoke_without_command=True)
def evidence_make(
    context: typer.Context,
    tenant: Annotated[str, typer.Option(help="Whose.")] = "",
    since: From = "",
    until: Before = "",
    out: Annotated[Path | None, typer.Option(help="Write the pack to this file.")] = None,
    kept: Annotated[
        list[Path] | None,
        typer.Option("--since", help="A checkpoint that the auditor kept, to be joined to; repeatable."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """A pack of one tenant's period: records, proofs, releases, registers, and the verifier."""
    from signalbox.cli.evidence import make

    if context.invoked_subcommand is None:
        make(config, tenant, since, until, out, kept or [])


@evidence.command("verify")
def evidence_verify(
    pack: Annotated[Path, typer.Argument(help="The pack.")],
    key: Annotated[list[str], typer.Option(help="The log's public key, or a file with it; repeatable.")],
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint of the log that you kept; repeatable.")
    ] = None,
    head: Annotated[
        list[str] | None, typer.Option(help="A head that you kept, [WHOSE:]RECORDS:HASH; repeatable.")
    ] = None,
) -> None:
    """Check a pack as the `verify.py` in it does.

    Exits 1 if anything is not as it was signed."""
    from signalbox.cli.evidence import verify

    verify(pack, key, checkpoint or [], head or [])
