"""LibreOffice agrees: a workbook that comes back opens there with its values, and the charts are drawn."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from signalbox.domain.traits import Capability
from signalbox.testing.analysis_samples import COLUMNS, orders
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.libreoffice import converted
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import ALL_CAPABILITIES, endpoint, principal, ranked, tenant
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.excel.adding import NewSheet, with_sheet
from signalbox.workloads.excel.analyze import Analysis, Computed
from signalbox.workloads.excel.charts import Chart, plotted, sources
from signalbox.workloads.excel.findings import with_findings
from signalbox.workloads.excel.incoming import as_xlsx
from signalbox.workloads.excel.opening import opened
from signalbox.workloads.excel.ordering import Order, carried_out
from signalbox.workloads.excel.sight import tables
from signalbox.workloads.registry import File

ITEM, AREA, PIECES, DAY, PAID = COLUMNS
CHARTS = (
    Chart("column", "Pieces by item", ITEM, (PIECES, PAID), "sum"),
    Chart("bar", "Mean by area", AREA, (PAID,), "average"),
    Chart("line", "Paid by day", DAY, (PAID,)),
    Chart("pie", "Orders by area", AREA, (PIECES,), "count"),
    Chart("scatter", "Pieces and paid", PIECES, (PAID,)),
)


def priced() -> bytes:
    """Orders with a total below; a price list on another sheet."""
    book = openpyxl.Workbook()
    placed = book.active
    assert placed is not None
    placed.title = "Orders"
    for row in [("Item", "Pieces", "When"), ("Lamp", 4, "x"), ("Chair", 12, "y"), ("Lamp", 1, "z")]:
        placed.append(row)
    placed["B6"] = "=SUM(D2:D4)"
    prices = book.create_sheet("Price list")
    for price in [("Item", "Price"), ("Lamp", 25), ("Chair", 110), ("Desk", 300)]:
        prices.append(price)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


async def test_findings_and_every_kind_of_chart_open_in_libreoffice(soffice: str, tmp_path: Path) -> None:
    book = await opened(orders())
    known = sources(tables(book))
    analysis = Analysis(
        (Computed("234 pieces in all.", "=SUM('My Orders'!C2:C31)", 234.0),),
        tuple(plotted(book, known, chart, "") for chart in CHARTS),
    )
    content = converted(soffice, tmp_path, with_findings(orders(), book, analysis, "Findings"), "xlsx", "ods")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        drawn = [
            text
            for name in archive.namelist()
            if name.endswith("/content.xml") and "<office:chart>" in (text := archive.read(name).decode())
        ]
        cells = archive.read("content.xml").decode()
    assert len(drawn) == len(CHARTS)
    for chart in CHARTS:
        assert any(chart.title in text for text in drawn)
    assert all("chart:series" in text for text in drawn)
    assert 'office:value="234"' in cells
    assert "Err:" not in cells


@pytest.mark.parametrize("kind", ["xls", "ods"])
async def test_other_formats_are_computed_too(soffice: str, tmp_path: Path, kind: str) -> None:
    old = converted(soffice, tmp_path, orders(), "xlsx", kind)
    file, _ = await as_xlsx(File(f"orders.{kind}", old))
    assert file.name == "orders.xlsx"
    book = await opened(file.content)
    assert list(book.sheets) == ["my orders"]
    copy = book.copy()
    assert (copy.value("My Orders", 2, 8), copy.formula("My Orders", 2, 8)) == (234, "=SUM(C2:C31)")


async def test_a_sheet_of_values_opens_beside_the_others(soffice: str, tmp_path: Path) -> None:
    content = with_sheet(orders(), NewSheet("Result", [["Name", "=not a formula"], ["x", 4.0]]))
    again = converted(soffice, tmp_path, content, "xlsx", "xlsx")
    opened_again = openpyxl.load_workbook(io.BytesIO(again))
    assert opened_again.sheetnames == ["My Orders", "Result"]
    assert [list(row) for row in opened_again["Result"].values] == [["Name", "=not a formula"], ["x", 4]]
    assert opened_again["Result"]["B1"].data_type == "s"


async def test_a_formula_that_was_ordered_computes_the_same(soffice: str, tmp_path: Path) -> None:
    rooms = House(
        PERMIT_ALL, ranked(endpoint("a", capabilities=ALL_CAPABILITIES & ~Capability.GRAMMAR)), [tenant()]
    )
    rooms.provider.default = Script(text='{"formula": "=B2*VLOOKUP(A2,\'Price list\'!$A$2:$B$4,2,FALSE)"}')
    asker = PipelineAsker(rooms.pipeline, principal(), rooms.pipeline.operation(60_000))
    order = Order(prompt="what each order comes to", target="Orders!D2:D4")
    (file,) = (await carried_out(asker, order, File("orders.xlsx", priced()))).files
    lines = converted(soffice, tmp_path, file.content, "xlsx", "csv").decode().splitlines()
    assert [line.split(",")[3] for line in lines[1:4]] == ["100", "1320", "25"]
    assert lines[5].split(",")[1] == "1445"
