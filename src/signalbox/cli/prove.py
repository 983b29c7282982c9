"""`signalbox prove`: whether the release in the files keeps its invariants, for every request."""

from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from signalbox.cli.common import CommandFailed, console, settings_of
from signalbox.domain.endpoint import Catalogue
from signalbox.proof import (
    Finding,
    Invariants,
    InvariantsInvalid,
    ProofReport,
    Reach,
    parse_invariants,
    prove,
)


def run(config: Path, invariants: Path | None, *, strict: bool, any_grant: bool = False) -> None:
    """`any_grant`: as if break-glass had opened whatever it could.

    Exits 1 on a violation; with `strict` also on what is unproven or proved of no request at all."""
    settings = settings_of(config)
    if invariants is not None:
        settings = replace(settings, invariants=_read(invariants))
    try:
        report = prove(
            settings.policy,
            Catalogue(settings.catalogue),
            settings.tenants,
            settings.invariants,
            any_grant=any_grant,
        )
    except InvariantsInvalid as invalid:
        raise CommandFailed(f"{invariants or 'the invariants'}: {invalid.message}") from invalid
    show(console(), report)
    if report.violated or (strict and (report.unproven or report.vacuous)):
        raise SystemExit(1)


def show(out: Console, report: ProofReport) -> None:
    table = Table("invariant", "tenant", "result")
    for finding in report.findings:
        table.add_row(finding.invariant, finding.tenant, _result(finding))
    out.print(table)
    for finding in report.findings:
        if finding.counterexample is not None:
            found = finding.counterexample
            story = found.told(_when(found.now_us), of=f" of `{found.facts.tenant}`")
            out.print(f"{finding.invariant}: {story}", soft_wrap=True)
    for item in report.strange:
        place = f"{item.file}: rule `{item.rule}`"
        out.print(f"outside the provable subset: {place}: {item.construct}", soft_wrap=True)
    for reach in report.reaches:
        out.print(_reach(reach), soft_wrap=True)
    if report.any_grant:
        out.print(
            "proved under any break-glass grant: what holds here is held by forbids; no emergency opens it"
        )
    out.print(
        f"policy release    {report.policy}\ncatalogue release {report.catalogue}\n"
        f"invariants        {report.invariants}\nproved with       {report.solver}",
        soft_wrap=True,
    )


def _read(file: Path) -> Invariants:
    try:
        return parse_invariants(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"cannot read `{file}`: {error}") from error
    except InvariantsInvalid as invalid:
        raise CommandFailed(f"{file}: {invalid.message}") from invalid


def _result(finding: Finding) -> str:
    if finding.idle:
        return "proved (concerns nothing here)"
    if finding.outcome == "unproven":
        return "unproven: " + "; ".join(f"{item.construct} in `{item.rule}`" for item in finding.outside)
    return finding.outcome


def _when(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _reach(reach: Reach) -> str:
    if not reach.endpoints:
        return f"`{reach.tenant}` may use no endpoint at all: what is proved of it is proved of nothing"
    boundaries = ", ".join(f"`{name}`" for name in reach.boundaries)
    endpoints = ", ".join(f"`{name}`" for name in reach.endpoints)
    return f"proved of `{reach.tenant}` in the boundaries {boundaries}; its requests can reach {endpoints}"
