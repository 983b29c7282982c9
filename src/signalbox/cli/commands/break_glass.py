"""Permits in an emergency."""

from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, ReasonKept, TenantAsked, group

commands: Final = typer.Typer()
break_glass: Final = group(
    commands, "break-glass", "Permits in an emergency: one asks, a second grants, a third reviews."
)

GrantId = Annotated[str, typer.Argument(help="The grant, as `bg-12`.")]


@break_glass.command("ask")
def break_glass_ask(
    endpoint: Annotated[
        list[str], typer.Option(help="To what: `vendor:NAME`, `model:`, `endpoint:` or `cloud:`; repeatable.")
    ],
    reason: ReasonKept,
    minutes: Annotated[int, typer.Option(help="For how long, 60 at most.")] = 30,
    sensitivity: Annotated[str, typer.Option(help="Up to which label.")] = "general",
    user: Annotated[list[str] | None, typer.Option(help="For requests of this user; repeatable.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="… with this key, by its id; repeatable.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="… by members of this group; repeatable.")] = None,
    tenant: TenantAsked = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Ask for permits that are missing. It crosses no forbid and no kill."""
    from signalbox.cli.break_glass import ask_for, wanted

    body = wanted(reason, endpoint, sensitivity, minutes, user or [], key or [], group or [])
    ask_for(config, tenant, body)


@break_glass.command("grant")
def break_glass_grant(grant: GrantId, tenant: TenantAsked = "", config: Config = DEFAULT_CONFIG) -> None:
    """Grant what another person asked for; it begins now and ends by itself."""
    from signalbox.cli.break_glass import grant as run

    run(config, tenant, grant)


@break_glass.command("end")
def break_glass_end(
    grant: GrantId,
    reason: ReasonKept,
    tenant: TenantAsked = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """End a grant before its time, or withdraw what was asked for."""
    from signalbox.cli.break_glass import end

    end(config, tenant, grant, reason)


@break_glass.command("review")
def break_glass_review(
    grant: GrantId,
    findings: Annotated[str, typer.Option(help="What it was used for, and whether that was right.")],
    tenant: TenantAsked = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Review, as a third person, a grant that is over. Nothing else is granted to the tenant before."""
    from signalbox.cli.break_glass import review

    review(config, tenant, grant, findings)


@break_glass.command("list")
def break_glass_list(tenant: TenantAsked = "", config: Config = DEFAULT_CONFIG) -> None:
    """Every grant, the latest first, and the reviews that are owed."""
    from signalbox.cli.break_glass import listed

    listed(config, tenant)
