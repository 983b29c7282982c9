"""What goes into a pack, and what does not: the window and its ends, other tenants, what is outside."""

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from signalbox.domain.records import Record
from signalbox.evidence.gather import NothingToShow
from signalbox.evidence.plain.notes import Bad, read_note
from signalbox.evidence.plain.pack import CONTENTS, OTHERS, WINDOW, read_entry, read_manifest
from signalbox.testing.evidence import at, files_of, minutes, pack_of, switched, write_signed
from signalbox.testing.records import act, decision, denial, id_of, intent, journey, outcome


def files(data: Path, begin: float, end: float, *records: Record) -> dict[str, bytes]:
    write_signed(data, records)
    return files_of(pack_of(data, minutes("acme", begin, end)))


def lines(made: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in made[name].splitlines()]


def closed(made: dict[str, bytes]) -> bool:
    return read_manifest(read_note(made["MANIFEST"]))[0].closed


def minute(n: int, tenant: str = "acme") -> tuple[Record, ...]:
    return at(n, denial(n, tenant))


def test_a_window_stands_between_a_record_from_before_and_one_from_after(tmp_path: Path) -> None:
    made = files(tmp_path, 10, 20, *[each for n in range(0, 40, 2) for each in minute(n)])
    seqs = [line["leaf"]["seq"] for line in lines(made, WINDOW)]
    assert seqs == [4, 5, 6, 7, 8, 9, 10, 11]  # minutes 8 to 22
    assert [line["leaf"]["seq"] for line in lines(made, WINDOW) if line["body"]] == [5, 6, 7, 8, 9]
    assert closed(made)


def test_a_record_within_a_minute_of_the_edge_is_no_edge(tmp_path: Path) -> None:
    made = files(
        tmp_path,
        10,
        20,
        *[each for n in (7, 9.5, 10.5, 19.5, 20.5, 23) for each in at(n, denial(int(n * 2)))],
    )
    assert [line["leaf"]["seq"] for line in lines(made, WINDOW)] == [0, 1, 2, 3, 4, 5]
    assert [bool(line["body"]) for line in lines(made, WINDOW)] == [False, False, True, True, False, False]


def test_the_first_record_and_an_end_that_nothing_follows(tmp_path: Path) -> None:
    made = files(tmp_path, 10, 20, *minute(12), *minute(14))
    assert [line["leaf"]["seq"] for line in lines(made, WINDOW)] == [0, 1]
    assert not closed(made)
    assert b"THE END IS OPEN" in made["README.md"]
    assert b"end of the period is open" in made["report.html"]


def test_a_period_without_a_record_shows_the_last_before_it(tmp_path: Path) -> None:
    made = files(tmp_path, 30, 40, *minute(12), *minute(14))
    assert [(line["leaf"]["seq"], line["body"]) for line in lines(made, WINDOW)] == [(1, None)]
    between = files(tmp_path, 20, 40, *minute(60))
    assert [line["leaf"]["seq"] for line in lines(between, WINDOW)] == [1, 2]
    assert closed(between)


def test_what_is_written_down_late_is_there(tmp_path: Path) -> None:
    made = files(tmp_path, 10, 20, *minute(5), *minute(12), *minute(30), *minute(15), *minute(31))
    assert [line["leaf"]["seq"] for line in lines(made, WINDOW)] == [0, 1, 2]
    (late,) = lines(made, OTHERS)
    assert (late["leaf"]["seq"], bool(late["body"])) == (3, True)
    assert json.loads(made["reports/summary.json"])["counts"] == {"denial": 2}


def test_the_outcome_of_what_was_under_way_is_there_however_late(tmp_path: Path) -> None:
    made = files(
        tmp_path, 10, 20,
        *minute(5), *at(19, decision(1), intent(1)), *at(25, decision(2), intent(2)), *at(26, outcome(2)),
        *at(90, outcome(1)),
    )  # fmt: skip
    (late,) = lines(made, OTHERS)
    assert late["leaf"]["ref"] == id_of(1, 1)
    assert late["body"]["status"] == "ok"
    summary = json.loads(made["reports/summary.json"])
    assert [(use["sent"], use["answered"]) for use in summary["uses"]] == [(1, 1)]
    assert "open" not in summary["exceptions"]


def test_nothing_of_another_tenant_is_in_a_pack(tmp_path: Path) -> None:
    made = files(
        tmp_path, 10, 20,
        *[each for n in range(0, 40, 2) for each in (*minute(n), *minute(n + 100, "globex"))],
        *at(11, switched(1, "kill", "tenant:globex"), switched(2, "kill", "tenant:acme")),
        *at(12, act(7, "globex"), switched(3, "kill", "vendor:openai")),
    )  # fmt: skip
    assert not any(b"globex" in data for data in made.values())
    others = lines(made, OTHERS)
    assert [line["leaf"]["seq"] for line in others] == [0, 1, 2]
    assert [line["body"] and line["body"]["selector"] for line in others] == [
        None,
        "tenant:acme",
        "vendor:openai",
    ]
    rows = lines(made, "reports/exceptions.jsonl")
    assert [row["words"].split(":")[1] for row in rows if row["what"] == "killed"] == ["acme", "openai"]


