"""What drawing a deck costs: 20 slides of every layout, laid out, drawn, read back and checked.

    python -m benchmarks.decks

Of the first deck in a fresh process, python-pptx's import apart, and the least of five. The goal is held
against CPU time, which is the clock's where the machine does nothing else. Memory is the largest resident set
of the process. The check by LibreOffice is not in it.
"""

import resource
import sys
from time import perf_counter, process_time

from signalbox.workloads.powerpoint.content import (
    ChartContent,
    Series,
    Side,
    SlideContent,
    TableContent,
)
from signalbox.workloads.powerpoint.pages import lay_out

SECONDS_MAX = 1.0
MEMORY_MAX_MB = 300
_SENTENCE = "The works handled more containers than in the same quarter of the year before"


def slides() -> list[SlideContent]:
    """20, among them five charts and three tables; every other one with notes."""
    values = tuple(float(1_000 + 37 * number) for number in range(12))
    chart = ChartContent(
        "column", tuple(f"Month {number}" for number in range(1, 13)), (Series("TEU", values),)
    )
    table = TableContent(
        ("Line", "Containers", "Share", "Remarks"),
        tuple(
            (f"Line {number}", f"{number * 731:,}", f"{number} %", _SENTENCE[:40]) for number in range(1, 9)
        ),
    )
    side = Side("So far", (_SENTENCE, "Costs rose", "Energy became dearer"))
    made = [SlideContent(layout="title", title=_SENTENCE, subtitle="For the board")]
    made += [SlideContent(layout="chart", title=_SENTENCE, chart=chart, bullets=(_SENTENCE,))] * 5
    made += [SlideContent(layout="table", title=_SENTENCE, table=table)] * 3
    made += [SlideContent(layout="two-column", title=_SENTENCE, left=side, right=side)] * 2
    made += [SlideContent(layout="section", title=_SENTENCE)] * 2
    made += [SlideContent(layout="quote", title="", quote=_SENTENCE, subtitle="Ms Okafor")]
    bullets = tuple(f"{_SENTENCE}, for the reason number {number}" for number in range(1, 7))
    made += [SlideContent(layout="bullets", title=_SENTENCE, bullets=bullets, notes=_SENTENCE)] * 6
    return made


def main() -> int:
    began = perf_counter()
    from signalbox.workloads.powerpoint.render import render  # noqa: PLC0415 - its import is what is measured

    imported = perf_counter() - began
    walls, cpus = [], []
    for _ in range(5):
        wall, cpu = perf_counter(), process_time()
        laid_out = [page for slide in slides() for page in lay_out(slide)]
        size = len(render(laid_out, "light"))
        walls.append(perf_counter() - wall)
        cpus.append(process_time() - cpu)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(f"{len(laid_out)} slides, {size:,} bytes; import of python-pptx {imported * 1_000:.0f} ms")
    print(f"first deck {walls[0] * 1_000:.0f} ms ({cpus[0] * 1_000:.0f} ms of CPU)")
    print(f"later ones {min(walls) * 1_000:.0f} ms ({min(cpus) * 1_000:.0f} ms of CPU), at best")
    print(f"memory {memory:.0f} MB")
    missed = cpus[0] > SECONDS_MAX or memory > MEMORY_MAX_MB
    print(f"goals: {SECONDS_MAX:g} s of CPU, {MEMORY_MAX_MB} MB: {'missed' if missed else 'met'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
