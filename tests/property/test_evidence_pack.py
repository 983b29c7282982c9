"""No pack that was meddled with verifies: not by an outsider, and not by who holds the log's key, where a
checkpoint was kept. Judged by the pack's own `verify.py` in an interpreter that has nothing but Python.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.evidence.plain.main import Brought, verified
from signalbox.evidence.plain.notes import Bad, canonical
from signalbox.evidence.plain.pack import INCLUSION, MANIFEST, OTHERS, WINDOW, read_entry
from signalbox.record.tree import StoredTiles
from signalbox.testing.evidence import (
    CleanVerifier,
    at,
    files_of,
    key_of,
    minutes,
    pack_of,
    packed,
    signed_anew,
    signed_as_is,
    switched,
    write_signed,
)
from signalbox.testing.records import act, decision, denial, intent, journey, outcome
from signalbox.tlog.paths import joint_proof

MEDDLED = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
SPAN = minutes("acme", 10, 40)


class Made:
    """A pack, what an honest verifier has from elsewhere, and the same log written by a liar."""

    def __init__(self, place: Path) -> None:
        self.data = place / "data"
        records = [
            record
            for n in range(25)
            for record in at(2.0 * n, *journey(n, "acme" if n % 3 else "other"), denial(500 + n))
        ]
        write_signed(
            self.data,
            [*records[:60], *at(8, switched(1, "kill", "vendor:openai"), act(1), act(2, "$governance"))],
        )
        reader = SqliteLogReader.open(self.data)
        self.kept = place / "kept"
        self.kept.write_text(reader.checkpoint() or "")
        reader.close()
        write_signed(self.data, records[60:])
        self.key = key_of(self.data)
        self.vkey = self.key.verifier.vkey
        self.pack = pack_of(self.data, SPAN, [self.kept.read_text()])
        self.files = files_of(self.pack)
        self.brought: tuple[str | Path, ...] = ("--key", self.vkey, "--checkpoint", self.kept)
        for each in ("$switches", "$governance"):
            (last,) = [line for line in self.files[OTHERS].splitlines() if each.encode() in line]
            self.brought += ("--head", f"{each}:1:{read_entry(last).hashed}")

    def proof(self, files: dict[str, bytes]) -> bytes | None:
        """What leads from these records to the root; None where no proof is of them."""
        try:
            said = [
                json.loads(line)["number"] for name in (WINDOW, OTHERS) for line in files[name].splitlines()
            ]
            reader = SqliteLogReader.open(self.data)
            size = reader.next_number()
            hashes = joint_proof(StoredTiles(reader, size), sorted(set(said)), size)
            reader.close()
        except (ValueError, KeyError, TypeError):
            return None
        return b"".join(b64encode(each) + b"\n" for each in hashes)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanVerifier]:
    with CleanVerifier(tmp_path_factory.mktemp("verifier")) as verifier:
        yield verifier


def test_the_pack_verifies(made: Made, verifier: CleanVerifier) -> None:
    status, said = verifier.status(made.pack, *made.brought)
    assert status == 0, said
    assert "records without a gap" in said
    assert "the log continues that of the checkpoint" in said
    assert "where a vendor truly ran the model" in said
    assert "BROUGHT NO CHECKPOINT" not in said
    assert "BROUGHT NO CHECKPOINT" in verifier.status(made.pack, "--key", made.vkey)[1]


def test_packing_again_gives_the_same_bytes(made: Made) -> None:
    assert pack_of(made.data, SPAN, [made.kept.read_text()]) == made.pack


def test_a_pack_signed_anew_and_unchanged_verifies(made: Made, verifier: CleanVerifier) -> None:
    """What the tests below rest on: that it is the change that is noticed, and not the new signature."""
    assert verifier.status(signed_anew(made.files, made.key), *made.brought)[0] == 0


@MEDDLED
@given(st.data())
def test_a_flipped_bit_of_the_file_is_noticed_or_changes_nothing(
    made: Made, verifier: CleanVerifier, data: st.DataObject
) -> None:
    """A ZIP file has bits that mean nothing to who reads it, such as dates."""
    whole = bytearray(made.pack)
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    if verifier.status(bytes(whole), *made.brought)[0] == 0:
        assert files_of(bytes(whole)) == made.files


@MEDDLED
@given(st.data())
def test_whatever_an_outsider_does_to_files_is_noticed(
    made: Made, verifier: CleanVerifier, data: st.DataObject
) -> None:
    files = list(made.files.items())
    at_, other = (data.draw(st.integers(0, len(files) - 1)) for _ in range(2))
    name, content = files[at_]
    what = data.draw(
        st.sampled_from(("edit", "cut", "grow", "drop", "double", "swap", "move", "add", "rename"))
    )
    if what == "edit":
        assume(content)
        byte = data.draw(st.integers(0, len(content) - 1))
        content = (
            content[:byte] + bytes([content[byte] ^ data.draw(st.integers(1, 255))]) + content[byte + 1 :]
        )
        files[at_] = (name, content)
    elif what == "cut":
        assume(content)
        files[at_] = (name, content[: data.draw(st.integers(0, len(content) - 1))])
    elif what == "grow":
        files[at_] = (name, content + b"\n")
    elif what == "drop":
        del files[at_]
    elif what == "double":
        files.insert(other, (f"{name}.copy", content))
    elif what == "swap":
        assume(files[other][1] != content)
        files[at_], files[other] = (name, files[other][1]), (files[other][0], content)
    elif what == "move":
        assume(at_ != other)
        files.insert(other, files.pop(at_))
    elif what == "add":
        files.append(("more", b""))
    else:
        files[at_] = (f"{name}x", content)
    assert verifier.status(packed(files), *made.brought)[0] == 1


@MEDDLED
@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_truncated_pack_is_noticed(made: Made, verifier: CleanVerifier, cut: float) -> None:
    assert verifier.status(made.pack[: int(cut * len(made.pack))], *made.brought)[0] == 1


@MEDDLED
@given(st.data())
def test_whatever_the_keys_holder_does_to_records_is_noticed(
    made: Made, verifier: CleanVerifier, data: st.DataObject
) -> None:
    """Reports are made anew, and the manifest is signed anew; the checkpoint was kept by the verifier."""
    name = data.draw(st.sampled_from((WINDOW, OTHERS)))
    lines = made.files[name].split(b"\n")[:-1]
    at_, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    line = json.loads(lines[at_])
    what = data.draw(
        st.sampled_from(("drop", "drop some", "edit", "leaf", "swap", "double", "number", "salt"))
    )
    if what == "drop":
        del lines[at_]
    elif what == "drop some":
        low, high = sorted((at_, other))
        del lines[low : high + 1]
    elif what == "edit":
        assume(line["body"] is not None)
        field = data.draw(st.sampled_from(sorted(line["body"])))
        line["body"][field] = "other" if line["body"][field] != "other" else "another"
        lines[at_] = _written(line)
    elif what == "leaf":
        field = data.draw(st.sampled_from(sorted(line["leaf"])))
        line["leaf"][field] = data.draw(st.sampled_from((0, 7, "x", "acme", "decision")))
        assume(_written(line) != lines[at_])
        lines[at_] = _written(line)
    elif what == "swap":
        assume(at_ != other)
        lines[at_], lines[other] = lines[other], lines[at_]
    elif what == "double":
        lines.insert(other, lines[at_])
    elif what == "number":
        line["number"] += data.draw(st.sampled_from((-1, 1, 1000)))
        lines[at_] = _written(line)
    else:
        assume(line["body"] is not None)
        line["salt"] = "00" * 16
        lines[at_] = _written(line)
    status, _ = verifier.status(_with(made, name, lines), *made.brought)
    if (
        status == 0
    ):  # then nothing of the period is gone, but what was cut off an end that nobody calls closed
        of_period = [each for each in made.files[name].split(b"\n") if b'"body":null' not in each]
        assert what in ("drop", "drop some")
        assert all(each in lines for each in of_period if each)


def test_an_end_that_was_cut_off_cannot_be_called_closed_and_a_kept_head_shows_it(
    made: Made, verifier: CleanVerifier
) -> None:
    lines = made.files[WINDOW].split(b"\n")[:-1]
    head = verifier.status(made.pack, *made.brought)[1].split("the head after them is ")[1].split("\n")[0]
    assert verifier.status(made.pack, *made.brought, "--head", head)[0] == 0
    inside = [n for n, line in enumerate(lines) if json.loads(line)["body"] is not None]
    for end in (inside[-1], inside[3]):
        status, said = verifier.status(_with(made, WINDOW, lines[:end], closed=True), *made.brought)
        assert (status, "end inside the period" in said) == (1, True)
        cut = _with(made, WINDOW, lines[:end], closed=False)
        status, said = verifier.status(cut, *made.brought)
        assert (status, "THE END IS OPEN" in said) == (0, True)
        status, said = verifier.status(cut, *made.brought, "--head", head)
        assert (status, "some are missing" in said) == (1, True)
    status, said = verifier.status(
        made.pack, *made.brought, "--head", f"{head[:-1]}{'0' if head[-1] != '0' else '1'}"
    )
    assert (status, "another one than when its head was kept" in said) == (1, True)


def test_a_beginning_that_was_cut_off_is_noticed(made: Made, verifier: CleanVerifier) -> None:
    lines = made.files[WINDOW].split(b"\n")[:-1]
    inside = [n for n, line in enumerate(lines) if json.loads(line)["body"] is not None]
    status, said = verifier.status(_with(made, WINDOW, lines[inside[0] :]), *made.brought)
    assert (status, "begin inside the period" in said) == (1, True)


def test_a_change_of_the_kill_switch_left_out_shows_in_what_was_sent_after_it(
    tmp_path: Path, verifier: CleanVerifier
) -> None:
    """Though nobody kept a head of that sequence: what was sent says after how many changes it was."""
    sent = intent(3)
    sent = replace(sent, body=replace(sent.body, kill_epoch=2))
    stopped = at(11, switched(1, "kill", "vendor:openai"), switched(2, "restore", "vendor:openai"))
    write_signed(
        tmp_path, [*at(5, denial(1)), *stopped, *at(12, decision(3), sent, outcome(3)), *at(50, denial(4))]
    )
    pack = pack_of(tmp_path, SPAN)
    vkey = key_of(tmp_path).verifier.vkey
    assert verifier.status(pack, "--key", vkey)[0] == 0
    other = Made.__new__(Made)
    other.data, other.key, other.files = tmp_path, key_of(tmp_path), files_of(pack)
    lines = other.files[OTHERS].splitlines()
    for left in (lines[:1], []):
        status, said = verifier.status(_with(other, OTHERS, left), "--key", vkey)
        assert (status, "changes of the kill switch" in said) == (1, True)


def test_every_record_left_out_of_records_and_proof_is_noticed(made: Made, verifier: CleanVerifier) -> None:
    lines = made.files[WINDOW].split(b"\n")[:-1]
    for n in range(1, len(lines) - 1):
        status, said = verifier.status(_with(made, WINDOW, lines[:n] + lines[n + 1 :]), *made.brought)
        assert (status, "does not follow the one before it" in said) == (1, True)


def test_a_manifest_that_others_signed_or_nobody_is_refused(
    made: Made, verifier: CleanVerifier, tmp_path: Path
) -> None:
    write_signed(tmp_path / "other", at(1, *journey(1)))
    assert verifier.status(signed_as_is(made.files, key_of(tmp_path / "other")), *made.brought)[0] == 1
    forged = made.key._replace(sign=lambda message: b"\1" * 64)
    assert verifier.status(signed_as_is(made.files, forged), *made.brought)[0] == 1
    unsigned = {**made.files, MANIFEST: made.files[MANIFEST].rpartition(b"\n\n")[0] + b"\n\n"}
    assert verifier.status(packed(unsigned.items()), *made.brought)[0] == 1


def test_a_body_taken_out_is_told(made: Made, verifier: CleanVerifier) -> None:
    """It may have been erased: nobody can see why it is gone, and everybody that it is."""
    lines = made.files[WINDOW].split(b"\n")[:-1]
    at_ = next(n for n, line in enumerate(lines) if json.loads(line)["body"] is not None)
    lines[at_] = _written({**json.loads(lines[at_]), "body": None, "salt": ""})
    status, said = verifier.status(_with(made, WINDOW, lines), *made.brought)
    assert (status, "1 erased" in said) == (0, True)


@MEDDLED
@given(st.data())
def test_whatever_the_keys_holder_does_to_proofs_is_noticed(
    made: Made, verifier: CleanVerifier, data: st.DataObject
) -> None:
    proofs = [name for name in made.files if name == INCLUSION or name.startswith("consistency/")]
    name = data.draw(st.sampled_from(proofs))
    lines = made.files[name].split(b"\n")[:-1]
    assume(lines)
    at_, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    what = data.draw(st.sampled_from(("drop", "double", "swap")))
    if what == "drop":
        del lines[at_]
    elif what == "double":
        lines.insert(at_, lines[at_])
    else:
        assume(lines[at_] != lines[other])
        lines[at_], lines[other] = lines[other], lines[at_]
    assert verifier.status(_with(made, name, lines), *made.brought)[0] == 1


def test_a_report_that_does_not_follow_from_the_records_is_noticed(made: Made, tmp_path: Path) -> None:
    for name in made.files:
        if name.startswith("reports/"):
            files = {**made.files, name: made.files[name].replace(b"1", b"2") + b"\n"}
            with pytest.raises(Bad, match="does not follow from the records"):
                _check(tmp_path, made, signed_as_is(files, made.key))


@pytest.mark.parametrize("name", ["report.html", "README.md"])
def test_a_page_that_says_other_than_the_records_is_noticed(made: Made, tmp_path: Path, name: str) -> None:
    """By whoever holds the log's key, too: it is what people read."""
    said = made.files[name].replace(b"Evidence", b"Nothing to see")
    with pytest.raises(Bad, match="does not say what the records say"):
        _check(tmp_path, made, signed_as_is({**made.files, name: said}, made.key))


