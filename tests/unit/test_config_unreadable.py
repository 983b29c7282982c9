"""Files that cannot be read as settings at all: one error, with a line where there is one."""

from pathlib import Path

import pytest

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import ConfigErrors, load
from signalbox.domain.errors import ConfigError


def error_of(path: Path) -> ConfigError:
    with pytest.raises(ConfigErrors) as caught:
        load(path, {}, now_us=0, provider_kinds=InstalledKinds())
    (error,) = caught.value.errors
    return error


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\nb = \n", 2, "not TOML: invalid value, at column 5"),
        ("a = 1\na = 2\n", 2, "not TOML: cannot overwrite a value"),
        ("a = 1\r\nb = ]\r\n", 2, "not TOML: invalid value, at column 5"),
        ("a = 1\n[b", 2, "at the end of the file"),
        ("a = " + "[" * 5_000, 0, "nested too deeply"),
        ("a = " + "1" * 5_000, 0, "a number too long"),
    ],
)
def test_what_is_not_toml_keeps_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "signalbox.toml"
    path.write_bytes(text.encode())
    error = error_of(path)
    assert (error.line, error.file) == (line, str(path))
    assert words in error.expected


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "signalbox.toml"
    path.write_bytes(b"# fine\nname = '\xff'\n")
    error = error_of(path)
    assert (error.line, error.expected) == (2, "not UTF-8, which TOML is written in")


@pytest.mark.parametrize("name", ["absent.toml", "."])
def test_no_file(tmp_path: Path, name: str) -> None:
    error = error_of(tmp_path / name)
    assert error.expected.startswith("cannot read the settings: ")
    assert error.line == 0
