"""`docs/reference/failure-modes.md` answers for every control, by a test that there is."""

import ast
import re
from pathlib import Path
from typing import Final

from signalbox.hops.controls import CONTROLS

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "reference" / "failure-modes.md").read_text()
COLUMNS: Final = [
    "control",
    "what fails",
    "open or closed, for whom",
    "the caller sees",
    "the operator sees",
    "shown by",
]


def rows() -> list[list[str]]:
    found = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.split("\n")
        if line.startswith("| ") and not line.startswith("| control |")
    ]
    assert all(len(cells) == len(COLUMNS) for cells in found)
    return found


def named_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_every_control_has_its_rows_and_no_other_has() -> None:
    assert {cells[0] for cells in rows()} == set(CONTROLS)


def test_every_row_is_shown_by_tests_that_there_are() -> None:
    for cells in rows():
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cells[-1])
        assert named, cells
        assert cells[-1].count("::") == len(named), cells
        for file, name in named:
            assert name in named_in(file), f"{file} has no test `{name}`"


def test_every_row_says_open_or_closed_and_every_cell_something() -> None:
    for cells in rows():
        assert re.match(r"(open|closed|neither|as |what stands|what must be durable)", cells[2]), cells
        assert all(cells), cells


def test_metrics_that_are_named_are_given() -> None:
    source = (ROOT / "src/signalbox/service.py").read_text()
    meter = (ROOT / "src/signalbox/adapters/telemetry/prometheus.py").read_text()
    for name in re.findall(r"`signalbox_(\w+)`", PAGE):
        short = name.removesuffix("_total")
        endpoint = short.removeprefix("endpoint_")
        there = short in source or f"signalbox_{short}" in meter or f'"{endpoint}"' in meter
        assert there or short.startswith("cache_"), name
