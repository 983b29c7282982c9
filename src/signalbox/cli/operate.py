"""`signalbox check`, `reload` and `endpoints`."""

from pathlib import Path
from typing import Any, cast

from rich.table import Table

from signalbox.app import build_release
from signalbox.cli.common import call_server, console, settings_of
from signalbox.config import describe


def check(config: Path) -> None:
    settings = settings_of(config)
    release = build_release(settings)
    out = console()
    out.print(describe(settings), soft_wrap=True)
    out.print(f"catalogue release {release.catalogue.hash}", soft_wrap=True)
    out.print(f"policy release    {release.policy.hash}", soft_wrap=True)
    for warning in release.policy.warnings:
        out.print(f"warning: {warning}", soft_wrap=True)
    out.print("all is well")


def reload(config: Path) -> None:
    settings = settings_of(config)
    published = cast(dict[str, str], call_server(settings, "POST", "/admin/v1/reload"))
    console().print(
        f"serving policy {published['policy']}\nand catalogue  {published['catalogue']}", soft_wrap=True
    )


def endpoints(config: Path) -> None:
    listed = cast(list[dict[str, Any]], call_server(settings_of(config), "GET", "/admin/v1/endpoints"))
    table = Table("endpoint", "model", "vendor", "region", "ready", "breaker", "killed")
    for item in listed:
        table.add_row(
            item["id"],
            item["model"],
            item["vendor"],
            item["region"],
            "yes" if item["ready"] else "no",
            item["breaker"],
            item["killed"],
        )
    console().print(table)
