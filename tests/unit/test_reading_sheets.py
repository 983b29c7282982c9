"""What is told of workbooks and of tables as text: awkward ones made here."""

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook as Made

from signalbox.testing.hostile_files import cells
from signalbox.testing.office_samples import ledger, workbook
from signalbox.workloads.documents import Column, Workbook
from signalbox.workloads.reading import Unreadable, csv_sheet, sheet_xml, xlsx_workbook
from signalbox.workloads.reading.columns import Formulas, Summary, header_of, letters, repeated


def made(rows: list[list[Any]], **more: Any) -> bytes:
    opened = Made()
    for row in rows:
        opened.active.append(row)
    for name, what in more.items():
        getattr(opened, name)(what)
    saved = io.BytesIO()
    opened.save(saved)
    return saved.getvalue()


def columns(found: Workbook) -> list[tuple[str, str, str, int, int, int]]:
    return [
        (each.letter, each.header, each.kind, each.first, each.last, each.filled)
        for each in found.sheets[0].columns
    ]


def test_columns_are_told_by_name_kind_and_range() -> None:
    rows: list[list[Any]] = [
        ["Sales of the year"],
        [],
        ["Region", "Day", "Net", "Paid", "Note"],
        ["north", date(2026, 1, 2), 12.5, True, None],
        ["south", date(2026, 1, 3), 7, False, "late"],
        [None, date(2026, 1, 4), "n/a", True, None],
    ]
    found = xlsx_workbook.read("a.xlsx", made(rows))
    assert found.sheets[0].header_row == 3
    assert found.sheets[0].used == "A1:E6"
    assert columns(found) == [
        ("A", "Region", "text", 4, 5, 2),
        ("B", "Day", "date", 4, 6, 3),
        ("C", "Net", "number", 4, 6, 3),
        ("D", "Paid", "boolean", 4, 6, 3),
        ("E", "Note", "text", 5, 5, 1),
    ]
    assert found.sheets[0].columns[1].samples == ("2026-01-02", "2026-01-03", "2026-01-04")
    assert found.sheets[0].columns[2].samples == ("12.5", "7", "n/a")


def test_a_formula_that_a_column_repeats_is_told_once() -> None:
    rows: list[list[Any]] = [
        ["net", "tax", "gross", "odd"],
        *[[n, 1, f"=A{n + 1}+$B$2", f"=A{n}*{n}"] for n in range(1, 30)],
    ]
    gross, odd = xlsx_workbook.read("a.xlsx", made(rows)).sheets[0].columns[2:]
    assert (gross.kind, gross.formula, gross.first, gross.last, gross.filled) == (
        "formula",
        "=A2+$B$2",
        2,
        30,
        29,
    )
    assert (odd.kind, odd.formula) == ("formula", "")


def test_a_formula_below_numbers_makes_no_column_of_formulas() -> None:
    rows: list[list[Any]] = [["net"], *[[n] for n in range(20)], ["=SUM(A2:A21)"]]
    (net,) = xlsx_workbook.read("a.xlsx", made(rows)).sheets[0].columns
    assert (net.kind, net.formula, net.last) == ("number", "", 22)


def test_a_shared_formula_is_known_by_its_first_cell() -> None:
    rows = '<row r="1"><c r="A1" t="str"><v>x</v></c><c r="B1" t="str"><v>y</v></c></row>'
    for row in range(2, 10):
        inside = '<f t="shared" ref="B2:B9" si="0">A2&amp;"!"</f>' if row == 2 else '<f t="shared" si="0"/>'
        rows += f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="B{row}" t="str">{inside}<v>1!</v></c></row>'
    second = xlsx_workbook.read("a.xlsx", workbook({"S": cells(rows)})).sheets[0].columns[1]
    assert (second.kind, second.formula, second.filled) == ("formula", '=A2&"!"', 8)


def test_prefixed_markup_and_cells_without_a_place_are_read() -> None:
    plain = cells(
        '<row r="1"><c><v>1</v></c><c><v>2</v></c></row><row r="2"><c><f>A1+1</f><v>2</v></c></row>'
    )
    found = xlsx_workbook.read("a.xlsx", workbook({"S": plain}))
    assert found.sheets[0].used == "A1:B2"
    prefixed = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        '<x:row r="1"><x:c r="A1"><x:f>1+1</x:f><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    (column,) = xlsx_workbook.read("a.xlsx", workbook({"S": prefixed})).sheets[0].columns
    assert (column.kind, column.formula) == ("formula", "=1+1")


def test_names_and_what_is_hidden_are_told() -> None:
    rates = (
        '<definedName name="Rates">S!$A$1:$A$9</definedName><definedName name="_x" hidden="1">1</definedName>'
    )
    found = xlsx_workbook.read(
        "a.xlsx",
        workbook(
            {"S": cells(""), "T": cells(""), "U": cells("")},
            states={"T": "hidden", "U": "veryHidden"},
            names=rates,
        ),
    )
    assert [(each.name, each.hidden) for each in found.sheets] == [("S", False), ("T", True), ("U", True)]
    assert found.names == (("Rates", "S!$A$1:$A$9"),)


