"""What a fetch shows: few lines in a log, a bar on a terminal, and never markup out of a file name."""

import io

from rich.console import Console

from signalbox.adapters.models.progress import BarReport, LineReport, reporter
from signalbox.adapters.models.report import size_words


def test_a_log_gets_a_line_at_each_tenth() -> None:
    out = io.StringIO()
    report = reporter(Console(file=out))
    assert isinstance(report, LineReport)
    report.begin("m", 1000)
    for done in range(1001):
        report.at(done)
    report.end()
    lines = out.getvalue().splitlines()
    assert lines == ["m: fetching 0 MB", *(f"m: {tenth * 10} %" for tenth in range(1, 11))]


def test_a_step_back_is_silent() -> None:
    out = io.StringIO()
    report = LineReport(Console(file=out))
    report.begin("m", 100)
    report.at(50)
    report.at(10)
    report.at(60)
    report.end()
    assert out.getvalue().splitlines()[1:] == ["m: 50 %", "m: 60 %"]


def test_a_terminal_gets_a_bar() -> None:
    out = io.StringIO()
    report = reporter(Console(file=out, force_terminal=True, width=100))
    assert isinstance(report, BarReport)
    report.begin("m", 2_000_000)
    report.at(2_000_000)
    report.end()
    report.say("`[red]x` is here")
    assert "2.0/2.0 MB" in out.getvalue()
    assert "`[red]x` is here" in out.getvalue()


def test_sizes_are_decimal() -> None:
    assert size_words(1_117_320_768) == "1.12 GB"
    assert size_words(98_362_432) == "98 MB"
