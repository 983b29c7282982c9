"""A pack over a period in which releases were really drafted, proved, approved by two people and published,
and the log's key was rotated; and what whoever holds that key could make of it afterwards.
"""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.evidence.plain.ed25519 import ed25519_verifies
from signalbox.evidence.plain.notes import from_base64
from signalbox.evidence.plain.pack import CONTENTS, OTHERS, STATEMENTS
from signalbox.testing.evidence import CleanVerifier, files_of, key_of, signed_anew
from signalbox.testing.served import COMMAND, Served, eventually
from signalbox.tlog.checkpoint import seen

AUTHOR = "sb-author"
INVARIANTS = 'use residency for tenant "acme"\n'
Files = dict[str, bytes]


class House:
    """One data directory, served; `ann` drafts, `ben` and `cora` approve with keys of their own."""

    def __init__(self, config: Path, pems: tuple[Path, Path]) -> None:
        self.config, self.pems = config, pems

    def release(self, served: Served, *words: str, key: str = "") -> str:
        done = served.command("release", *words, key=key)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def publish(self, served: Served, about: str) -> None:
        said = self.release(served, "draft", "--summary", about, key=AUTHOR)
        found = re.search(r"release (\d+) is drafted", said)
        assert found, said
        self.release(served, "prove", found[1])
        for pem in self.pems:
            self.release(served, "approve", found[1], "--key", str(pem), "--yes")
        self.release(served, "publish", found[1])


class Made:
    """The pack, what its files say, and what the verifier says of files that the key's holder signed."""

    def __init__(self, house: House, served: Served, old: str, place: Path, verifier: CleanVerifier) -> None:
        pack = place / "pack.zip"
        done = served.command("evidence", "--tenant", "acme", "--from", "1h", "--out", str(pack))
        assert done.returncode == 0, done.stdout + done.stderr
        self.house, self.old, self.pack = house, old, pack.read_bytes()
        self.files = files_of(self.pack)
        self._key = key_of(served.data_dir)
        self._verifier = verifier

    def acts(self, what: str) -> list[dict[str, Any]]:
        """What acts of a kind say, each with its number."""
        bodies = [json.loads(line)["body"] for line in self.files[OTHERS].splitlines()]
        return [
            {**json.loads(body["content"]), "act": body["number"]}
            for body in bodies
            if body and body.get("what") == what
        ]

    def verified(self, changed: Files, without: str = "") -> tuple[int, str]:
        files = {name: data for name, data in (self.files | changed).items() if name != without}
        return self._verifier.status(signed_anew(files, self._key), "--key", self.old)

    def wrong(self, changed: Files, without: str = "") -> dict[str, list[str]]:
        """The exceptions about releases in a pack that was signed so, which verifies but for them."""
        files = {name: data for name, data in (self.files | changed).items() if name != without}
        told: dict[str, list[str]] = {}
        for line in files_of(signed_anew(files, self._key))["reports/exceptions.jsonl"].splitlines():
            row = json.loads(line)
            if row["what"] in ("unapproved", "unproven"):
                told.setdefault(row["what"], []).append(row["words"])
        return told


def covered(data: Path) -> None:
    log = SqliteLogReader.open(data)
    try:
        eventually(lambda: (text := log.checkpoint()) and seen(text).checkpoint.size == log.next_number())
    finally:
        log.close()


