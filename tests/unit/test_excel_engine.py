"""The engine's child: what a formula may cost, whom it keeps waiting, and that nothing of it is left over."""

import asyncio
import contextlib
import gc
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import ironcalc
import pytest
from msgspec import json

from signalbox.domain.errors import AttemptsExhausted
from signalbox.domain.traits import Capability
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import ALL_CAPABILITIES, endpoint, principal, ranked, tenant
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.excel.book import Book
from signalbox.workloads.excel.engine import Engine, Uncomputable
from signalbox.workloads.excel.gate import Passed, Refused, judge
from signalbox.workloads.excel.incoming import as_xlsx
from signalbox.workloads.excel.ordering import Order, carried_out
from signalbox.workloads.excel.places import Area
from signalbox.workloads.registry import File

ROWS: Final = 20_000
HEAVY: Final = f"=SUMPRODUCT((A1:A{ROWS}=TRANSPOSE(A1:A{ROWS}))*1)"
"""Ten minutes and some gigabytes, where it is let."""
AT: Final = Area("Sheet1", 2, 3, 2, 3)


@pytest.fixture(scope="module")
def saved() -> bytes:
    model = ironcalc.create("book", "en", "UTC", "en")
    for row in range(1, ROWS + 1):
        model.update_cell_with_number(0, row, 1, row)
    return bytes(model.to_bytes())


@pytest.fixture
def impatient() -> Engine:
    return Engine(seconds=1.0)


def children() -> set[str]:
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            found.update((task / "children").read_text().split())
    return found


def test_a_formula_that_takes_too_long_is_refused_and_the_next_is_computed(
    saved: bytes, impatient: Engine
) -> None:
    book = Book(saved, impatient)
    began = time.monotonic()
    refused = judge(book, HEAVY, AT)
    assert isinstance(refused, Refused)
    assert refused.rule == "engine"
    assert "longer than 1 s" in refused.words
    assert time.monotonic() - began < 20
    assert isinstance(judge(book, "=A2+1", AT), Passed)


def test_one_that_takes_too_much_memory_is_refused(saved: bytes) -> None:
    book = Book(saved, Engine(seconds=60))
    # 10^8 numbers that the formula itself makes up: more than the child's memory holds.
    refused = judge(book, "=SUM(SEQUENCE(1000000)*TRANSPOSE(SEQUENCE(100)))", AT)
    assert isinstance(refused, Refused)
    assert refused.rule == "engine"
    assert "memory" in refused.words


def test_what_the_engine_does_not_know_is_said_so() -> None:
    with pytest.raises(Uncomputable, match="nothing that can be computed"):
        Engine().computed(b"no workbook", [])


async def test_others_are_served_while_a_formula_is_computed(saved: bytes, impatient: Engine) -> None:
    """As `Dispatcher` and the features call it: in a thread."""
    book = Book(saved, impatient)
    judging = asyncio.create_task(asyncio.to_thread(judge, book, HEAVY, AT))
    longest, last = 0.0, time.monotonic()
    while not judging.done():
        await asyncio.sleep(0.01)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    assert isinstance(await judging, Refused)
    assert longest < 0.7


def test_its_child_ends_with_the_book(saved: bytes) -> None:
    before = children()
    book = Book(saved)
    assert isinstance(judge(book, "=A2+1", AT), Passed)
    assert len(children() - before) == 1
    del book
    gc.collect()
    assert children() - before == set()


def test_a_child_knows_nothing_of_the_server(monkeypatch: pytest.MonkeyPatch, saved: bytes) -> None:
    started: list[dict[str, Any]] = []
    popen = subprocess.Popen

    def noted(*arguments: Any, **options: Any) -> Any:
        started.append(options)
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", noted)
    Book(saved).copy().put({("Sheet1", 2, 3): "=A2"})
    (options,) = started
    assert set(options["env"]) == {"PATH", "LC_ALL"}


async def test_a_server_answers_while_a_models_formula_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox.workloads.excel.book.Engine", lambda: Engine(seconds=1.0))
    takes = ALL_CAPABILITIES & ~Capability.GRAMMAR
    house = House(PERMIT_ALL, ranked(endpoint("a", capabilities=takes)), [tenant()])
    house.provider.default = Script(text=json.encode({"formula": HEAVY}).decode())
    asker = PipelineAsker(house.pipeline, principal(), house.pipeline.operation(600_000))
    file = File("numbers.csv", "\n".join(["n", *map(str, range(ROWS))]).encode())
    taken, _ = await as_xlsx(file)
    working = asyncio.create_task(carried_out(asker, Order("how many are alike?", target="C2"), taken))
    longest, last = 0.0, time.monotonic()
    while not working.done():
        await asyncio.sleep(0.01)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    with pytest.raises(AttemptsExhausted):
        await working
    assert longest < 0.9
