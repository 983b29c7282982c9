"""`make setup` with a Python that only pretends: instant when nothing is to do, else one line, then repaired.

What it does with a real Python and a real index is what every run of the tests begins with.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PRETENDER = """#!/bin/sh
case "$*" in
*version_info*) if [ -n "$PRETEND_VERSION" ]; then echo "$PRETEND_VERSION"; else exit 127; fi ;;
*'import venv'*) exit "$PRETEND_NO_VENV" ;;
'-m venv .venv')
    echo venv >>calls
    mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo "#!$(pwd -P)/.venv/bin/python" >.venv/bin/pip ;;
'-m pip --version') ;;
'-m pip '*)
    case "$*" in *'-e .') echo editable >>calls ;; *) echo "$*" | sed 's/.* -r /lock /' >>calls ;; esac
    echo "$PRETEND_LOG"
    [ -z "$PRETEND_LOG" ] ;;
esac
"""


class Checkout:
    """A checkout with the scripts, two tiny locks, and a pretended `python3` on an otherwise bare PATH."""

    def __init__(self, place: Path) -> None:
        self.place = place / "checkout"
        self.bin = place / "bin"
        self.pretend = {"PRETEND_VERSION": "3.11", "PRETEND_NO_VENV": "0", "PRETEND_LOG": ""}
        self.bin.mkdir()
        (self.bin / "python3").write_text(PRETENDER)
        (self.bin / "python3").chmod(0o755)
        for tool in (
            "sh",
            "cat",
            "cksum",
            "dirname",
            "rm",
            "mkdir",
            "cp",
            "grep",
            "sed",
            "head",
            "tail",
            "df",
            "awk",
        ):
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        shutil.copytree(ROOT / "scripts", self.place / "scripts")
        for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
            (self.place / name).write_text(f"{name}==1\n")

    def setup(self, what: str = "run", **pretend: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "scripts/setup.sh", what],
            cwd=self.place,
            env={"PATH": str(self.bin), "HOME": str(self.place), **self.pretend, **pretend},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def calls(self) -> list[str]:
        """What Python was asked to do since the last look."""
        path = self.place / "calls"
        if not path.exists():
            return []
        words = path.read_text().split("\n")[:-1]
        path.unlink()
        return words

    def fails(self, **pretend: str) -> str:
        """The one line of a setup that cannot be."""
        done = self.setup(**pretend)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        return line


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


FIRST = ["venv", "lock requirements.lock", "editable"]


def test_the_second_time_there_is_nothing_to_do(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    assert checkout.calls() == FIRST
    again = checkout.setup()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert checkout.calls() == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_brings_the_environment_up_to_date(checkout: Checkout, name: str) -> None:
    checkout.setup()
    checkout.calls()
    (checkout.place / name).write_text("other==2\n")
    assert checkout.setup().returncode == 0
    assert checkout.calls() == FIRST[1:]


def test_what_the_tests_need_includes_what_runs(checkout: Checkout) -> None:
    checkout.setup("dev")
    assert checkout.calls() == ["venv", "lock requirements-dev.lock", "editable"]
    checkout.setup("run")
    assert checkout.calls() == []


def test_the_tests_need_more_than_what_runs(checkout: Checkout) -> None:
    checkout.setup("run")
    checkout.calls()
    checkout.setup("dev")
    assert checkout.calls() == ["lock requirements-dev.lock", "editable"]


def test_a_checkout_that_was_moved_is_set_up_anew(checkout: Checkout) -> None:
    checkout.setup()
    checkout.calls()
    checkout.place = checkout.place.rename(checkout.place.with_name("elsewhere"))
    assert checkout.setup().returncode == 0
    assert checkout.calls() == FIRST


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.setup()
    checkout.calls()
    (checkout.place / ".venv/bin/python").unlink()
    assert checkout.setup().returncode == 0
    assert checkout.calls() == FIRST


def test_another_python_that_is_asked_for_replaces_the_environment(checkout: Checkout) -> None:
    checkout.setup()
    checkout.calls()
    other = checkout.bin / "python3.12"
    other.write_text(PRETENDER.replace('echo "$PRETEND_VERSION"', "echo 3.12"))
    other.chmod(0o755)
    assert checkout.setup(PYTHON=str(other)).returncode == 0
    assert checkout.calls() == FIRST
    checkout.setup(PYTHON=str(other))
    checkout.setup()
    assert checkout.calls() == []


def test_an_old_python_is_named(checkout: Checkout) -> None:
    assert checkout.fails(PRETEND_VERSION="3.9") == (
        "setup: needs Python 3.11 or newer (found: `python3` is 3.9): "
        "install one, or name it: make PYTHON=/path/to/python3"
    )
    assert not (checkout.place / ".venv").exists()


@pytest.mark.parametrize("version", ["2.7", "3.10", "4.0"])
def test_only_3_11_and_newer_will_do(checkout: Checkout, version: str) -> None:
    assert f"is {version})" in checkout.fails(PRETEND_VERSION=version)


def test_no_python_at_all_is_said(checkout: Checkout) -> None:
    assert "(found: no `python3`)" in checkout.fails(PRETEND_VERSION="")


def test_a_python_without_venv_says_which_package(checkout: Checkout) -> None:
    assert checkout.fails(PRETEND_NO_VENV="1") == (
        "setup: Python 3.11 has no venv module: apt-get install python3-venv (or python3.11-venv)"
    )


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(...)'\n"
            "ERROR: No matching distribution found for rich==15.0.0",
            "setup: cannot reach the package index: check the network (or pip's own settings) and run again",
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "setup: a package does not match its hash in requirements.lock and was not installed "
            "(see .venv/setup.log)",
        ),
        (
            "ERROR: No matching distribution found for quicktok-v1==0.4.0",
            "setup: there is no ready-made build of `quicktok-v1==0.4.0` for Python 3.11 on this system: "
            "try another, e.g. make PYTHON=python3.12",
        ),
        (
            "ERROR: something new",
            "setup: installing requirements.lock failed: ERROR: something new (see .venv/setup.log)",
        ),
    ],
    ids=["network", "hash", "no wheel", "unknown"],
)
def test_a_failed_install_is_one_line_and_the_next_start_repairs(
    checkout: Checkout, log: str, line: str
) -> None:
    assert checkout.fails(PRETEND_LOG=log) == line
    checkout.calls()
    assert checkout.setup().returncode == 0
    assert checkout.calls() == FIRST[1:]


def test_a_full_disk_says_how_much_is_free(checkout: Checkout) -> None:
    line = checkout.fails(PRETEND_LOG="ERROR: [Errno 28] No space left on device")
    assert line.startswith(f"setup: no disk space left in {checkout.place.resolve()} (needs about 0.6 GB, ")
