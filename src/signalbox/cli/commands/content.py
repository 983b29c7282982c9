"""Content that a tenant keeps: read, held, erased."""

from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, group

commands: Final = typer.Typer()
erasing: Final = group(commands, "erase", "Erase a user, and see what is under way.")
hold: Final = group(commands, "hold", "Legal holds on kept content.")
payload: Final = group(commands, "payload", "Content that a tenant has kept.")

ContentTenant = Annotated[str, typer.Option("--tenant", help="Whose content it is.")]
ContentReason = Annotated[str, typer.Option("--reason", help="Why; the history of acts keeps it.")]


@erasing.command("subject")
def erase_subject(
    tenant: ContentTenant,
    user: Annotated[str, typer.Option(help="Who is erased, by the name that requests say.")],
    reason: ContentReason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Destroy the key to a user's content, delete it, and empty their records; proofs still verify.

    A legal hold refuses."""
    from signalbox.cli.payloads import erase

    erase(config, tenant, user, reason)


@erasing.command("list")
def erase_list(tenant: ContentTenant, config: Config = DEFAULT_CONFIG) -> None:
    """Erasures that are under way."""
    from signalbox.cli.payloads import erasures

    erasures(config, tenant)


@hold.command("place")
def hold_place(
    name: Annotated[str, typer.Argument(help="What people know the hold by.")],
    tenant: ContentTenant,
    reason: ContentReason,
    user: Annotated[str, typer.Option(help="Whose content; without, all of the tenant's.")] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Keep content from being erased, and from being deleted when its time is over."""
    from signalbox.cli.payloads import hold as run

    run(config, tenant, name, user, reason)


@hold.command("lift")
def hold_lift(
    name: Annotated[str, typer.Argument(help="The hold.")],
    tenant: ContentTenant,
    reason: ContentReason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Lift a hold."""
    from signalbox.cli.payloads import lift

    lift(config, tenant, name, reason)


@hold.command("list")
def hold_list(tenant: ContentTenant, config: Config = DEFAULT_CONFIG) -> None:
    """Holds in force."""
    from signalbox.cli.payloads import holds

    holds(config, tenant)


@payload.command("show")
def payload_show(
    decision: Annotated[str, typer.Argument(help="The decision, as `x-signalbox-decision` names it.")],
    tenant: ContentTenant,
    reason: ContentReason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Show what was said in one decision, with the key in SIGNALBOX_KEY; the reading is an act."""
    from signalbox.cli.payloads import show

    show(config, tenant, decision, reason)


@payload.command("verify")
def payload_verify(tenant: ContentTenant, config: Config = DEFAULT_CONFIG) -> None:
    """Hold all kept content against the log. Exits 1 if something was changed or taken away."""
    from signalbox.cli.payloads import verify

    verify(config, tenant)


@payload.command("rotate")
def payload_rotate(tenant: ContentTenant, config: Config = DEFAULT_CONFIG) -> None:
    """Wrap the keys of all subjects anew, so that earlier copies do not open with what is here."""
    from signalbox.cli.payloads import rotate

    rotate(config, tenant)
