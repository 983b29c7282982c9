"""`docs/reference/workload-replies.md`: `python -m signalbox.testing.workload_replies_page`.

Every feature with every broken reply of `workload_replies.BROKEN`. Trials are where the features' tests are:
each `TRIAL`, or tuple `TRIALS`, of a test file. They are run anew, so that the page says what is so; one that
does not hold ends this with an error and no page.
"""

import asyncio
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from signalbox.testing.workload_replies import BROKEN, Row, Trial, table

TESTS: Final = Path(__file__).parents[3] / "tests" / "unit"
_HEAD: Final = """# Broken replies to workloads

What becomes of a model's reply that is not what a [workload](workloads.md) asked for. *taken*: what was
around the JSON is left away, and the answer is the same as without it. *repaired*: the model is asked once
more with the words of the check, then the next model of the plan; where no model answers as it should, the
caller gets an error, and nothing is delivered. A dash: the answer has no language. Every cell was tried on a
scripted model when this page was made, by `make docs`; the tests try the same.

"""


def trials(folder: Path = TESTS) -> tuple[Trial, ...]:
    """Of the test files that name them, by the feature's name."""
    found = [
        trial
        for path in sorted(folder.glob("test_*.py"))
        if "Trial(" in path.read_text()
        for trial in _of(path)
    ]
    return tuple(sorted(found, key=lambda trial: trial.feature))


def page(rows: Iterable[Row]) -> str:
    by_feature: dict[str, dict[str, str]] = {}
    for row in rows:
        by_feature.setdefault(row.feature, {})[row.broken] = row.became
    names = [broken.name for broken in BROKEN]
    lines = ["| workload | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for feature, became in by_feature.items():
        said = [became[name].replace("does not apply", "–") for name in names]
        lines.append(f"| {feature} | " + " | ".join(said) + " |")
    return _HEAD + "\n".join(lines) + "\n"


def _of(path: Path) -> Iterator[Trial]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None  # noqa: S101 - it is a Python file that exists
    assert spec.loader is not None  # noqa: S101 - as above
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    one = getattr(module, "TRIAL", None)
    yield from (*((one,) if isinstance(one, Trial) else ()), *getattr(module, "TRIALS", ()))


def main() -> None:
    sys.stdout.write(page(asyncio.run(table(trials()))))


if __name__ == "__main__":
    main()
