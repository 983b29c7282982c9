"""`signalbox decide`: what would be done, without doing it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from signalbox.app import Signalbox
from signalbox.cli.common import console
from signalbox.decided import Decided
from signalbox.domain.errors import Denial, NoCandidate, PolicyDenied
from signalbox.domain.money import Money
from signalbox.domain.request import Declared, Message, Request, Sampling, Text
from signalbox.domain.traits import capability_names
from signalbox.policy import explain_denials


class Question(Struct, frozen=True, kw_only=True):
    """The command's options."""

    text: str
    app: str
    feature: str
    task: str
    label: str
    boundary: str
    latency_class: str
    model: str
    max_tokens: int | None


def run(config: Path, question: Question, key: str | None) -> None:
    out = console()
    try:
        decided = asyncio.run(_decide(config, question, key))
    except PolicyDenied as refused:
        out.print(f"refused: {refused.message}")
        out.print(_reasons("denied because", refused.denials))
        raise SystemExit(1) from refused
    except NoCandidate as refused:
        out.print(f"refused: {refused.message}")
        out.print(_reasons("dropped because", refused.dropped))
        raise SystemExit(1) from refused
    show(out, decided)


async def _decide(config: Path, question: Question, key: str | None) -> Decided:
    request = Request(
        target=question.model,
        messages=(Message("user", (Text(question.text),)),),
        sampling=Sampling(max_tokens=question.max_tokens),
        declared=Declared(
            app=question.app,
            feature=question.feature,
            task=question.task,
            label=question.label,
            boundary=question.boundary,
            latency_class=question.latency_class,
        ),
    )
    async with Signalbox.from_config(config) as box:
        return await box.decide(request, key=key)


def show(out: Console, decided: Decided) -> None:
    """Traits, then every endpoint's part, then the plan."""
    traits = decided.traits
    out.print(
        f"task {traits.task} (confidence {traits.task_confidence / 100:.0f} %) · "
        f"sensitivity {traits.sensitivity.label} · "
        f"categories {', '.join(traits.categories) or 'none'} · boundary {traits.boundary} · "
        f"{traits.latency_class}, {traits.deadline_ms / 1000:g} s · "
        f"{traits.tokens_in} tokens in, at most {traits.tokens_out_max} out · "
        f"needs {', '.join(capability_names(traits.needs)) or 'nothing special'}",
        soft_wrap=True,
    )
    plan = Table("place", "endpoint", "quality", "latency", "cost", "at most", "why", title="plan")
    for place, attempt in enumerate(decided.plan.attempts, start=1):
        plan.add_row(
            str(place),
            attempt.endpoint,
            f"{attempt.quality / 10_000:.2f}",
            f"{attempt.latency_us / 1_000_000:.2f} s",
            str(Money(attempt.cost_nanos, attempt.currency)),
            str(Money(attempt.cost_nanos_max, attempt.currency)),
            attempt.reason,
        )
    out.print(plan)
    if decided.dropped:
        out.print(
            _reasons("dropped because", [Denial(item.endpoint, (item.reason,)) for item in decided.dropped])
        )
    denials = explain_denials(decided.verdict, decided.release.catalogue, decided.release.policy)
    if denials:
        out.print(_reasons("denied because", denials))


def _reasons(title: str, denials: Sequence[Denial]) -> Table:
    table = Table("endpoint", title)
    for denial in denials:
        table.add_row(denial.endpoint, "; ".join(denial.reasons))
    return table
