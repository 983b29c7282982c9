"""What the settings may say of workloads, and how a mistake is told."""

from pathlib import Path

import pytest
from tests.integration.conftest import build_house, settings_text

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import ConfigErrors, Settings, load

NOW_US = 1_800_000_000_000_000


def read(tmp_path: Path, table: str) -> Settings:
    text = settings_text("http://127.0.0.1:1").replace("[places]\n", f"{table}\n[places]\n", 1)
    return load(build_house(tmp_path, text), {}, now_us=NOW_US, provider_kinds=InstalledKinds())


def test_no_page_may_ask_unless_it_is_named(tmp_path: Path) -> None:
    workloads = read(tmp_path, "").workloads
    assert (workloads.bytes_max, workloads.jobs_running, workloads.origins) == (32 << 20, 2, frozenset())


@pytest.mark.parametrize("origin", ["https://a.example", "http://localhost:3000", "https://[::1]:8443"])
def test_an_origin_is_written_as_browsers_write_it(tmp_path: Path, origin: str) -> None:
    assert read(tmp_path, f'[workloads]\norigins = ["{origin}"]').workloads.origins == {origin}


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "https://*.example", "https://a.example/", "https://A.example", "a.example", "file://", ""],
)
def test_what_is_no_origin_is_refused_and_so_is_any_pattern(tmp_path: Path, origin: str) -> None:
    with pytest.raises(ConfigErrors, match=r"workloads\.origins.*expected an origin"):
        read(tmp_path, f'[workloads]\norigins = ["{origin}"]')


@pytest.mark.parametrize("line", ['bytes_max = "1B"', 'bytes_max = "2GiB"', "jobs_running = 0"])
def test_bounds_are_kept(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigErrors, match=rf"workloads\.{line.split(maxsplit=1)[0]}: expected"):
        read(tmp_path, f"[workloads]\n{line}")
