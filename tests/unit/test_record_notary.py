"""Checkpoints are signed at their cadence and at close; a log that was put back is not continued."""

import asyncio
import copy
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from signalbox.adapters.keys.log_key_files import (
    CHECKPOINT_FILE,
    KEY_FILE,
    VKEY_FILE,
    CheckpointFile,
    LogKeyFiles,
)
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.domain.errors import LogUnavailable
from signalbox.domain.records import Record
from signalbox.ports.keys import Following
from signalbox.ports.log import LogStore
from signalbox.record.journal import Journal, JournalLimits
from signalbox.record.leaf import read_leaf
from signalbox.record.notary import Notary
from signalbox.record.tree import StoredTiles, resumed
from signalbox.record.verify import verify
from signalbox.testing.memory_log_store import MemoryDisk, MemoryLogStore
from signalbox.testing.records import BEGAN_US, decision, intent, journey
from signalbox.testing.signed_log import ORIGIN, MemoryCheckpoint, MemoryLogKeys, notary
from signalbox.tlog.checkpoint import seen
from signalbox.tlog.merkle import verify_consistency
from signalbox.tlog.note import read_vkey, signers_of
from signalbox.tlog.paths import consistency_proof, root_of

QUICK = JournalLimits(window_ms=1, retry_ms_min=1, retry_ms_max=2)


class StoppedClock:
    def now_us(self) -> int:
        return BEGAN_US + 10_000

    def monotonic_us(self) -> int:
        return 0


@asynccontextmanager
async def opened(store: LogStore, signs: Notary) -> AsyncIterator[Journal]:
    journal = Journal(store, StoppedClock(), notary=signs, limits=QUICK)
    await journal.open(["acme"])
    try:
        yield journal
    finally:
        await journal.aclose()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


class World:
    """A log in memory with its keys and the checkpoint kept beside it."""

    def __init__(self) -> None:
        self.disk, self.keys, self.kept = MemoryDisk(), MemoryLogKeys(), MemoryCheckpoint()

    async def write(self, *records: Record) -> None:
        async with opened(MemoryLogStore(self.disk), notary(self.keys, self.kept)) as journal:
            await journal.commit(records)

    @property
    def note(self) -> str:
        assert self.kept.note is not None
        return self.kept.note

    def kinds(self) -> list[str]:
        return [read_leaf(stored.leaf).kind for _, stored in MemoryLogStore(self.disk).scan()]

    async def refused(self, *trusted: str, words: str) -> None:
        before = (self.disk.next, dict(self.disk.checkpoints), self.kept.note)
        with pytest.raises(LogUnavailable, match=words) as refused:
            async with opened(MemoryLogStore(self.disk), notary(self.keys, self.kept, *trusted)):
                pass
        assert "will not be continued" in str(refused.value)
        assert before == (self.disk.next, self.disk.checkpoints, self.kept.note)
        assert not self.disk.holder


def assert_signed(world: World, size: int) -> None:
    """The latest checkpoint covers `size` records, is in log and beside it, and is ours and right."""
    found = seen(world.note)
    assert (found.checkpoint.origin, found.checkpoint.size) == (ORIGIN, size)
    store = MemoryLogStore(world.disk)
    assert store.checkpoint() == world.note
    assert found.checkpoint.root == root_of(StoredTiles(store, world.disk.next), size)
    assert world.keys.now is not None
    assert signers_of(found.note, [world.keys.now.verifier])


async def test_a_checkpoint_is_signed_at_close() -> None:
    world = World()
    await world.write(*journey(1))
    assert_signed(world, 3)
    assert list(world.disk.checkpoints) == [3]


async def test_checkpoints_are_signed_while_records_come() -> None:
    world = World()
    async with opened(MemoryLogStore(world.disk), notary(world.keys, world.kept, cadence_ms=1)) as journal:
        journal.post([decision(1)])
        await until(lambda: 1 in world.disk.checkpoints)
        journal.post([decision(2)])
        await until(lambda: 2 in world.disk.checkpoints)
    assert list(world.disk.checkpoints) == [1, 2]
    assert_signed(world, 2)