def test_of_a_sheet_that_is_too_long_the_beginning_is_told_and_that_it_is_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheet_xml, "ROWS_MAX", 1_000)
    found = xlsx_workbook.read("a.xlsx", ledger(5_000))
    assert found.sheets[0].used == "A1:H5001"
    assert found.sheets[0].columns[0].last == 1_000
    assert found.sheets[0].columns[7].formula == "=D2+E2"
    (missed,) = found.missed
    assert missed.startswith("rows after 1,000 of the 5,001 of sheet `Ledger`")


def test_of_a_sheet_that_is_too_large_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_workbook, "BYTES_MAX", 200_000)
    monkeypatch.setattr(xlsx_workbook, "_LEAST", 1_000)
    monkeypatch.setattr(sheet_xml, "_PIECE", 50_000)
    found = xlsx_workbook.read("a.xlsx", ledger(5_000))
    assert found.sheets[0].used == "A1:H5001"
    assert 100 < found.sheets[0].columns[0].last < 1_500
    assert "of the 5,001" in found.missed[0]


def test_cells_that_are_spread_too_far_are_read_from_the_top() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    found = xlsx_workbook.read("a.xlsx", workbook({"S": cells(far)}))
    assert [(each.letter, each.filled) for each in found.sheets[0].columns] == [("A", 1)]
    assert "of the 1,048,576" in found.missed[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n", ["number", "text"]),
        ("a;b\n1,5;2026-01-02\n", ["number", "date"]),
        ("a\tb\n1.234,5\ttrue\n", ["number", "boolean"]),
        ("a|b\n12%|x\n", ["number", "text"]),
        ('a,b\n"x, y\nz",-1e3\n', ["text", "number"]),
        ("a,b\n+,-\n", ["text", "text"]),
    ],
)
def test_tables_as_text_are_known_by_their_separator(text: str, expected: list[str]) -> None:
    found = csv_sheet.read("a.csv", text.encode())
    assert [each.kind for each in found.sheets[0].columns] == expected
    assert [each.header for each in found.sheets[0].columns] == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_as_text_come_in_the_encodings_of_programs(encoding: str) -> None:
    found = csv_sheet.read("a.csv", "Straße;Größe\nÄ;1\n".encode(encoding))
    assert [each.header for each in found.sheets[0].columns] == ["Straße", "Größe"]
    assert bool(found.missed) == (encoding == "cp1252")


def test_rows_of_different_lengths_and_none_at_all_are_coped_with() -> None:
    found = csv_sheet.read("a.csv", b"a,b\n1\n2,3,4\n\n")
    assert [(each.letter, each.header, each.filled) for each in found.sheets[0].columns] == [
        ("A", "a", 2),
        ("B", "b", 1),
        ("C", "", 1),
    ]
    assert csv_sheet.read("a.csv", b"").sheets[0].columns == ()
    with pytest.raises(Unreadable, match="not text"):
        csv_sheet.read("a.csv", b"a,\x00b")


def test_long_tables_as_text_are_told_from_their_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_sheet, "ROWS_MAX", 100)
    found = csv_sheet.read("a.csv", b"a,b\n" + b"1,x\n" * 400)
    assert found.sheets[0].used == "A1:B401"
    assert found.sheets[0].columns[0].last == 100
    assert found.missed[0].startswith("rows after 100 of the 401")


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([["a", "b"], [1, 2]], 0),
        ([["title", ""], ["a", "b"], [1, 2]], 1),
        ([[1, 2], [3, 4]], None),
        ([["a", "a"], [1, 2]], None),
        ([["a", "b"]], None),
        ([["a"], ["b"]], None),
        ([["a"], [1]], 0),
        ([["a", "b"], ["c", "d"]], 0),
        ([], None),
    ],
)
def test_where_the_names_of_columns_stand(rows: list[list[Any]], place: int | None) -> None:
    assert header_of(rows) == place


def test_letters_of_columns() -> None:
    assert [letters(each) for each in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]


def test_a_formula_is_the_same_where_its_references_are_as_far_away() -> None:
    same = Formulas(3, 2, 4, [(2, "A2*$C$1"), (3, "A3*$C$1"), (4, "A4*$C$1")])
    assert repeated(same, 1) == "=A2*$C$1"
    other = Formulas(3, 2, 4, [(2, "A2*C1"), (3, "A3*C1"), (4, "A4*C1")])
    assert repeated(other, 1) == ""


def test_blocks_of_rows_are_added_up() -> None:
    whole, split = Summary(1, 0), Summary(1, 0)
    rows: list[list[Any]] = [["n", "t"], *[[n, "" if n % 3 else "x"] for n in range(100)]]
    whole.take(rows)
    for start in range(0, len(rows), 7):
        split.take(rows[start : start + 7])
    assert whole.sheet("S") == split.sheet("S")
    assert isinstance(whole.sheet("S").columns[0], Column)
