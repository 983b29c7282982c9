"""Releases, from a draft to what is in force."""

from pathlib import Path
from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, Reason, Since, Until, group

commands: Final = typer.Typer()
release: Final = group(
    commands, "release", "What may go where, as numbered releases that two people answer for."
)

Number = Annotated[int, typer.Argument(min=1, help="A release's number.")]


@release.command("keygen")
def release_keygen(
    out: Annotated[Path, typer.Argument(help="Where the private key goes: a new file.")],
    name: Annotated[str, typer.Option(help="What the approver is called.")] = "approver",
) -> None:
    """Make an approver's key; print what the settings need of it."""
    from signalbox.cli.releases import keygen

    keygen(out, name)


@release.command("draft")
def release_draft(
    summary: Annotated[str, typer.Option(help="What it is about, in one line.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Draft a release from the files as they are here."""
    from signalbox.cli.releases import draft

    draft(config, summary)


@release.command("list")
def release_list(config: Config = DEFAULT_CONFIG) -> None:
    """Every release and how far it is, the latest first."""
    from signalbox.cli.releases import listed

    listed(config)


@release.command("show")
def release_show(
    number: Number,
    texts: Annotated[bool, typer.Option("--texts", help="Print its texts as well.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """One release: author, base, proof, approvals."""
    from signalbox.cli.releases import show

    show(config, number, texts=texts)


@release.command("diff")
def release_diff(
    number: Number,
    against: Annotated[
        int | None, typer.Option(help="Compare with this release; else with its base.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """What it changes, in words."""
    from signalbox.cli.releases import diff

    diff(config, number, against)


@release.command("prove")
def release_prove(number: Number, config: Config = DEFAULT_CONFIG) -> None:
    """Prove its invariants for every request.

    Exits 1 where something stands in the way of publishing it."""
    from signalbox.cli.releases import prove

    prove(config, number)


@release.command("simulate")
def release_simulate(
    number: Number, since: Since = "30d", until: Until = "", config: Config = DEFAULT_CONFIG
) -> None:
    """Decide recorded traffic again under it; what comes of it is kept with it."""
    from signalbox.cli.releases import simulate

    simulate(config, number, since, until)


@release.command("approve")
def release_approve(
    number: Number,
    key: Annotated[Path, typer.Option(help="Your private key; it stays here.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Read it, sign it here, hand the signature in."""
    from signalbox.cli.releases import approve

    approve(config, number, key, lambda: yes or typer.confirm("sign it?"))


@release.command("publish")
def release_publish(number: Number, config: Config = DEFAULT_CONFIG) -> None:
    """Prove it and put it in force, everywhere."""
    from signalbox.cli.releases import publish

    publish(config, number)


@release.command("rollback")
def release_rollback(
    number: Number,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Put in force again what that release says, as a release of its own."""
    from signalbox.cli.releases import roll_back

    roll_back(config, number, reason)


@release.command("withdraw")
def release_withdraw(
    number: Number,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take back a draft."""
    from signalbox.cli.releases import withdraw

    withdraw(config, number, reason)
