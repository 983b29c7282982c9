"""Releases on real servers, by the commands that people use, from the draft to the way back.

The vendor's receipts and the verdicts of both processes of one house are the judges of what is in force.
"""

import hashlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signalbox.testing.served import COMMAND, Served, eventually

INVARIANTS = """
use residency for tenant "acme"
"""
AUTHOR, OTHER = "sb-author", "sb-other"
PROMISED_S = 2.0
CLOSED = re.compile(r"unless \{ context\.boundary_places\.containsAll\(resource\.\w+\) \};")


def key(name: str, role: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return (
        f'\n[[keys]]\nid = "{name}"\nsha256 = "{digest}"\ntenant = "acme"\nsubject = "{name}"\n'
        f'roles = ["{role}"]\n'
    )


class House:
    """One data directory, two processes; `ann` drafts, `ben` approves with a key of his own."""

    def __init__(self, config: Path, first: Served, second: Served, ben: Path) -> None:
        self.config, self.first, self.second, self.ben = config, first, second, ben

    def run(self, *words: str, key: str = "", ok: bool = True) -> str:
        done = self.first.command("release", *words, key=key)
        said = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, said
        return said

    def draft(self, about: str) -> str:
        said = self.run("draft", "--summary", about, key=AUTHOR)
        found = re.search(r"release (\d+) is drafted", said)
        assert found, said
        return found[1]

    def approve(self, number: str, *, by: str = "", ok: bool = True) -> str:
        return self.run("approve", number, "--key", str(self.ben), "--yes", key=by, ok=ok)

    def publish(self, about: str) -> str:
        number = self.draft(about)
        self.approve(number)
        self.run("publish", number)
        return number

    def ask(self, served: Served, model: str = "own-good") -> int:
        return served.chat("sb-anna", model=model).status

    def ready(self, served: Served) -> Any:
        return served.ask("GET", "/readyz").json


def keygen(directory: Path, name: str) -> tuple[Path, str]:
    """A private key's file and what the settings are to say of it."""
    file = directory / f"{name}.pem"
    made = subprocess.run(
        [COMMAND, "release", "keygen", file, "--name", name], capture_output=True, text=True, check=True
    )
    return file, made.stdout[made.stdout.index("[[approvers]]") :]


@pytest.fixture(scope="module")
def house(furnish: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    keys = tmp_path_factory.mktemp("keys")
    ben, of_ben = keygen(keys, "ben")
    more = f"\n[releases]\nrequired = true\n{of_ben}\n" + key(AUTHOR, "release-author")
    config = furnish(more=more)
    (config.parent / "eu.txt").write_text(INVARIANTS)
    text = config.read_text()
    config.write_text(text.replace("[policy]\n", '[policy]\ninvariants = "eu.txt"\n', 1))
    data = config.parent / "data"
    with Served(config, data) as first:
        with Served(config, data) as second:
            yield House(config, first, second, ben)
            assert "Traceback" not in second.complaints
        assert "Traceback" not in first.complaints
    report = first.verified()
    assert report.sound, report.findings


def test_the_whole_way(house: House) -> None:
    nothing = "none has been published yet"
    for served in (house.first, house.second):
        refused = served.chat("sb-anna", model="own-good")
        assert (refused.status, refused.error["code"]) == (503, "no_release")
        assert nothing in refused.error["message"]
        assert house.ready(served)["ready"] is False
        assert nothing in house.ready(served)["checks"]["release"]

    first = house.draft("the first release")
    assert "0 of 1 approvals" in house.run("publish", first, ok=False)
    assert "every invariant is proved" in house.run("prove", first)
    assert "1 of 1 approvals" in house.approve(first)
    assert "is in force" in house.run("publish", first)
    began = time.monotonic()
    eventually(lambda: house.ask(house.second) == 200)
    assert time.monotonic() - began < PROMISED_S
    assert house.ask(house.first) == 200
    assert house.ready(house.first)["checks"]["release"] == f"ok: release {first}"

    # What lies in the files is a draft and nothing more, whatever a reload reads.
    places = house.config.parent / "policies" / "places.cedar"
    shipped = places.read_text()
    places.write_text(CLOSED.sub("when { false };", shipped))
    assert house.first.command("reload").returncode == 0
    assert house.ask(house.first, "us-west") == 404

    # A draft that would let the EU tenant's data out is not published, whoever has approved it.
    leaking = house.draft("let inference run anywhere")
    said = house.run("diff", leaking)
    assert "`good` on azure us-1 (`us-west`) becomes available to" in said
    assert "the file `policies/places.cedar` (policy) is changed" in said
    blocked = house.run("prove", leaking, ok=False)
    assert "`residency` of tenant `acme` does not hold" in blocked
    assert "may go to" in blocked
    house.approve(leaking)
    refused_publish = house.run("publish", leaking, ok=False)
    assert "not published" in refused_publish
    assert "does not hold: a " in refused_publish
    assert house.ask(house.second, "us-west") == 404
    house.run("withdraw", leaking, "--reason", "it leaks", key=AUTHOR)

    # A harmless one is, in both processes; traffic was decided again under it before.
    places.write_text(shipped)
    text = house.config.read_text()
    house.config.write_text(text.replace('id = "azure-se"', 'id = "azure-sweden"'))
    renamed = house.draft("call an endpoint by another name")
    said = house.run("diff", renamed)
    assert "endpoint `azure-sweden` is added" in said
    assert "decided again" in house.run("simulate", renamed, key=AUTHOR)
    house.approve(renamed)
    house.run("publish", renamed)
    began = time.monotonic()
    eventually(lambda: house.ask(house.second, "azure-sweden") == 200)
    assert time.monotonic() - began < PROMISED_S
    assert house.ask(house.second, "azure-se") == 404

    # And back, by one person with a reason, as a release of its own.
    said = house.run("rollback", first, "--reason", "the name was better")
    assert f"what release {first} says" in said
    began = time.monotonic()
    eventually(lambda: house.ask(house.second, "azure-se") == 200)
    assert time.monotonic() - began < PROMISED_S
    assert house.ask(house.second, "azure-sweden") == 404
    listed = house.run("list")
    assert "superseded" in listed
    assert "withdrawn" in listed
    house.config.write_text(text)


def test_nobody_approves_what_they_drafted_and_no_approval_is_used_again(house: House) -> None:
    text = house.config.read_text()
    house.config.write_text(text.replace('name = "Acme"', 'name = "Acme Inc"'))
    one, two = house.draft("a name"), house.draft("the same name, again")
    house.approve(one)
    again = house.approve(one, ok=False)
    assert "has approved release" in again
    given = house.first.ask("GET", f"/admin/v1/releases/{one}", key=AUTHOR).json
    signed = given["approvals"][0]
    body = {"hash": given["hash"], "key": signed["key"], "signature": signed["signature"]}
    replayed = house.first.ask(
        "POST", f"/admin/v1/releases/{two}/approvals", msgspec.json.encode(body), key=AUTHOR
    )
    assert (replayed.status, replayed.json["code"]) == (403, "approval_invalid")
    house.run("publish", one)
    stale = house.approve(two, ok=False)
    assert "draft it anew" in stale
    house.config.write_text(text)


def test_who_may_not_is_told_so(house: House) -> None:
    said = house.first.command("release", "list", key="sb-anna")
    assert said.returncode == 1
    assert "policy.read" in said.stderr
    assert "policy.draft" in house.run("draft", "--summary", "mine", ok=False)
    assert "platform.operate" in house.run("publish", "1", key=AUTHOR, ok=False)


def test_acts_and_decisions_say_which_release(house: House) -> None:
    acts = [each["what"] for each in house.first.records() if each["kind"] == "act"]
    assert {"release.drafted", "release.proved", "release.approved", "release.published"} <= {*acts}
    assert {"release.simulated", "release.rolled_back", "release.withdrawn"} <= {*acts}
