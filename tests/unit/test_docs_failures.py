"""`docs/reference/failures.md` says of every kind of failure what the code does with it."""

import re
from pathlib import Path
from typing import Final

from signalbox.adapters.providers.exchange.refusal import COMMON, refusal
from signalbox.dispatch.attempt import Order
from signalbox.dispatch.exhausted import exhausted
from signalbox.dispatch.step import Stop, Tried
from signalbox.domain.failure import REACTIONS, FailureKind, ProviderFailure, class_of
from signalbox.domain.plan import Plan, PlannedAttempt
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.testing.values import request
from signalbox.wires.errors import VendorError

PAGE: Final = (Path(__file__).parents[2] / "docs" / "reference" / "failures.md").read_text()
KINDS: Final = {str(kind) for kind in FailureKind}


def rows(heading: str) -> list[list[str]]:
    """The cells of every table under a heading, without the tables' own."""
    section = PAGE.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    found = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.split("\n")
        if line[:1] == "|"
    ]
    return [cells for cells in found if cells[-1].startswith("`")]


def answer(kind: FailureKind) -> tuple[int, str]:
    """Status and code of a request that ended with such a failure."""
    planned = PlannedAttempt(1, 1, "USD", "a", 1, 1, "test", 1_000_000)
    facts = Facts("t", (), "", "", Sensitivity.GENERAL, (), "world")
    order = Order("dec-1", Plan("balanced", (planned,), 1_000_000), request(), facts, 1, 0, 0, durable=False)
    error = exhausted(order, [Tried(0, kind)], Stop(kind), ProviderFailure(kind, ""))
    return error.status, error.code


def billed(kind: FailureKind) -> str:
    if not REACTIONS[kind].billed:
        return "no"
    # Of all others it is not known whether a whole reply was made.
    return "yes" if kind is FailureKind.INVALID_OUTPUT else "maybe"


def test_every_kind_is_documented_as_the_code_treats_it() -> None:
    expected = []
    for kind in FailureKind:
        status, code = answer(kind)
        breaker = "yes" if REACTIONS[kind].breaker else "no"
        expected.append(
            [f"`{kind}`", str(class_of(kind)), breaker, billed(kind), *[str(status)] * 3, f"`{code}`"]
        )
    assert sorted(rows("## Kinds")) == sorted(expected)


def test_every_kind_has_an_error_that_leads_to_it_and_no_error_leads_to_another() -> None:
    section = PAGE.split("## From a vendor's error to its kind", 1)[1]
    named = [cells[-1].strip("`") for cells in rows("## From a vendor's error to its kind")]
    for vendor in re.findall(r"^### .*$", section, re.MULTILINE):
        named += [cells[-1].strip("`") for cells in rows(vendor)]
    assert set(named) == KINDS


def test_the_statuses_of_openai_compatible_servers_are_those_of_their_provider() -> None:
    seen = 0
    for first, kind in rows("### OpenAI, Azure OpenAI and compatible servers"):
        for status in re.findall(r"\b\d{3}\b", first):
            failure = refusal(COMMON, "a", int(status), lambda name: None, VendorError("", status, ""), 0)
            assert f"`{failure.kind}`" == kind, status
            seen += 1
    assert seen == 17