async def test_an_idle_log_is_not_signed_again() -> None:
    world = World()
    await world.write(decision(1))
    before = world.note
    await world.write()
    assert (world.note, list(world.disk.checkpoints)) == (before, [1])


async def test_an_empty_log_has_no_checkpoint() -> None:
    world = World()
    await world.write()
    assert (world.kept.note, world.disk.checkpoints) == (None, {})


async def test_what_a_dead_process_left_uncovered_is_signed_for_at_the_next_start() -> None:
    world = World()
    store = MemoryLogStore(world.disk)
    journal = Journal(store, StoppedClock(), notary=notary(world.keys, world.kept, cadence_ms=3_600_000))
    await journal.open()
    await journal.commit([decision(1), intent(1)])
    assert world.disk.checkpoints == {}
    world.disk.broken_lock = True  # the process is gone
    async with opened(MemoryLogStore(world.disk), notary(world.keys, world.kept)):
        assert_signed(world, 3)  # with the sweep's outcome
    with pytest.raises(LogUnavailable):
        await journal.aclose() if journal._pending else await journal.commit([decision(2)])


async def test_every_checkpoint_continues_the_one_before() -> None:
    world = World()
    for number in range(0, 900, 100):
        await world.write(*[decision(n) for n in range(number, number + 100)])
    store = MemoryLogStore(world.disk)
    found = [seen(note).checkpoint for note in world.disk.checkpoints.values()]
    assert [each.size for each in found] == list(range(100, 1000, 100))
    tiles = StoredTiles(store, 900)
    for old, new in pairwise(found):
        verify_consistency(
            old.size, new.size, consistency_proof(tiles, old.size, new.size), old.root, new.root
        )
    assert {place for place in world.disk.tiles if place[0] == 0} == {(0, 0), (0, 1), (0, 2)}


