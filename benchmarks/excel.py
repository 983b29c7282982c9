"""What the formula gate costs: parse, allow-list, references, and evaluation in a copy of the workbook.

    python benchmarks/excel.py [--json FILE]

CPU time of this process, the median of many: the machine may be busy with others. The promise is 20 ms for a
formula that is filled down a small sheet, and for one that is filled down a sheet of 60,000 cells (where the
first rows and the last are tried).
"""

import statistics
import sys
import time
from pathlib import Path

import ironcalc
import msgspec

from signalbox.workloads.excel.book import Book
from signalbox.workloads.excel.gate import Passed, judge
from signalbox.workloads.excel.places import Area

PROMISED_MS = 20.0
TIMES = 60


def book(rows: int, columns: int) -> Book:
    model = ironcalc.create("book", "en", "UTC", "en")
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            model.update_cell_with_number(0, row, column, float(row * column % 97))
    model.evaluate()
    return Book(model.to_bytes())


def median_ms(known: Book, formula: str, target: Area) -> float:
    took = []
    for _ in range(TIMES):
        began = time.process_time()
        judged = judge(known, formula, target)
        took.append((time.process_time() - began) * 1_000)
        assert isinstance(judged, Passed), judged
    return round(statistics.median(took), 2)


def main() -> None:
    small, large = book(40, 6), book(3_700, 16)
    figures = {
        "one_cell_ms": median_ms(small, "=SUM(A1:A40)*2", Area("Sheet1", 1, 7, 1, 7)),
        "fill_40_rows_ms": median_ms(small, "=IF(A1>B1,A1-B1,SUM($C$1:C1))", Area("Sheet1", 1, 7, 40, 7)),
        "fill_3700_rows_ms": median_ms(large, "=A1/(1+SUM(B1:P1))", Area("Sheet1", 1, 17, 3_700, 17)),
    }
    for name, figure in figures.items():
        kept = "kept" if figure <= PROMISED_MS else "NOT KEPT"
        print(f"{name:20} {figure:7.2f}  {kept} (<= {PROMISED_MS:.0f})")
    if "--json" in sys.argv:
        Path(sys.argv[sys.argv.index("--json") + 1]).write_bytes(msgspec.json.encode(figures) + b"\n")


if __name__ == "__main__":
    main()
