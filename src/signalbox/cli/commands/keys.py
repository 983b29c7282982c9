"""Service keys, and who a key is."""

from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, Reason, TenantAsked, group

commands: Final = typer.Typer()
keys: Final = group(commands, "keys", "Service keys, over the admin API of the running server.")

KeyName = Annotated[str, typer.Argument(help="The key's id.")]
KeyDays = Annotated[int, typer.Option(help="For how many days its secret opens, 366 at most.")]


@commands.command()
def whoami(config: Config = DEFAULT_CONFIG) -> None:
    """Say who the key in SIGNALBOX_KEY is here, and what it may do."""
    from signalbox.cli.keys import whoami

    whoami(config)


@keys.command("create")
def keys_create(
    key: KeyName,
    purpose: Annotated[str, typer.Option(help="What it is for; no person's name.")],
    role: Annotated[
        list[str] | None, typer.Option(help="A role; may be repeated. Without any, a user's.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group; may be repeated.")] = None,
    app_name: Annotated[str, typer.Option("--app", help="Bound to this app.")] = "",
    feature: Annotated[str, typer.Option(help="Bound to this feature of the app.")] = "",
    may_assert: Annotated[
        list[str] | None, typer.Option(help="A field that is believed; may be repeated.")
    ] = None,
    days: KeyDays = 90,
    tenant: TenantAsked = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a service key; its secret is shown once.

    Asks with the key in SIGNALBOX_KEY, else with this machine's administrator's."""
    from signalbox.cli.keys import KeyOptions, create

    options = KeyOptions(
        purpose=purpose,
        roles=role or [],
        groups=group or [],
        app=app_name,
        feature=feature,
        may_assert=may_assert or [],
        days=days,
    )
    create(config, key, options, tenant)


@keys.command("list")
def keys_list(tenant: TenantAsked = "", config: Config = DEFAULT_CONFIG) -> None:
    """Show a tenant's keys: those made here and those of the settings, without secrets."""
    from signalbox.cli.keys import listed

    listed(config, tenant)


@keys.command("rotate")
def keys_rotate(
    key: KeyName,
    overlap: Annotated[str, typer.Option(help="How long the secret so far goes on; 0 ends it.")] = "24h",
    days: KeyDays = 90,
    tenant: TenantAsked = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Give a key another secret, shown once; the one so far goes on for a while."""
    from signalbox.cli.keys import rotate

    rotate(config, key, overlap, days, tenant)


@keys.command("revoke")
def keys_revoke(
    key: KeyName,
    reason: Reason,
    tenant: TenantAsked = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Revoke a key, at once and for good."""
    from signalbox.cli.keys import revoke

    revoke(config, key, reason, tenant)
