"""A seeded sample of `python -m benchmarks.interlock`: nothing forbidden is planned or let go, by an oracle
that shares no code with the product. And it would be noticed."""

import pytest
from benchmarks.interlock import measure
from msgspec.structs import replace

from signalbox.dispatch.interlock import Interlock
from signalbox.policy import CompiledPolicy, granted

MUST_BE_NONE = ("forbidden_planned", "forbidden_let_go", "wrongly_denied")


def test_ten_thousand_decisions_under_faults_plan_nothing_forbidden() -> None:
    found = measure(10_000, seed=11, per_world=2_500)
    assert [found[name] for name in MUST_BE_NONE] == [0, 0, 0]
    assert min(found[name] for name in ("plans", "let_go", "withheld", "hops_fallback")) > 500, found
    faults = [count for name, count in found.items() if name.startswith("fault_")]
    assert len(faults) == 8
    assert min(*faults, found["let_go_by_grant"], found["hops_hedge"]) > 3, found


@pytest.mark.parametrize("fault", ["verdicts", "grants", "switch"])
def test_a_broken_interlock_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    match fault:
        case "verdicts":
            asked = CompiledPolicy.verdict
            monkeypatch.setattr(
                CompiledPolicy, "verdict", lambda *a: replace(asked(*a), permitted=(True,) * 10)
            )
        case "grants":
            monkeypatch.setattr(granted, "_MISSING", ("sensitive.home-cloud",))
        case "switch":
            monkeypatch.setattr(Interlock, "killed", lambda *_: "")
    found = measure(2_500 if fault == "grants" else 500, seed=11, per_world=1_000)
    assert found["forbidden_planned"] + found["forbidden_let_go"] > 0
