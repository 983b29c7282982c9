"""`signalbox check`, `reload`, `endpoints` and `endpoints release`."""

from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from rich.table import Column, Table

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
    table = Table(
        Column("endpoint", overflow="fold"),
        Column("model", overflow="fold"),
        *(Column(name, no_wrap=True) for name in ("ready", "breaker", "in flight", "retries left")),
    )
    for item in listed:
        table.add_row(
            item["id"],
            item["model"],
            "yes" if item["ready"] else "no",
            item["breaker"],
            _in_flight(item),
            str(item["retries_left"]),
        )
    out = console()
    out.print(table)
    for item in listed:
        if item["killed"]:
            out.print(f"{item['id']}: stopped by the kill switch: {item['killed']}", soft_wrap=True)
        if item["quarantined"]:
            out.print(f"{item['id']}: {item['quarantined']}", soft_wrap=True)


def release(config: Path, endpoint: str) -> None:
    path = f"/admin/v1/endpoints/release?endpoint={quote(endpoint, safe='')}"
    released = cast(dict[str, str], call_server(settings_of(config), "POST", path))
    was = released["was"]
    console().print(
        f"`{endpoint}` is a candidate again ({was})" if was else f"`{endpoint}` was not in quarantine",
        soft_wrap=True,
    )


def _in_flight(item: dict[str, Any]) -> str:
    """`3 of 8 (64)`: in flight, of those it is trusted with, of those that the registry allows."""
    trusted, most = item["concurrency"], item["concurrency_max"]
    waiting = f", {item['waiting']} waiting" if item["waiting"] else ""
    return f"{item['in_flight']} of {trusted}" + (f" ({most})" if trusted != most else "") + waiting