def test_acts_are_there_whenever_they_were_done_with_what_they_name(tmp_path: Path) -> None:
    content = b'{"kept":"here"}'
    digest = hashlib.sha256(content).hexdigest()
    published = act(3)
    published = replace(
        published, body=replace(published.body, content=f'{{"policy":"{digest}"}}', what="release.published")
    )
    write_signed(
        tmp_path,
        [*at(1, published), *minute(2), *minute(3), *minute(12), *minute(50), *at(51, act(9))],
        [content],
    )
    made = files_of(pack_of(tmp_path, minutes("acme", 10, 20)))
    assert [(line["leaf"]["ref"], bool(line["body"])) for line in lines(made, OTHERS)] == [
        ("act-3", True),
        ("act-9", True),
    ]
    assert made[CONTENTS + digest] == content
    assert [each["what"] for each in json.loads(made["reports/summary.json"])["acts"]] == [
        "release.published",
        "key.revoked",
    ]


def test_acts_do_not_stand_for_an_edge(tmp_path: Path) -> None:
    """Their time is when they were done, which may be long before they were copied to the log."""
    made = files(
        tmp_path,
        10,
        20,
        *minute(5),
        *at(15, act(1)),
        *at(4, act(2)),
        *minute(12),
        *at(90, act(3)),
        *minute(30),
    )
    assert [line["leaf"]["seq"] for line in lines(made, WINDOW)] == [0, 1, 2, 3, 4, 5]
    assert closed(made)


def test_a_log_without_a_checkpoint_or_with_a_changed_record_makes_no_pack(tmp_path: Path) -> None:
    write_signed(tmp_path, [*minute(5), *minute(12)])
    with sqlite3.connect(tmp_path / "log.sqlite3") as database:
        database.execute(
            "UPDATE batch SET frames = CAST(replace(frames, X'666F726D756C61', X'666F726D756C62') AS BLOB)"
        )
    database.close()
    with pytest.raises(NothingToShow, match="not what the leaf committed to"):
        pack_of(tmp_path, minutes("acme", 10, 20))
    with sqlite3.connect(tmp_path / "log.sqlite3") as database:
        database.execute("DELETE FROM checkpoint")
    database.close()
    with pytest.raises(NothingToShow, match="no checkpoint yet"):
        pack_of(tmp_path, minutes("acme", 10, 20))


def test_exceptions_are_told_one_by_one(tmp_path: Path) -> None:
    sure = [
        replace(each, body=replace(each.body, authorised="confirmed")) for each in (outcome(2), outcome(4))
    ]
    wrong = replace(outcome(3), body=replace(outcome(3).body, authorised="mismatch", served="gpt-x"))
    granted = replace(intent(2), body=replace(intent(2).body, grant="ab" * 32))
    early = replace(intent(4), body=replace(intent(4).body, durable=False))
    made = files(
        tmp_path, 10, 20,
        *minute(5),
        *at(12, decision(1), intent(1), outcome(1), decision(2), granted, sure[0]),
        *at(13, decision(3), intent(3), wrong, decision(4), early, sure[1]),
        *at(14, decision(5), intent(5), outcome(5, status="unknown"), decision(6), intent(6), denial(7)),
        *minute(30),
    )  # fmt: skip
    found = {
        (row["what"], row["ref"]) for row in lines(made, "reports/exceptions.jsonl") if row["record"] >= 0
    }
    assert found == {
        ("unverified", id_of(1, 1)),
        ("break-glass", id_of(2, 1)),
        ("mismatch", id_of(3, 1)),
        ("not-durable", id_of(4, 1)),
        ("unknown", id_of(5, 1)),
        ("open", id_of(6, 1)),
        ("denied", id_of(7)),
    }


def test_a_year_of_another_is_not_read_into_the_pack(tmp_path: Path) -> None:
    made = files(
        tmp_path, 0, 5, *[each for n in range(40) for each in at(n, *journey(n, "globex"))], *minute(1)
    )
    assert len(made["inclusion"].splitlines()) < 10


def test_a_line_that_says_two_things_is_refused(tmp_path: Path) -> None:
    """A reader that keeps the first of two keys would see another body than the verifier."""
    made = files(tmp_path, 0, 5, *minute(1), *minute(30))
    line = made[WINDOW].splitlines()[0]
    assert read_entry(line).body is not None
    with pytest.raises(Bad, match="canonical"):
        read_entry(b'{"body":null,' + line[1:])
