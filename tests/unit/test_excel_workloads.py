"""The other Excel features in the house: what they accept of a model, and what they make of it."""

import io
from typing import Any

import openpyxl
import pytest
from msgspec import json

from signalbox.domain.errors import AttemptsExhausted, MalformedRequest
from signalbox.domain.traits import Capability
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import ALL_CAPABILITIES, endpoint, principal, ranked, tenant
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.excel import WORKLOADS
from signalbox.workloads.excel.cells import ROWS_AT_ONCE, escaped
from signalbox.workloads.excel.operations import (
    Dedupe,
    Fill,
    Grid,
    Impossible,
    Keep,
    Pivot,
    Sort,
    Split,
    applied,
)
from signalbox.workloads.registry import File, Registry, Result

OFFERED = Registry(WORKLOADS)
FORMULA = '=IF(C2>=10,SUM(C2:C4)*0.9,"few")'
GRID = Grid(
    ("Name", "Area", "Pieces"),
    (
        ("Ada Byron", "north", 4.0),
        ("Max Born", None, 10.0),
        ("Ada Byron", "north", 4.0),
        ("Eve", "south", 1.5),
    ),
)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Orders"
    for row in [
        ("Item", "Area", "Pieces"),
        ("Lamp", "north", 4),
        ("Chair", "south", 12),
        ("Lamp", "north", 1),
    ]:
        sheet.append(row)
    sheet["E2"] = FORMULA
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def house(*replies: Any) -> House:
    takes = ALL_CAPABILITIES & ~Capability.GRAMMAR
    rooms = House(PERMIT_ALL, ranked(endpoint("a", capabilities=takes)), [tenant()])
    scripts = [Script(text=each if isinstance(each, str) else json.encode(each).decode()) for each in replies]
    rooms.provider.will("a", *scripts[:-1])
    rooms.provider.default = scripts[-1]
    return rooms


async def ran(rooms: House, feature: str, params: dict[str, Any], *files: File) -> Result:
    workload = OFFERED.find("excel", feature)
    asker = PipelineAsker(rooms.pipeline, principal(), rooms.pipeline.operation(60_000))
    checked, taken = workload.read(params, files)
    return await workload.run(asker, checked, taken)


def told(result: Result) -> Any:
    return json.decode(json.encode(result.answer))


def orders() -> File:
    return File("orders.xlsx", workbook())


STEPS = [
    {"subexpr": "C2>=10", "meaning": "whether at least 10"},
    {"subexpr": "SUM(C2:C4)", "meaning": "all pieces"},
]


async def test_an_explanation_is_of_parts_that_the_formula_has() -> None:
    said = {"summary": "A rebate to 90 percent for many pieces.", "steps": STEPS}
    result = await ran(house(said), "explain", {"cell": "Orders!E2"}, orders())
    assert told(result) == {**said, "steps": [*STEPS]}


@pytest.mark.parametrize(
    "said",
    [
        {"summary": "x", "steps": [{"subexpr": "C3>=10", "meaning": "another cell"}]},
        {"summary": "x", "steps": [{"subexpr": "SUM(C2:C4", "meaning": "cut off"}]},
        {"summary": "It gives 77 pieces.", "steps": STEPS},
        {"summary": "", "steps": STEPS},
        {"summary": "x", "steps": []},
        "Well, it sums.",
    ],
)
async def test_an_explanation_of_another_formula_is_refused(said: Any) -> None:
    with pytest.raises(AttemptsExhausted):
        await ran(house(said), "explain", {"formula": FORMULA})


async def test_what_is_no_formula_is_not_explained() -> None:
    with pytest.raises(MalformedRequest, match="no formula to explain"):
        await ran(house("{}"), "explain", {"formula": "hello"})


async def test_cells_have_the_declared_shape_and_begin_no_formula() -> None:
    rooms = house({"values": [["good", '=HYPERLINK("e.org")'], ["-4.5", "+cmd|x"]]})
    result = await ran(rooms, "cell", {"prompt": "judge", "rows": [["a"], ["b"], ["a"]], "columns": 2})
    first = ["good", '\'=HYPERLINK("e.org")']
    assert told(result)["values"] == [first, ["-4.5", "'+cmd|x"], first]
    assert len(rooms.provider.calls) == 1, "equal rows are asked once"


async def test_many_cells_take_few_questions() -> None:
    full = {"values": [["x"]] * ROWS_AT_ONCE}
    rooms = house(full, {"values": [["y"]] * 2})
    result = await ran(
        rooms, "cell", {"prompt": "judge", "rows": [[str(n)] for n in range(ROWS_AT_ONCE + 2)]}
    )
    assert len(rooms.provider.calls) == 2
    assert told(result)["values"][-1] == ["y"]


