"""What the documentation shows is there: commands, options, targets, links, files, tests, rules, settings."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import msgspec
import pytest
from typer.main import get_command

from signalbox.app import build_release, load_settings
from signalbox.cli import app
from signalbox.policy import PolicyInvalid

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = sorted((ROOT / "docs").rglob("*.md"))
PAGES: Final = (*sorted(ROOT.glob("*.md")), *DOCS)
FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MADE_BY_THE_READER: Final = {"policies/excel.cedar"}
COMMON_OPTIONS: Final = {"--help", "--config", "-c"}


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    return [text for said, text in FENCE.findall(page.read_text()) if said == language]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def spans(page: Path) -> list[str]:
    """Inline code."""
    return [span for line in prose(page).splitlines() for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", line)]


def shell_lines(page: Path) -> Iterator[list[str]]:
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words and "=" in words[0] and words[0].split("=")[0].isupper():
                del words[0]
            if words:
                yield words


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that `signalbox` with these words is, and what is left for it."""
    command: Any = get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        command = command.commands[rest.pop(0)]
    return command, rest


def leaves(command: Any, path: str = "signalbox") -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    if command.invoke_without_command:
        yield path, command
    for name, child in command.commands.items():
        yield from leaves(child, f"{path} {name}")


def options_of(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("-")}


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield ((page.parent / path).resolve() if path else page), anchor


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"


def test_every_page_is_linked_from_another() -> None:
    linked = {target for page in PAGES for target, _ in links(page) if target != page}
    assert [named(page) for page in DOCS if page not in linked] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_compiles_and_imports_what_there_is(page: Path) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("signalbox"):
                for name in node.names:
                    getattr(import_module(node.module), name.name)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_json_and_toml_parse(page: Path) -> None:
    for block in blocks(page, "json"):
        msgspec.json.decode(block)
    for block in blocks(page, "toml"):
        tomllib.loads(block)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_are_taken_as_they_are_shown(page: Path) -> None:
    for words in shell_lines(page):
        if words[0] == "signalbox":
            command, rest = command_of(words[1:])
            command.make_context(words[1], rest)
    for span in spans(page):
        words = shlex.split(span) if span.startswith("signalbox ") else []
        if words and words[1] != "COMMAND" and not words[1].startswith("-"):
            command, rest = command_of(words[1:])
            assert {word for word in rest if word.startswith("--")} <= options_of(command), span


def test_the_reference_names_every_command_and_option_and_no_others() -> None:
    pages = ROOT / "docs" / "reference"
    text = (pages / "cli.md").read_text() + (pages / "workloads.md").read_text()
    there: set[str] = set()
    for path, command in leaves(get_command(app)):
        assert f"`{path}" in text, path
        there |= options_of(command)
    assert there - COMMON_OPTIONS == set(re.findall(r"--[a-z][a-z-]*", text)) - COMMON_OPTIONS


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = [words for words in shell_lines(page) if words[0] == "make"]
    shown += [span.split() for span in spans(page) if re.match(r"make [a-z]", span)]
    assert {words[1] for words in shown} <= targets


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_and_tests_that_are_named_exist(page: Path) -> None:
    tops = [ROOT / top for top in ("src", "tests", "scripts", "policies", "benchmarks", "docs")]
    inside = [path for top in tops for path in top.rglob("*") if path.is_file()]
    files = {"/" + named(path): path for path in (*inside, *ROOT.glob("*.*"))}
    for span in spans(page):
        path, _, test = span.partition("::")
        if (
            not re.fullmatch(r"[\w./-]*\w\.(py|sh|toml|cedar|cedarschema|md)", path)
            or path in MADE_BY_THE_READER
        ):
            continue
        found = [file for name, file in files.items() if name.endswith("/" + path)]
        assert found, path
        assert not test or any(f"def {test}(" in file.read_text() for file in found), span


def test_functions_that_are_named_exist() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    shown = [re.fullmatch(r"(?:[A-Z]\w+\.|)(_?[a-z]\w+)", span) for span in spans(ROOT / "ARCHITECTURE.md")]
    names = {match[1] for match in shown if match and (match[1][0] == "_" or "." in match[0])}
    assert len(names) > 5
    assert {name for name in names if f"def {name}(" not in code} == set()


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"]]
    for group in (
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ):
        wanted += group
    names = {re.split(r"[^A-Za-z0-9-]", line)[0] for line in wanted}
    text = (ROOT / "docs" / "decisions" / "0006-dependencies.md").read_text()
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_the_rule_in_the_readme_is_the_shipped_one() -> None:
    (rule,) = blocks(ROOT / "README.md", "cedar")
    assert rule in (ROOT / "policies" / "sensitive.cedar").read_text()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    copytree(ROOT / "policies", tmp_path / "policies")
    return tmp_path


def test_the_endpoint_of_the_guide_loads(site: Path) -> None:
    """The shipped settings with the guide's changes, as a reader would make them."""
    places, endpoint = blocks(ROOT / "docs" / "howto" / "add-an-openai-compatible-endpoint.md", "toml")
    shipped = (ROOT / "signalbox.toml").read_text()
    before, _, rest = shipped.partition("[places]")
    _, _, after = rest.partition("[[tenants]]")
    tenants = "[[tenants]]" + after.replace('default_boundary = "on-premises"', 'default_boundary = "world"')
    file = site / "signalbox.toml"
    file.write_text(f"{before}{places}\n{tenants}\n{endpoint}")
    release = build_release(load_settings(file, {}))
    assert "example-us" in release.catalogue.index


def test_the_rule_of_the_guide_loads_and_its_misspelling_is_refused_in_those_words(site: Path) -> None:
    page = ROOT / "docs" / "howto" / "write-a-policy.md"
    (rule,) = blocks(page, "cedar")
    file = site / "signalbox.toml"
    file.write_text((ROOT / "signalbox.toml").read_text())
    added = site / "policies" / "excel.cedar"
    added.write_text(rule)
    assert build_release(load_settings(file, {})).policy.is_rule("excel.own-machines")
    added.write_text(rule.replace("processor", "procesor"))
    with pytest.raises(PolicyInvalid) as refused:
        build_release(load_settings(file, {}))
    assert f"signalbox: {refused.value.problems[0]}" in page.read_text()