async def test_records_are_written_although_the_key_cannot_be_used(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    await world.write(decision(1))
    world.keys.trouble = "the vault is sealed"
    await world.write(decision(2))
    assert (world.disk.next, list(world.disk.checkpoints)) == (2, [1])
    assert "the vault is sealed" in caplog.text
    world.keys.trouble = ""
    await world.write()
    assert_signed(world, 2)


async def test_records_are_written_once_although_the_checkpoint_cannot_be_kept_beside() -> None:
    world = World()
    world.kept.trouble = "no space left"
    await world.write(decision(1))
    assert (world.kinds(), list(world.disk.checkpoints)) == (["decision"], [1])


async def test_a_checkpoint_that_cannot_be_appended_is_made_anew() -> None:
    world = World()
    async with opened(MemoryLogStore(world.disk), notary(world.keys, world.kept)) as journal:
        await journal.commit([decision(1)])
        world.disk.trouble = "the disk is full"
        with pytest.raises(LogUnavailable):
            await journal.commit([decision(2)])
        world.disk.trouble = ""
        await until(lambda: journal.healthy)
        await journal.commit([decision(3)])
    assert world.disk.next == 2
    assert_signed(world, 2)


async def test_a_log_that_was_put_back_is_refused_until_the_newer_one_stands_again() -> None:
    world = World()
    await world.write(decision(1), decision(2))
    backup = copy.deepcopy(world.disk)
    await world.write(decision(3))
    newer, world.disk = world.disk, backup
    await world.refused(words="has 2 records, and the checkpoint kept beside the log was signed over 3")
    world.disk = newer
    await world.write(decision(4))
    assert_signed(world, 4)


async def test_a_directory_that_was_put_back_whole_is_refused_by_a_trusted_checkpoint() -> None:
    world = World()
    await world.write(decision(1))
    backup = copy.deepcopy((world.disk, world.kept))
    await world.write(decision(2))
    trusted = world.note
    world.disk, world.kept = backup
    await world.refused(trusted, words="in `trusted` was signed over 2: an older copy was put back")


async def test_a_log_that_went_another_way_is_refused() -> None:
    world = World()
    await world.write(decision(1))
    backup = copy.deepcopy((world.disk, world.kept))
    await world.write(decision(2))
    trusted, kept = world.note, world.kept
    world.disk, world.kept = backup
    await world.write(decision(3), decision(4))  # the restored one went on, with nothing to tell it not to
    await world.refused(trusted, words="in `trusted` was signed over: another log stands here")
    world.kept = kept
    await world.refused(words="kept beside the log was signed over: another log stands here")


async def test_a_changed_tree_is_refused() -> None:
    world = World()
    await world.write(*[decision(n) for n in range(300)])
    world.disk.tiles[1, 0] = bytes(32)
    await world.refused(words="stored in the log was signed over")


async def test_the_origin_stays() -> None:
    world = World()
    await world.write(decision(1))
    signs = notary(world.keys, world.kept, origin="another.example")
    with pytest.raises(LogUnavailable, match="a log keeps its origin"):
        async with opened(MemoryLogStore(world.disk), signs):
            pass


async def test_a_log_without_tiles_gets_them() -> None:
    world = World()
    await world.write(*[decision(n) for n in range(700)])
    tiles = dict(world.disk.tiles)
    world.disk.tiles.clear()
    await world.write()
    assert world.disk.tiles == tiles
    await world.write(decision(700))
    assert_signed(world, 701)


async def test_erasing_leaves_the_tree_alone() -> None:
    world = World()
    await world.write(*journey(1), *journey(2))
    root = resumed(MemoryLogStore(world.disk)).root()
    for high, batch in list(world.disk.batches):
        erased = tuple(type(r)(r.leaf, b"", b"") for r in batch.records)
        world.disk.batches[world.disk.batches.index((high, batch))] = (
            high,
            type(batch)(batch.first, erased, *[getattr(batch, n) for n in batch.__struct_fields__[2:]]),
        )
    assert resumed(MemoryLogStore(world.disk)).root() == root
    await world.write()
    assert_signed(world, 6)


# -- keys


async def test_a_rotation_is_signed_by_both_keys_where_it_begins() -> None:
    world = World()
    await world.write(decision(1))
    old = world.keys.now
    new = world.keys.another()
    assert old is not None
    world.keys.next = Following(new, replaces=False)
    await world.write(decision(2))
    assert world.kinds() == ["decision", "key", "decision"]
    handover = seen(world.disk.checkpoints[2])
    assert signers_of(handover.note, [old.verifier, new.verifier]) == (old.verifier, new.verifier)
    assert len(seen(world.note).note.signatures) == 1
    assert world.keys.current() is new
    assert world.keys.following() is None
    assert_signed(world, 3)
    assert verify(MemoryLogStore(world.disk).scan()).sound


async def test_a_process_that_dies_within_a_rotation_rotates_once() -> None:
    world = World()
    await world.write(decision(1))
    following = Following(world.keys.another(), replaces=False)
    world.keys.next = following
    old = world.keys.now
    await world.write()
    world.keys.now, world.keys.next = old, following  # the log has it, the key's place does not yet
    await world.write(decision(2))
    assert world.kinds() == ["decision", "key", "decision"]
    assert world.keys.current() is following.signer
    assert world.keys.following() is None
    assert_signed(world, 3)


async def test_a_rotation_that_cannot_be_signed_does_not_happen() -> None:
    world = World()
    await world.write(decision(1))
    world.keys.next = Following(world.keys.another(), replaces=False)
    world.keys.trouble = "the vault is sealed"
    with pytest.raises(LogUnavailable, match="cannot be used"):
        await world.write()
    assert world.kinds() == ["decision"]
    world.keys.trouble = ""
    await world.write()
    assert world.kinds() == ["decision", "key"]


@pytest.mark.parametrize("lost", [True, False])
async def test_a_key_that_is_replaced_does_not_vouch_for_the_next(lost: bool) -> None:
    world = World()
    await world.write(decision(1))
    old, new = world.keys.now, world.keys.another()
    assert old is not None
    world.keys.next = Following(new, replaces=True)
    if lost:
        world.keys.now = None
    await world.write(decision(2))
    assert world.kinds() == ["decision", "key", "decision"]
    assert [each.key_id for each in seen(world.disk.checkpoints[2]).note.signatures] == [new.verifier.key_id]
    assert_signed(world, 3)


async def test_a_missing_key_is_not_made_anew() -> None:
    world = World()
    await world.write(decision(1))
    world.keys.now = None
    await world.refused(words="put it back from its backup")
    world.keys.now = world.keys.another()
    await world.refused(words="put it back from its backup")


# -- files


async def written(data_dir: Path, *records: Record) -> None:
    signs = Notary(ORIGIN, LogKeyFiles(data_dir, ORIGIN), CheckpointFile(data_dir), cadence_ms=3_600_000)
    async with opened(SqliteLogStore(data_dir), signs) as journal:
        await journal.commit(records)


async def test_key_and_checkpoint_are_files_of_their_owner(tmp_path: Path) -> None:
    await written(tmp_path, *journey(1))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    note = seen((tmp_path / CHECKPOINT_FILE).read_text())
    vkey = read_vkey((tmp_path / VKEY_FILE).read_text())
    assert signers_of(note.note, [vkey]) == (vkey,)
    private = (tmp_path / KEY_FILE).read_text()
    assert private.startswith("PRIVATE+KEY+")
    await written(tmp_path, decision(2))
    assert (tmp_path / KEY_FILE).read_text() == private
    with pytest.raises(LogUnavailable, match="a log keeps its origin"):
        LogKeyFiles(tmp_path, "another.example").current()
    (tmp_path / KEY_FILE).write_text("nonsense")
    with pytest.raises(LogUnavailable, match="holds no key"):
        LogKeyFiles(tmp_path, ORIGIN).current()


async def test_a_rotation_with_files(tmp_path: Path) -> None:
    await written(tmp_path, decision(1))
    first = (tmp_path / VKEY_FILE).read_text()
    keys = LogKeyFiles(tmp_path, ORIGIN)
    prepared = keys.prepare(replaces=False)
    assert keys.prepare(replaces=True).signer.verifier == prepared.signer.verifier
    assert not prepared.replaces
    assert keys.following() is not None
    await written(tmp_path, decision(2))
    assert (tmp_path / VKEY_FILE).read_text().strip() == prepared.signer.verifier.vkey != first.strip()
    assert keys.following() is None


async def test_a_restored_database_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await written(data, decision(1))
    shutil.copytree(data, tmp_path / "backup")
    await written(data, decision(2))
    shutil.copy(tmp_path / "backup" / "log.sqlite3", data / "log.sqlite3")
    with pytest.raises(LogUnavailable, match="an older copy was put back"):
        await written(data, decision(3))
    assert SqliteLogReader.open(data).next_number() == 1


async def test_a_log_of_the_format_before_is_read_and_upgraded(tmp_path: Path) -> None:
    await written(tmp_path, *[decision(n) for n in range(600)])
    for name in (CHECKPOINT_FILE, KEY_FILE, VKEY_FILE):
        (tmp_path / name).unlink()
    with sqlite3.connect(tmp_path / "log.sqlite3") as database:
        tiles = database.execute("SELECT * FROM tile ORDER BY level, number").fetchall()
        database.executescript("DROP TABLE tile; DROP TABLE checkpoint; PRAGMA user_version = 1;")
    database.close()
    reader = SqliteLogReader.open(tmp_path)
    assert len(list(reader.scan())) == 600
    reader.close()
    await written(tmp_path, decision(600))
    with sqlite3.connect(tmp_path / "log.sqlite3") as database:
        assert database.execute("SELECT * FROM tile ORDER BY level, number").fetchall() == tiles
    database.close()
    assert seen((tmp_path / CHECKPOINT_FILE).read_text()).checkpoint.size == 601