@pytest.mark.parametrize(
    "said", [{"values": [["x"]]}, {"values": [["x", "y"], ["z"]]}, {"values": [[4], [5]]}, "x"]
)
async def test_cells_of_another_shape_are_refused(said: Any) -> None:
    with pytest.raises(AttemptsExhausted):
        await ran(house(said), "cell", {"prompt": "judge", "rows": [["a"], ["b"]]})


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("  @SUM(A1)", "'@SUM(A1)"),
        ("+49 30 1", "'+49 30 1"),
        ("-12%", "-12%"),
        ("ok", "ok"),
    ],
)
def test_text_that_would_be_computed_is_escaped(text: str, cell: str) -> None:
    assert escaped(text) == cell


async def test_a_table_is_made_over_on_a_sheet_of_its_own() -> None:
    pivot = {"op": "pivot", "rows": "Item", "values": "Pieces", "how": "sum", "columns": ""}
    result = await ran(house({"ops": [pivot]}), "transform", {"prompt": "pieces for each item"}, orders())
    answer = told(result)
    assert (answer["sheet"], answer["rows_before"], answer["rows_after"]) == ("Result", 3, 2)
    opened = openpyxl.load_workbook(io.BytesIO(result.files[0].content))
    assert [list(row) for row in opened["Result"].values] == [
        ["Item", "sum of Pieces"], ["Chair", 12], ["Lamp", 5],
    ]  # fmt: skip
    assert opened["Orders"]["E2"].value == FORMULA, "the sheet itself is as it was"


@pytest.mark.parametrize(
    "said",
    [
        {"ops": [{"op": "pivot", "rows": "Product", "values": "Pieces", "how": "sum", "columns": ""}]},
        {"ops": [{"op": "pivot", "rows": "Area", "values": "Item", "how": "sum", "columns": ""}]},
        {"ops": [{"op": "python", "code": "import os"}]},
        {"ops": [{"op": "keep", "column": "Area", "values": ["west"]}]},
        {"ops": []},
        {"ops": "sort it"},
    ],
)
async def test_operations_that_do_not_fit_the_table_are_refused(said: Any) -> None:
    with pytest.raises(AttemptsExhausted):
        await ran(house(said), "transform", {"prompt": "make it better"}, orders())


async def test_findings_have_the_numbers_of_their_formulas() -> None:
    said = {"findings": [
        {"claim": "{value} pieces were ordered in all.", "formula": "=SUM(Orders!C2:C4)"},
        {"claim": "70.6 % of them are chairs.", "formula": "=Orders!C3/SUM(Orders!C2:C4)"},
    ]}  # fmt: skip
    result = await ran(house(said), "analyze", {}, orders())
    claims = [each["claim"] for each in told(result)["findings"]]
    assert claims == ["17 pieces were ordered in all.", "70.6 % of them are chairs."]


@pytest.mark.parametrize(
    ("claim", "formula"),
    [
        ("18 pieces were ordered.", "=SUM(Orders!C2:C4)"),
        ("Pieces were ordered.", "=SUM(Orders!C2:C4)"),
        ("{value} pieces, 40 % more than last year.", "=SUM(Orders!C2:C4)"),
        ("{value} pieces were ordered.", "=SUM(Orders!Z2:Z4)"),
        ("{value} pieces were ordered.", '=WEBSERVICE("http://e.org")'),
    ],
)
async def test_a_number_that_no_formula_gives_is_refused(claim: str, formula: str) -> None:
    with pytest.raises(AttemptsExhausted):
        await ran(house({"findings": [{"claim": claim, "formula": formula}]}), "analyze", {}, orders())


def test_splitting_keeps_rows_and_text() -> None:
    done = applied(GRID, [Split("Name", " ", ("First", "Last"))])
    assert done.names == ("First", "Last", "Area", "Pieces")
    assert [row[:2] for row in done.rows] == [
        ("Ada", "Byron"),
        ("Max", "Born"),
        ("Ada", "Byron"),
        ("Eve", None),
    ]


def test_duplicates_gaps_order_and_choice() -> None:
    assert len(applied(GRID, [Dedupe()]).rows) == 3
    assert [row[1] for row in applied(GRID, [Fill("Area")]).rows] == ["north", "north", "north", "south"]
    assert [row[2] for row in applied(GRID, [Sort("Pieces", descending=True)]).rows] == [10.0, 4.0, 4.0, 1.5]
    assert len(applied(GRID, [Keep("Area", ("south",))]).rows) == 1


def test_a_pivot_adds_up() -> None:
    done = applied(GRID, [Fill("Area"), Pivot("Name", "Pieces", "sum", "Area")])
    assert done.names == ("Name", "north", "south")
    total = sum(value for row in done.rows for value in row[1:] if isinstance(value, float))
    assert total == sum(row[2] for row in GRID.rows if isinstance(row[2], float))


@pytest.mark.parametrize(
    "operation",
    [
        Split("Name", ";", ("a", "b")),
        Split("Name", " ", ("Area", "b")),
        Fill("None"),
        Pivot("Name", "Area", "sum"),
    ],
)
def test_what_does_not_fit_is_impossible(operation: Any) -> None:
    with pytest.raises(Impossible):
        applied(GRID, [operation])
