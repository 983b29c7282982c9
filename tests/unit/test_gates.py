"""Admin gates from their file to verdicts and words: golden Cedar, faults at their place, changes told."""

from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import pytest
from msgspec.structs import replace

from signalbox.app import build_release, load_settings
from signalbox.cli.common import CommandFailed
from signalbox.cli.gates import diff, render
from signalbox.config import ConfigErrors
from signalbox.domain.endpoint import Catalogue
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.gates import Released, diff_words
from signalbox.policy import CompiledPolicy, compile_policy, explain_denials

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "gates" / "example.cedar"
NOW = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1_000_000
CLAUDE = "bedrock-eu-claude-sonnet"
FINANCE = Facts("contoso-eu", ("finance", "claude-pilot"), "word", "rewrite", Sensitivity.GENERAL, (), "eu")
OPT_IN = """
[[gates]]
id = "claude"
decision = "opt-in"
tenant = "contoso-eu"
groups = ["finance"]
apps = ["word"]
endpoints = ["bedrock-eu-claude-sonnet"]
up_to = "general"
"""
ACCEPTED = OPT_IN + 'accepted_terms = "2025-10"\naccepted_on = 2026-02-01\n'


def site(folder: Path, gates: str) -> Path:
    """The example with these gates, and without the rules by hand that say the same."""
    copytree(ROOT / "policies", folder / "policies", dirs_exist_ok=True)
    (folder / "policies" / "opt-in.cedar").write_text("")
    (folder / "gates.toml").write_text(gates)
    text = (ROOT / "signalbox.example.toml").read_text()
    file = folder / "signalbox.toml"
    file.write_text(text.replace('# gates = "gates.example.toml"', 'gates = "gates.toml"'))
    return file


def policy(file: Path) -> CompiledPolicy:
    return build_release(load_settings(file, {})).policy


def released(file: Path) -> Released:
    settings = load_settings(file, {})
    return Released(settings.policy, build_release(settings).policy)


def permitted(compiled: CompiledPolicy, facts: Facts) -> bool:
    return compiled.judge(facts, compiled.catalogue.index[CLAUDE], NOW).permitted


def test_the_example_is_rendered_as_it_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = site(tmp_path, (ROOT / "gates.example.toml").read_text())
    render(file)
    assert capsys.readouterr().out == GOLDEN.read_text()
    assert policy(file).is_rule("gate.claude-finance")


def test_an_opt_in_opens_to_whom_it_names_and_nobody_else(tmp_path: Path) -> None:
    compiled = policy(site(tmp_path, ACCEPTED))
    assert permitted(compiled, FINANCE)
    assert not permitted(compiled, replace(FINANCE, groups=("sales",)))
    assert not permitted(compiled, replace(FINANCE, app="excel"))
    assert not permitted(policy(site(tmp_path, OPT_IN)), FINANCE)


def test_new_terms_reset_an_opt_in_and_say_so(tmp_path: Path) -> None:
    settings = load_settings(site(tmp_path, ACCEPTED), {})
    endpoints = tuple(
        replace(it, terms_version="2026-12") if it.id == CLAUDE else it for it in settings.catalogue.endpoints
    )
    catalogue = Catalogue(replace(settings.catalogue, endpoints=endpoints))
    compiled = compile_policy(settings.policy, catalogue, settings.tenants)
    denials = {
        denial.endpoint: denial.reasons
        for denial in explain_denials(compiled.verdict(FINANCE, NOW), catalogue, compiled)
    }
    assert denials[CLAUDE] == (
        f"new terms of endpoints named `{CLAUDE}` have not been accepted: those of `2025-10` were on "
        "2026-02-01 (rule `gate.claude.terms`)",
    )


HEALTH = '[[requirements]]\nid = "health"\ncategories = ["health"]\ncertifications = ["hipaa-baa"]\n'


def test_a_certification_counts_until_it_ends(tmp_path: Path) -> None:
    file = site(tmp_path, HEALTH)
    text = file.read_text()
    certified = 'certifications = ["iso-27001", "soc-2", "c5", "hipaa-baa"]\n'
    assert text.count(certified) == 1
    file.write_text(text.replace(certified, certified + "certified_until = { hipaa-baa = 2026-11-23 }\n"))
    compiled = policy(file)
    facts = replace(FINANCE, categories=("health",))
    index = compiled.catalogue.index[CLAUDE]
    midnight = NOW + 86_400_000_000
    assert compiled.judge(facts, index, midnight - 1).permitted
    assert "gate.health.certifications" in compiled.judge(facts, index, midnight).reasons
    assert compiled.verdict(facts, NOW).valid_until_us == midnight


@pytest.mark.parametrize(
    ("written", "place", "said"),
    [
        (OPT_IN.replace("contoso-eu", "contoso"), "4: gates[0].tenant", "unknown tenant `contoso`"),
        (OPT_IN.replace("bedrock-eu-cl", "bedrock-cl"), "7: gates[0].endpoints[0]", "unknown endpoint"),
        (OPT_IN.replace("claude", "Claude", 1), "2: gates[0].id", "expected a name of lower-case letters"),
        (ACCEPTED.replace("2026-02", "2036-02"), "10: gates[0].accepted_on", "expected a day that has come"),
        (OPT_IN + 'at_least = "general"', "9: gates[0].at_least", "`opt-in` has no `at_least`"),
        (OPT_IN + OPT_IN, "11: gates[1].id", "duplicate id `claude`: already taken on line 2"),
        (OPT_IN + "group = []", "9: gates[0].group", "unknown field `group`; did you mean `groups`?"),
        ('[[requirements]]\nid = "r"', "1: requirements[0]", "a requirement demands something"),
        (
            HEALTH.replace('["health"]', '["helth"]'),
            "3: requirements[0].categories[0]",
            "did you mean `health`?",
        ),
        ("[place_sets]\neu = []", "2: place_sets.eu", "expected at least one place"),
        (
            ACCEPTED + ACCEPTED.replace('"claude"', '"second"').replace("2025-10", "2024-01"),
            "gates[1].accepted_terms",
            "expected `2025-10`, as `claude` accepted for the same endpoints; found `2024-01`",
        ),
    ],
)
def test_faults_name_file_line_and_field(tmp_path: Path, written: str, place: str, said: str) -> None:
    with pytest.raises(ConfigErrors) as refused:
        load_settings(site(tmp_path, written.lstrip("\n")), {})
    (error,) = refused.value.errors
    assert "gates.toml:" in error.message
    assert place in error.message
    assert said in error.message


def test_what_opens_and_closes_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = released(site(tmp_path / "before", OPT_IN))
    after = released(site(tmp_path / "after", ACCEPTED))
    claude = f"`claude-sonnet-4-6` on aws eu-central-1 (`{CLAUDE}`)"
    whom = "`finance` in `word` with data that is `public` or `general`"

    (opened,) = diff_words(before, after, NOW)
    assert opened.startswith(f"{claude} becomes available to {whom}")
    assert opened.endswith("(tenant `contoso-eu`)")
    (closed,) = diff_words(after, before, NOW)
    assert closed.startswith(f"{claude} is no longer available to {whom}")
    assert diff_words(after, after, NOW) == ()


def test_the_command_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "before").mkdir()
    file = site(tmp_path, OPT_IN)
    before = site(tmp_path / "before", OPT_IN)
    diff(file, before)
    assert capsys.readouterr().out == "nothing changes for anyone\n"


def test_without_gates_there_is_nothing_to_render() -> None:
    with pytest.raises(CommandFailed, match="names no gates"):
        render(ROOT / "signalbox.toml")
