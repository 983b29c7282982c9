"""What commands print: text that others wrote is shown as it is, and tells the terminal nothing."""

import pytest
from rich.table import Table

from signalbox.cli.common import console


@pytest.mark.parametrize(
    "written", ["[/bold] why", "[red]alarm[/red]", "[conceal]x[/conceal]", ":lock: no", "[link=a]b"]
)
def test_what_looks_like_markup_is_text(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    console().print(written)
    table = Table(written)
    table.add_row(written)
    console().print(table)
    assert capsys.readouterr().out.count(written) == 3


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("permit\x1b[8m // all\x1b[0m", r"permit\x1b[8m // all\x1b[0m"),
        ("forbid\rpermit", r"forbid\rpermit"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("a\x9b2Jb", r"a\x9b2Jb"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("line\r\nline\n\tline", "line\nline\n        line"),
        ("ünï ç — 漢 🔒", "ünï ç — 漢 🔒"),
    ],
)
def test_what_would_steer_the_terminal_is_shown(
    written: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    console().print(written)
    console().out(written)
    assert capsys.readouterr().out == f"{shown}\n" * 2
