"""`signalbox prove` and the setting behind it: what is printed, when it fails, where faults stand."""

import sys
from pathlib import Path
from shutil import copytree

import pytest

from signalbox.app import load_settings
from signalbox.cli.common import CommandFailed
from signalbox.cli.prove import run
from signalbox.config.faults import ConfigErrors
from signalbox.proof import SolverMissing

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "signalbox.example.toml"
VIOLATED = 'invariant odd for tenant "fabrikam": deny when sensitivity >= general on vendor is "anthropic"'


def test_a_release_that_keeps_its_invariants_exits_well(capsys: pytest.CaptureFixture[str]) -> None:
    run(EXAMPLE, None, strict=True)

    printed = capsys.readouterr().out
    assert "residency" in printed
    assert "violated" not in printed
    assert "its requests can reach `azure-sweden-gpt-5-mini`" in printed


def test_a_violation_fails_and_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.txt"
    file.write_text(VIOLATED)
    with pytest.raises(SystemExit, match="1"):
        run(EXAMPLE, file, strict=False)

    assert (
        "odd: a general request of `fabrikam` (app `any-other-app`, feature `any-other-feature`, groups "
        "`claude-pilot`, categories none, boundary `world`) may go to `bedrock-eu-claude-sonnet` on "
    ) in capsys.readouterr().out


def site(tmp_path: Path, invariants: str, *rules: str) -> Path:
    copytree(ROOT / "policies", tmp_path / "policies")
    (tmp_path / "policies" / "invariants.txt").write_text(invariants)
    (tmp_path / "policies" / "more.cedar").write_text("\n".join(rules))
    file = tmp_path / "signalbox.toml"
    file.write_text((ROOT / "signalbox.toml").read_text())
    return file


CLOSED = '@id("closed") @reason("r") forbid (principal, action, resource) when { resource.available };'
OUTSIDE = '@id("odd") @reason("r") forbid (principal, action, resource) when { context.app like "*" };'
ANY = "invariant any for every tenant: deny when any request on any endpoint"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (CLOSED, "`local` may use no endpoint at all: what is proved of it is proved of nothing"),
        (OUTSIDE, "more.cedar: rule `odd`: `like` on a fact that can be any string"),
    ],
)
def test_what_is_proved_of_nothing_or_not_at_all_fails_where_that_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rule: str, said: str
) -> None:
    file = site(tmp_path, ANY, rule)

    run(file, None, strict=False)
    assert said in capsys.readouterr().out
    with pytest.raises(SystemExit, match="1"):
        run(file, None, strict=True)


@pytest.mark.parametrize(
    ("invariants", "fault"),
    [
        (
            "use nothing for every tenant",
            "policies/invariants.txt: line 1, column 5: `nothing` is not built in",
        ),
        (
            'use residency\nfor tenant "acme"',
            "policies/invariants.txt: line 2, column 12: unknown tenant `acme`",
        ),
    ],
)
def test_the_settings_refuse_invariants_with_a_fault(tmp_path: Path, invariants: str, fault: str) -> None:
    with pytest.raises(ConfigErrors) as refused:
        load_settings(site(tmp_path, invariants), {})
    (error,) = refused.value.errors
    assert error.field == "policy.invariants"
    assert error.expected.startswith(fault)


def test_settings_need_no_invariants(tmp_path: Path) -> None:
    file = site(tmp_path, "")
    file.write_text(
        "".join(line for line in file.read_text().splitlines(True) if "invariants.txt" not in line)
    )

    assert load_settings(file, {}).invariants.items == ()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"cannot read `.*absent`"):
        run(EXAMPLE, tmp_path / "absent", strict=False)


def test_without_the_solver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(SolverMissing, match=r"pip install 'signalbox\[proof\]'"):
        run(EXAMPLE, None, strict=False)
