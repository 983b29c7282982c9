"""The page of broken replies has every feature's trial and every broken reply. `make docs` makes it anew."""

from pathlib import Path

from signalbox.testing.workload_replies import BROKEN, Row
from signalbox.testing.workload_replies_page import page, trials

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "workload-replies.md"


def test_the_page_is_of_these_trials() -> None:
    rows = [
        Row(
            trial.feature,
            broken.name,
            "does not apply" if broken.name == "other language" and not trial.foreign else broken.becomes,
            0,
        )
        for trial in trials()
        for broken in BROKEN
    ]
    assert PAGE.read_text() == page(rows)
