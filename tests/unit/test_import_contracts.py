"""The import contracts hold, and would be missed: an import planted against each of them fails it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

# One forbidden import for each contract, in the order of pyproject.toml: where it is planted, and what it is.
PLANTED = [
    ("domain/money.py", "import signalbox.rank"),
    ("policy/__init__.py", "import random"),
    ("dispatch/__init__.py", "import signalbox.adapters"),
    ("adapters/models/hub.py", "import signalbox.record"),
    ("adapters/providers/embedded/__init__.py", "import signalbox.adapters.providers.openai_compatible"),
    ("policy/words.py", "import z3"),
    ("adapters/stores/opened.py", "import psycopg"),
    ("tlog/note.py", "import msgspec"),
    ("evidence/plain/notes.py", "import msgspec"),
]


def contract_names() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its contracts, to be spoiled."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> tuple[int, dict[str, str]]:
    """Exit status, and KEPT or BROKEN by contract."""
    done = subprocess.run(
        [str(LINTER), "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src"), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    verdicts = re.findall(r"^(.+) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE)
    return done.returncode, dict(verdicts)


def test_the_package_keeps_every_contract() -> None:
    assert lint(ROOT) == (0, dict.fromkeys(contract_names(), "KEPT"))


def test_every_contract_has_an_import_planted_against_it() -> None:
    assert len(PLANTED) == len(contract_names())


@pytest.mark.parametrize("number", range(len(PLANTED)), ids=[place for place, _ in PLANTED])
def test_a_planted_import_breaks_its_contract_and_no_other(copy: Path, number: int) -> None:
    place, forbidden = PLANTED[number]
    path = copy / "src" / "signalbox" / place
    path.write_text(f"{path.read_text('utf-8')}\n{forbidden}\n", "utf-8")
    expected = dict.fromkeys(contract_names(), "KEPT") | {contract_names()[number]: "BROKEN"}
    assert lint(copy) == (1, expected)
