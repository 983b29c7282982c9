"""A file that processes share is the one that stands under its name now, and no other."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.switches import SWITCHES_FILE, SqliteSwitchStore
from signalbox.domain.switches import NOTHING_STOPPED, SwitchChange
from signalbox.ports.switches import SwitchesUnavailable


def killing(selector: str) -> SwitchChange:
    return SwitchChange(epoch=0, what="kill", selector=selector, by="a", reason="r", cut=False, time_us=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteSwitchStore]:
    store = SqliteSwitchStore(tmp_path)
    store.change([killing("vendor:a")])
    yield store
    store.close()


def test_another_file_in_its_place_is_read_and_not_the_one_before(
    store: SqliteSwitchStore, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    beside = SqliteSwitchStore(other)
    beside.change([killing("vendor:b"), killing("vendor:c")])
    beside.close()
    os.replace(other / SWITCHES_FILE, tmp_path / SWITCHES_FILE)
    assert [kill.selector for kill in store.read(NOTHING_STOPPED).kills] == ["vendor:b", "vendor:c"]


def test_a_copy_that_was_put_back_is_written_to_by_who_held_the_one_before(
    store: SqliteSwitchStore, tmp_path: Path
) -> None:
    shutil.copy(tmp_path / SWITCHES_FILE, tmp_path / "backup")
    store.change([killing("vendor:b")])
    os.replace(tmp_path / "backup", tmp_path / SWITCHES_FILE)
    assert store.change([killing("vendor:c")]).epoch == 2
    beside = SqliteSwitchStore(tmp_path)
    assert [kill.selector for kill in beside.read(NOTHING_STOPPED).kills] == ["vendor:a", "vendor:c"]
    beside.close()


def test_a_pipe_in_its_place_is_unavailable_and_holds_nobody_up(
    store: SqliteSwitchStore, tmp_path: Path
) -> None:
    kept = (tmp_path / SWITCHES_FILE).read_bytes()
    (tmp_path / SWITCHES_FILE).unlink()
    os.mkfifo(tmp_path / SWITCHES_FILE)
    with pytest.raises(SwitchesUnavailable) as refused:
        store.read(NOTHING_STOPPED)
    assert "no regular file" in refused.value.operator
    (tmp_path / SWITCHES_FILE).unlink()
    (tmp_path / SWITCHES_FILE).write_bytes(kept)
    assert store.read(NOTHING_STOPPED).epoch == 1