def furnished(furnish: Callable[..., Path], keys: Path, *, closed: bool = True) -> House:
    """`closed`: with no rule outside what can be proved."""
    pems, approvers = [], ""
    for name in ("ben", "cora"):
        pems.append(keys / f"{name}.pem")
        made = subprocess.run(
            [COMMAND, "release", "keygen", pems[-1], "--name", name],
            capture_output=True,
            text=True,
            check=True,
        )
        approvers += made.stdout[made.stdout.index("[[approvers]]") :] + "\n"
    digest = hashlib.sha256(AUTHOR.encode()).hexdigest()
    author = (
        f'[[keys]]\nid = "ann"\nsha256 = "{digest}"\ntenant = "acme"\nsubject = "ann"\n'
        'roles = ["release-author"]\n'
    )
    releases = "[releases]\nrequired = true\n"
    config = furnish(more=f'\n[log]\ncheckpoint = "100ms"\n{releases}\n{approvers}\n{author}')
    (config.parent / "eu.txt").write_text(INVARIANTS)
    text = config.read_text().replace("[policy]\n", '[policy]\napprovals = 2\ninvariants = "eu.txt"\n', 1)
    if not closed:
        text = text.replace('id = "acme"\n', 'id = "acme"\npolicy = { unproven = "mark" }\n', 1)
        places = config.parent / "policies" / "places.cedar"
        places.write_text(INSIDE.sub(UNPROVABLE, places.read_text()))
    config.write_text(text)
    return House(config, (pems[0], pems[1]))


INSIDE = re.compile(r"unless \{ (context\.boundary_places\.containsAll\(resource\.\w+\)) \};")
UNPROVABLE = r'unless { \1 || !(context.app like "*") };'
"""Says the same, as every app begins with something, and is outside what the solver knows of."""


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanVerifier]:
    with CleanVerifier(tmp_path_factory.mktemp("verifier")) as verifier:
        yield verifier


@pytest.fixture(scope="module")
def made(
    furnish: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, verifier: CleanVerifier
) -> Made:
    """Two releases, between which the log's key is rotated; the verifier knows the old key alone."""
    house = furnished(furnish, tmp_path_factory.mktemp("keys"))
    data = house.config.parent / "data"
    with Served(house.config, data) as served:
        house.publish(served, "the first release")
        eventually(lambda: served.chat("sb-anna", model="own-good").status == 200)
        old = (data / "log.vkey").read_text().strip()
        assert served.command("log", "key", "--rotate").returncode == 0
    house.config.write_text(house.config.read_text().replace('name = "Acme"', 'name = "Acme Inc"'))
    with Served(house.config, data) as served:
        assert (data / "log.vkey").read_text().strip() != old
        house.publish(served, "another name")
        assert served.chat("sb-anna", model="own-good").status == 200
        covered(data)
        return Made(house, served, old, tmp_path_factory.mktemp("pack"), verifier)


def test_a_pack_has_the_releases_their_proofs_and_who_approved_them(
    made: Made, verifier: CleanVerifier
) -> None:
    status, said = verifier.status(made.pack, "--key", made.old)
    assert status == 0, said
    assert len(re.findall("of others than its author: ben, cora; every invariant is proved", said)) == 2
    assert made.wrong({}) == {}
    summary = json.loads(made.files["reports/summary.json"])
    assert [(each["number"], each["approvers"], each["wrong"]) for each in summary["published"]] == [
        (1, ["ben", "cora"], []),
        (2, ["ben", "cora"], []),
    ]
    for each in summary["published"]:
        content = json.loads(made.files[CONTENTS + each["hash"]])
        assert [approver["name"] for approver in content["terms"]["approvers"]] == ["ben", "cora"]
        assert json.loads(made.files[CONTENTS + each["proof"]])["policy"] == each["policy"]
    assert {each["hash"] for each in summary["releases"] if each["what"] == "policy"} <= {
        each["policy"] for each in summary["published"]
    }
    assert any(name.startswith("handover/") for name in made.files)
    page = made.files["report.html"].decode()
    assert "ben, cora" in page
    assert "every invariant is proved" in page


def test_the_key_of_the_log_signs_no_approval(made: Made) -> None:
    """What is in the pack is what the approvers' keys signed, byte for byte."""
    for approved in made.acts("release.approved"):
        public, signature = (
            from_base64(approved["key"].removeprefix("ed25519:")),
            from_base64(approved["signature"]),
        )
        assert ed25519_verifies(public, made.files[f"{STATEMENTS}{approved['act']}"], signature)