def test_a_name_in_a_pack_tells_the_terminal_nothing(made: Made, verifier: CleanVerifier) -> None:
    files = {**made.files, "a\x1b[2J\rverified\n": b""}
    status, said = verifier.status(packed(files.items()), *made.brought)
    assert status == 1
    assert "\x1b" not in said
    assert "\nverified" not in said


def test_another_log_under_the_same_key_is_noticed_by_who_kept_a_checkpoint(
    made: Made, tmp_path: Path
) -> None:
    """The liar has the key, and writes the whole log anew without the refusals."""
    liar = tmp_path / "liar"
    liar.mkdir()
    for name in ("log.key", "log.vkey"):
        (liar / name).write_bytes((made.data / name).read_bytes())
    write_signed(liar, [r for n in range(70) for r in at(2.0 * n, *journey(n, "acme" if n % 3 else "other"))])
    pack = pack_of(liar, SPAN)
    file = tmp_path / "pack.zip"
    file.write_bytes(pack)
    assert verified(str(file), Brought([made.vkey]))
    with pytest.raises(Bad, match="no proof that joins it"):
        verified(str(file), Brought([made.vkey], [("kept", made.kept.read_bytes())]))
    with pytest.raises(Exception, match=r"consistency|another log|join"):
        pack_of(liar, SPAN, [made.kept.read_text()])


def test_another_key_is_refused(made: Made, tmp_path: Path) -> None:
    write_signed(tmp_path / "other", at(1, *journey(1)))
    other = key_of(tmp_path / "other").verifier.vkey
    file = tmp_path / "pack.zip"
    file.write_bytes(made.pack)
    for keys in ([other], [], ["nonsense"]):
        with pytest.raises(Bad):
            verified(str(file), Brought(keys))


def _with(made: Made, name: str, lines: list[bytes], **claims: bool) -> bytes:
    """By who has log and key: what was left out of the records is left out of the proof as well."""
    files = {**made.files, name: b"".join(line + b"\n" for line in lines)}
    if name in (WINDOW, OTHERS):
        files[INCLUSION] = made.proof(files) or files[INCLUSION]
    return signed_anew(files, made.key, **claims)


def _check(place: Path, made: Made, pack: bytes) -> None:
    file = place / "pack.zip"
    file.write_bytes(pack)
    verified(str(file), Brought([made.vkey], [("kept", made.kept.read_bytes())]))


def _written(line: object) -> bytes:
    return canonical(line)
