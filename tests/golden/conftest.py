"""Golden files. `python -m pytest tests/golden --regenerate` writes them anew; read the diff first."""

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[Path, bytes], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate", action="store_true", help="write the golden files from what is produced now"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(file, produced)`: equal to the file's bytes, or, when regenerating, the file from now on."""
    regenerate = bool(request.config.getoption("--regenerate", default=False))

    def check(file: Path, produced: bytes) -> None:
        if regenerate:
            file.write_bytes(produced)
        assert file.read_bytes() == produced

    return check
