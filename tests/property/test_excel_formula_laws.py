"""Laws of formulas: nothing outside the allow-list passes, whatever it is wrapped in; copying composes."""

import ironcalc
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.workloads.excel.book import Book
from signalbox.workloads.excel.functions import ALLOWED
from signalbox.workloads.excel.gate import Passed, Refused, judge
from signalbox.workloads.excel.parsing import NotAFormula, copied, parse
from signalbox.workloads.excel.places import Area, area, cell, letters, number, quoted, unquoted


def _book() -> Book:
    model = ironcalc.create("book", "en", "UTC", "en")
    for row in range(1, 6):
        for column in range(1, 4):
            model.set_user_input(0, row, column, str(row * column))
    model.evaluate()
    return Book(model.to_bytes())


BOOK = _book()
TARGET = Area("Sheet1", 1, 4, 5, 4)
references = st.builds(
    lambda hold_column, column, hold_row, row: f"{hold_column}{column}{hold_row}{row}",
    st.sampled_from(["", "$"]), st.sampled_from("ABC"), st.sampled_from(["", "$"]), st.integers(1, 5),
)  # fmt: skip
numbers = st.integers(0, 999).map(str)
formulas = st.recursive(
    references | numbers,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map("".join)
        | inner.map(lambda said: f"({said})")
        | st.lists(inner, min_size=1, max_size=3).map(lambda said: f"SUM({','.join(said)})")
        | st.tuples(inner, inner, inner).map(lambda said: f"IF({said[0]}>{said[1]},{said[2]},0)")
    ),
    max_leaves=6,
)
forbidden = st.sampled_from(
    ['WEBSERVICE("http://e.org")', 'HYPERLINK("x")', 'CALL("a","b")', "NOW()", 'INDIRECT("A1")', "[1]S!A1",
     "'[b.xlsx]S'!A1", "Nowhere!A1", "unknown", "SUMM(A1)", 'RTD("a",,"b")', "_xlfn.WEBSERVICE(A1)"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(formulas)
def test_what_is_made_of_the_workbook_alone_passes(text: str) -> None:
    judged = judge(BOOK, f"={text}", TARGET)
    assert isinstance(judged, Passed), judged


@settings(max_examples=150, deadline=None)
@given(
    formulas, forbidden, st.sampled_from(["{0}+{1}", "IF(FALSE,{1},{0})", "SUM({0},({1}))", "LET(x,{1},{0})"])
)
def test_nothing_forbidden_passes_wherever_it_stands(text: str, bad: str, form: str) -> None:
    judged = judge(BOOK, "=" + form.format(text, bad), TARGET)
    assert isinstance(judged, Refused)
    assert judged.rule in ("function", "reference")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="=SUMIF(),;:!$'\"[]{}#@%&+-*/^<>A1B2 \u00e4\n", max_size=40))
def test_any_text_is_judged_and_what_passes_calls_allowed_functions_only(text: str) -> None:
    judged = judge(BOOK, f"={text}", TARGET)
    if isinstance(judged, Passed):
        assert set(parse(judged.formula).functions) <= ALLOWED
    else:
        assert judged.words


@given(formulas, st.integers(0, 50), st.integers(0, 50), st.integers(0, 5), st.integers(0, 5))
def test_copying_twice_is_copying_once_as_far(text: str, a: int, b: int, c: int, d: int) -> None:
    once = copied(f"={text}", a + b, c + d)
    assert once == copied(copied(f"={text}", a, c), b, d)
    assert parse(once)
    try:
        assert copied(once, -(a + b), -(c + d)) == f"={text}"
    except NotAFormula as error:
        raise AssertionError("it came from there") from error


@given(st.integers(1, 1_048_576), st.integers(1, 16_384))
def test_places_are_written_as_they_are_read(row: int, column: int) -> None:
    assert number(letters(column)) == column
    assert area(cell(row, column)) == Area("", row, column, row, column)


@given(st.text(alphabet="abZ1 '!äé_.-R", min_size=1, max_size=12))
def test_a_sheet_s_name_survives_its_quotes(name: str) -> None:
    assert unquoted(quoted(name)) == name
    found = area(f"{quoted(name)}!B2")
    assert found == replace(Area("", 2, 2, 2, 2), sheet=name)