def test_a_forged_approval_does_not_count(made: Made) -> None:
    """Who holds the log's key can change what is said to have been signed, and not the signature."""
    first = made.acts("release.approved")[0]
    name = f"{STATEMENTS}{first['act']}"
    for old, new in (
        (b'"author":"', b'"author":"not-'),
        (b'"nonce":"', b'"nonce":"0'),
        (b'"approver":"ben"', b'"approver":"eve"'),
        (b"version 1", b"version 2"),
        (b'","hash"', b'", "hash"'),
    ):
        assert old in made.files[name], old
        found = made.wrong({name: made.files[name].replace(old, new)})
        assert found == {"unapproved": ["release 1 came into force: 1 of 2 approvals verify"]}, new
        assert "1 unapproved" in made.verified({name: made.files[name].replace(old, new)})[1]
    assert "1 of 2 approvals verify" in made.wrong({}, without=name)["unapproved"][0]


def test_an_approval_moved_to_another_release_or_approver_does_not_count(made: Made) -> None:
    approvals = made.acts("release.approved")
    assert [each["number"] for each in approvals] == [1, 1, 2, 2]
    ben, cora, later, _ = (f"{STATEMENTS}{each['act']}" for each in approvals)
    for place, taken, release in ((ben, later, 1), (later, ben, 2), (ben, cora, 1)):
        found = made.wrong({place: made.files[taken]})
        assert found == {"unapproved": [f"release {release} came into force: 1 of 2 approvals verify"]}


def test_what_the_acts_themselves_say_cannot_be_changed(made: Made) -> None:
    """The log was signed over them: not even its key's holder moves an approval there."""
    for old, new in ((rb"\"number\":1", rb"\"number\":2"), (rb"\"name\":\"", rb"\"name\":\"x")):
        lines = made.files[OTHERS].split(b"\n")
        at = next(n for n, line in enumerate(lines) if b"release.approved" in line and old in line)
        lines[at] = lines[at].replace(old, new)
        status, said = made.verified({OTHERS: b"\n".join(lines)})
        assert (status, "not what the leaf committed to" in said) == (1, True)


def test_a_proof_that_was_dropped_or_is_of_something_else_is_told(made: Made) -> None:
    first, second = made.acts("release.published")
    found = made.wrong({}, without=CONTENTS + first["proof"])
    gone = "its proof is not in the pack"
    if first["proof"] == second["proof"]:
        assert found == {"unproven": [f"release {n} came into force: {gone}" for n in (1, 2)]}
    else:
        assert found == {"unproven": [f"release 1 came into force: {gone}"]}
    status, said = made.verified({CONTENTS + first["proof"]: made.files[CONTENTS + second["hash"]]})
    assert (status, "is not what has that hash" in said) == (1, True)
    found = made.wrong({}, without=CONTENTS + first["hash"])
    missing = "its content, or that of the release before, is not in the pack"
    assert found == {"unapproved": [f"release {n} came into force: {missing}" for n in (1, 2)]}


def test_what_was_marked_unproven_is_an_exception(
    furnish: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, verifier: CleanVerifier
) -> None:
    house = furnished(furnish, tmp_path_factory.mktemp("keys"), closed=False)
    data = house.config.parent / "data"
    with Served(house.config, data) as served:
        house.publish(served, "with a rule that cannot be proved")
        eventually(lambda: served.chat("sb-anna", model="own-good").status == 200)
        covered(data)
        old = (data / "log.vkey").read_text().strip()
        marked = Made(house, served, old, tmp_path_factory.mktemp("pack"), verifier)
    status, said = verifier.status(marked.pack, "--key", old)
    assert (status, "BUT 1 of 1 findings of its proof are not `proved`" in said) == (0, True), said
    (words,) = marked.wrong({})["unproven"]
    assert "release 1 came into force" in words
    assert "unapproved" not in marked.wrong({})
