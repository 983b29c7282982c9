"""Recorded traffic, decided again."""

from pathlib import Path
from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config, Since, TenantOnly, Until, group

commands: Final = typer.Typer()
drill: Final = group(commands, "drill", "Recorded traffic without a vendor, or on one cloud alone.")

Groups = Annotated[
    list[str] | None,
    typer.Option("--group", help="A group that the settings do not name; repeatable."),
]
DifferencesAsJson = Annotated[bool, typer.Option("--json", help="One JSON object, with every single change.")]
Vendors = Annotated[list[str] | None, typer.Option("--vendor", help="A vendor's id; repeatable.")]
Models = Annotated[list[str] | None, typer.Option("--model", help="A model's id; repeatable.")]
EndpointIds = Annotated[list[str] | None, typer.Option("--endpoint", help="An endpoint's id; repeatable.")]
Clouds = Annotated[list[str] | None, typer.Option("--cloud", help="A cloud; repeatable.")]
PlaceNames = Annotated[list[str] | None, typer.Option("--place", help="A place of [places]; repeatable.")]
WriteDraft = Annotated[Path | None, typer.Option("--write", help="Write the rules that do it to this file.")]


@commands.command()
def replay(
    policy: Annotated[
        list[Path] | None,
        typer.Option(help="A draft, in the place of the policy file of that name, or added; repeatable."),
    ] = None,
    gates: Annotated[
        Path | None, typer.Option(help="A draft of the admin gates, in the place of the settings' own.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="A draft of the registry: a settings file, or its tables.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="A draft of prices: a table [prices.ENDPOINT] each.")
    ] = None,
    since: Since = "30d",
    until: Until = "",
    tenant: TenantOnly = "",
    group: Groups = None,
    json: DifferencesAsJson = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Decide recorded traffic again, under a draft.

    Shows every change in plan, cost, vendors and places. Without a draft there is none, or the log is not
    sound: exits 1."""
    from signalbox.cli.replay import Question, run

    run(
        config,
        Question(
            policy=policy or [],
            gates=gates,
            catalogue=catalogue,
            prices=prices,
            since=since,
            until=until,
            tenant=tenant,
            groups=group or [],
        ),
        as_json=json,
    )


def _drill(name: str, told: str, *, leave: bool) -> None:
    @drill.command(name, help=told)
    def command(
        vendor: Vendors = None,
        model: Models = None,
        endpoint: EndpointIds = None,
        cloud: Clouds = None,
        place: PlaceNames = None,
        since: Since = "30d",
        until: Until = "",
        tenant: TenantOnly = "",
        group: Groups = None,
        write: WriteDraft = None,
        draft: Annotated[
            bool, typer.Option("--draft", help="Draft the release that does it, on the running server.")
        ] = False,
        json: DifferencesAsJson = False,
        config: Config = DEFAULT_CONFIG,
    ) -> None:
        from signalbox.cli.drill import Question, run, selection

        run(
            config,
            Question(
                selection=selection(vendor, model, endpoint, cloud, place),
                leave=leave,
                since=since,
                until=until,
                tenant=tenant,
                groups=group or [],
                write=write,
                draft=draft,
            ),
            as_json=json,
        )


_SHOWN: Final = "Shows what breaks, and writes the rules that would do it. Nothing is put in force."
_drill("exit", f"Decide recorded traffic again as if all that is named were gone.\n\n{_SHOWN}", leave=True)
_drill(
    "recentralise",
    f"Decide recorded traffic again as if nothing but what is named were left.\n\n{_SHOWN}",
    leave=False,
)
