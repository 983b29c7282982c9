"""Workloads as commands: which argument is what, which option a parameter becomes, how results look."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from signalbox.cli.common import CommandFailed
from signalbox.cli.working.commands import commands_of, fields_of, sorted_out
from signalbox.cli.working.result import ToldFile, _write, _write_all, lines_of
from signalbox.testing.workloads_page import page
from signalbox.workloads.asking import Asker
from signalbox.workloads.offered import offered
from signalbox.workloads.registry import File, Result, Workload


class Inner(Struct):
    a: int = 0


class Params(Struct):
    asked: Annotated[str, Meta(description="What is asked.")]
    tone: Literal["warm", "brief"] = "warm"
    cells: tuple[str, ...] = ()
    deep: bool = False
    most: int = 3
    share: float = 0.5
    inner: Inner | None = None


async def _run(asker: Asker, params: Params, files: tuple[File, ...]) -> Result:
    raise AssertionError("it is never run here")


WORKLOAD = Workload(
    app="word", feature="ask", told="Asks.", params=Params, run=_run, takes=("docx", "md"), files=(0, 9)
)


def test_every_parameter_becomes_an_option_of_its_kind() -> None:
    made = {field.name: field for field in fields_of(Params)}
    assert [field.kind for field in made.values()] == [str, str, list[str], bool, int, float, str]
    assert made["asked"].help == "What is asked."
    assert made["tone"].help == "One of brief, warm."
    assert made["cells"].help == "May be repeated."
    assert made["inner"].help == "As JSON."
    assert [field.required for field in made.values()] == [True, *[False] * 6]


def test_every_workload_has_a_command_that_has_its_parameters() -> None:
    for workload in offered():
        command = commands_of(workload.app)[workload.feature]
        options = {parameter.name for parameter in command.params}
        assert {field.kept for field in fields_of(workload.params)} <= options
        assert workload.told in command.help


def test_what_is_a_file_is_told_from_what_is_asked(tmp_path: Path) -> None:
    for name in ("b.md", "a.DOCX", "c.exe"):
        (tmp_path / name).write_bytes(b"")
    here, missing = tmp_path / "a.DOCX", tmp_path / "none.docx"
    given = [str(here), str(missing), "what is in v1.2 of it?"]
    assert sorted_out(WORKLOAD, given) == ([here, missing], ["what is in v1.2 of it?"])
    assert sorted_out(WORKLOAD, [str(tmp_path)]) == ([here, tmp_path / "b.md"], [])
    assert sorted_out(WORKLOAD, ["x" * 5_000]) == ([], ["x" * 5_000])
    with pytest.raises(CommandFailed, match="put what is asked into quotes"):
        sorted_out(WORKLOAD, ["two", "words"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandFailed, match="has no file that `word/ask` reads"):
        sorted_out(WORKLOAD, [str(tmp_path / "empty")])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"title": "T", "empty": "", "none": [], "ok": True}, ["title: T", "ok: yes"]),
        ({"points": [{"text": "one", "source_para": ["p1", "p2"]}]},
         ["points:", "  - text: one", "    source para: p1, p2"]),
        (["a\nb", {}], ["- a", "  b", "- "]),
        ("plain", ["plain"]),
    ],
)  # fmt: skip
def test_results_are_lines_for_people(value: Any, shown: list[str]) -> None:
    assert list(lines_of(value)) == shown


def test_a_file_that_cannot_be_finished_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a.docx"
    place.write_bytes(b"before")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CommandFailed, match="No space left on device; what was there is as it was"):
        _write(place, b"after")
    assert place.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [place]


def test_a_name_that_came_back_says_no_place(tmp_path: Path) -> None:
    files = [ToldFile("../../evil.docx", "", b"x"), ToldFile("b.docx", "", b"y")]
    _write_all(files, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.docx", "evil.docx"]
    with pytest.raises(CommandFailed, match="2 files came back"):
        _write_all(files, tmp_path / "one.docx")


def test_the_page_is_what_make_docs_makes() -> None:
    kept = Path(__file__).parents[2] / "docs" / "reference" / "workloads.md"
    assert kept.read_text() == page(), "run `make docs`"
