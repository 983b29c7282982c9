"""`Differences` for a person: tables on the terminal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Column, Table

from signalbox.domain.money import Money
from signalbox.replay import Differences, Figures, Group, Shift

_DAYS_MAX: Final = 31
_EXAMPLES: Final = 2


def show(out: Console, found: Differences) -> None:
    """Everything but the single changes, which `--json` has."""
    _show_extent(out, found)
    if not found.decided:
        return
    if not found.changes:
        out.print(f"0 differences: all {found.decided} come out as recorded")
    else:
        out.print(f"{len(found.changes)} differences; {found.same} come out as recorded")
        _show_groups(out, found.groups)
    if not found.changes and found.before == found.after:
        return
    out.print(_effect(found))
    if len(found.days) > 1:
        out.print(_days(found))
    out.print(_shares("vendor", found.vendors, found.before.decisions, found.after.decisions))
    out.print(_shares("place", found.places, found.before.decisions, found.after.decisions))


def show_broken(out: Console, found: Differences) -> None:
    if not found.broken:
        out.print("nothing breaks: all that had a plan have one")
        return
    table = Table("what has no candidate any more", "decisions", Column("such as", overflow="fold"))
    for count in found.broken:
        table.add_row(count.what, str(count.decisions), "\n".join(count.examples[:_EXAMPLES]))
    out.print(table)


def show_loads(out: Console, found: Differences) -> None:
    if not found.loads:
        return
    table = Table("requests in flight, busiest minute", "before", "after", "takes", "each for", "")
    for load in found.loads:
        table.add_row(
            load.endpoint,
            _hundredths(load.peak_e2.before),
            _hundredths(load.peak_e2.after),
            str(load.concurrency),
            f"{load.latency_us / 1e6:.2f} s {'measured' if load.measured else 'predicted'}",
            "TOO MANY" if load.over else "",
        )
    out.print(table)


def _show_extent(out: Console, found: Differences) -> None:
    if found.decided:
        out.print(
            f"{found.decided} decided again, from {_when(found.first_us)} to {_when(found.last_us)}, "
            f"recorded under {len(found.releases)} pair{'s' if len(found.releases) > 1 else ''} of releases",
            soft_wrap=True,
        )
    else:
        out.print("nothing was decided in that period")
    for count in found.undecided:
        examples = f", such as {count.examples[0]}" if count.examples[0] else ""
        out.print(f"{count.decisions} cannot be decided again: {count.what}{examples}", soft_wrap=True)
    for group in found.unresolved_groups:
        out.print(
            f"  unresolved: group {group.group} of tenant {group.tenant}, in {group.decisions} records "
            "(name it with --group)",
            soft_wrap=True,
        )


def _show_groups(out: Console, groups: tuple[Group, ...]) -> None:
    table = Table("change", "decisions", "cost", Column("because", overflow="fold"))
    for group in groups:
        table.add_row(
            f"{group.kind}\n  {group.was} → {group.now}",
            str(group.decisions),
            _money(group.cost_nanos),
            "\n".join(group.why),
        )
    out.print(table)
    for group in groups:
        examples = ", ".join(group.examples[:_EXAMPLES])
        out.print(f"{group.kind}, {group.was} → {group.now}: such as {examples}", soft_wrap=True)


def _effect(found: Differences) -> Table:
    table = Table("predicted, first choices", "before", "after", "difference")
    table.add_row("with a plan", *_counts(Shift(found.before.decisions, found.after.decisions)))
    table.add_row("cost of the period", *_costs(found.before, found.after))
    if found.lost.decisions:
        table.add_row("  of those that lost their plan", _money(found.lost.cost_nanos), "", "")
    if found.gained.decisions:
        table.add_row("  of those that gained one", "", _money(found.gained.cost_nanos), "")
    table.add_row("cost of those planned both times", *_costs(found.still_before, found.still_after))
    was, now = found.still_before, found.still_after
    table.add_row("  mean latency", *_seconds(_mean(was.latency_us, was), _mean(now.latency_us, now)))
    table.add_row("  latency, 95 of 100 within", *_seconds(was.latency_us_p95, now.latency_us_p95))
    before_e4, after_e4 = _mean(was.quality, was), _mean(now.quality, now)
    table.add_row(
        "  mean quality",
        f"{before_e4 / 1e4:.4f}",
        f"{after_e4 / 1e4:.4f}",
        f"{(after_e4 - before_e4) / 1e4:+.4f}",
    )
    return table


def _days(found: Differences) -> Table:
    table = Table("day, UTC", "decisions", "cost before", "cost after", "difference")
    for day in found.days[-_DAYS_MAX:]:
        costs = day.cost_nanos
        table.add_row(
            datetime.fromtimestamp(day.begins_us / 1_000_000, UTC).strftime("%Y-%m-%d"),
            str(day.decisions),
            _money({currency: cost.before for currency, cost in costs.items()}),
            _money({currency: cost.after for currency, cost in costs.items()}),
            _money({currency: cost.after - cost.before for currency, cost in costs.items()}),
        )
    return table


def _shares(what: str, shifts: Mapping[str, Shift], before: int, after: int) -> Table:
    """Of the decisions that have a plan."""
    heads = {"vendor": "vendor of the first choice", "place": "place that the plan may reach"}
    table = Table(heads[what], "before", "after", "share before", "share after")
    for name, shift in shifts.items():
        table.add_row(
            name,
            str(shift.before),
            str(shift.after),
            _share(shift.before, before),
            _share(shift.after, after),
        )
    return table


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _counts(shift: Shift) -> tuple[str, str, str]:
    return str(shift.before), str(shift.after), f"{shift.after - shift.before:+d}"


def _costs(before: Figures, after: Figures) -> tuple[str, str, str]:
    currencies = before.cost_nanos.keys() | after.cost_nanos.keys()
    difference = {
        currency: after.cost_nanos.get(currency, 0) - before.cost_nanos.get(currency, 0)
        for currency in sorted(currencies)
    }
    return _money(before.cost_nanos), _money(after.cost_nanos), _money(difference)


def _seconds(before_us: int, after_us: int) -> tuple[str, str, str]:
    return f"{before_us / 1e6:.2f} s", f"{after_us / 1e6:.2f} s", f"{(after_us - before_us) / 1e6:+.2f} s"


def _money(nanos: Mapping[str, int]) -> str:
    return "\n".join(str(Money(amount, currency)) for currency, amount in nanos.items()) or "–"


def _mean(total: int, figures: Figures) -> int:
    return total // figures.decisions if figures.decisions else 0


def _hundredths(value: int) -> str:
    return f"{value // 100}.{value % 100:02d}"


def _when(clock_us: int) -> str:
    return datetime.fromtimestamp(clock_us / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
