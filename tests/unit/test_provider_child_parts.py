"""The parts of the embedded runtime that need no child."""

import os
from pathlib import Path

import msgspec
import pytest

from signalbox.adapters.providers.embedded import settings
from signalbox.adapters.providers.embedded.log_file import BoundedLog
from signalbox.adapters.providers.embedded.settings import Order, Shape, default_threads


def test_a_log_never_outgrows_two_files(tmp_path: Path) -> None:
    path = tmp_path / "model.log"
    log = BoundedLog(path, limit=1_000)
    for number in range(200):
        log.write(b"line %04d\n" % number * 5)
    log.write(b"x" * 5_000)
    log.write(b"\nthe end\n\n")
    log.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.log", "model.log.1"]
    assert all(file.stat().st_size <= 1_000 for file in tmp_path.iterdir())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_goes_on_where_the_last_process_left_it(tmp_path: Path) -> None:
    for _ in range(3):
        log = BoundedLog(tmp_path / "model.log", limit=20)
        log.write(b"12345678\n")
        log.close()
    assert (tmp_path / "model.log").read_bytes() == b"12345678\n"
    assert (tmp_path / "model.log.1").read_bytes() == b"12345678\n" * 2


def test_the_last_line_is_the_last_that_says_something(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "model.log", limit=1_000)
    assert log.last_line() == ""
    log.write(b"first\nsecond \xff\n\n  \n")
    assert log.last_line() == "second \ufffd"
    log.forget()
    assert log.last_line() == ""
    log.close()


def test_a_shape_covers_both() -> None:
    assert Shape(4_096, 1).cover(Shape(1_024, 2)) == Shape(4_096, 2)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (8, 7)])
def test_one_core_is_left_to_the_gateway(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr(settings, "_physical_cores", lambda: cores)
    assert default_threads() == threads


def test_cores_are_counted_within_what_we_may_use() -> None:
    assert 1 <= settings._physical_cores() <= (os.cpu_count() or 1)


def test_an_order_survives_its_journey() -> None:
    order = Order("/m.gguf", "m", "/s.sock", "k", 1, 2_048, 1, True)
    assert msgspec.json.decode(msgspec.json.encode(order), type=Order) == order
    assert b"\n" not in msgspec.json.encode(order)
