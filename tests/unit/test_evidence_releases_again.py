"""What the pack's verifier makes of a history of releases by itself, against histories that the house would
never have let come about: nobody approves their own draft, twice, for another release or on another base.
"""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from signalbox.domain.acts import Act, ActContent
from signalbox.evidence.plain.pack import GOVERNANCE, Entry
from signalbox.evidence.plain.releases import Publication, in_force, publications
from signalbox.evidence.statements import statements
from signalbox.governance.releases import (
    Approved,
    Approver,
    Drafted,
    Published,
    ReleaseContent,
    Releases,
    RolledBack,
    SourceText,
    Terms,
    content_of,
    key_text,
)

ORIGIN = "here.example/log"
PRIVATE = {
    name: Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"."))
    for name in ("ann", "ben", "cora", "eve")
}
KEYS = {
    name: key_text(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    for name, key in PRIVATE.items()
}
BEN = Approver(name="Ben", subject="ben", key=KEYS["ben"], also=("key:acme:ben",))
CORA = Approver(name="Cora", subject="cora", key=KEYS["cora"])


def content(text: str, *approvers: Approver, approvals: int = 1) -> ReleaseContent:
    return content_of(
        [SourceText(role="settings", name="signalbox.toml", text=text)],
        Terms(approvals=approvals, approvers=approvers or (BEN, CORA)),
    )


def hidden(name: str) -> str:
    """As the log knows a user."""
    return f"u-{sha256(name.encode()).hexdigest()[:8]}" if name else ""


class History:
    """Acts that nobody checked, and what a pack has of them."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.kept: dict[str, bytes] = {}
        self.releases = Releases()

    def do(self, by: str, said: ActContent) -> int:
        number = len(self.acts) + 1
        self.acts.append(
            Act(
                number=number,
                kind=said.kind,
                tenant="",
                by=by,
                time_us=number,
                content=msgspec.json.encode(said),
            )
        )
        self.releases.obey(self.acts[-1])
        return number

    def draft(
        self, number: int, made: ReleaseContent, *, by: str = "ann", base: Any = None, **more: str
    ) -> None:
        current = self.releases.in_force
        stands = (current.number, current.hash) if current else (0, "")
        base_number, base_hash = base or stands
        self.kept[made.hash] = made.bytes
        log = more.get("log", ORIGIN)
        self.do(
            by,
            Drafted(
                base=base_number, base_hash=base_hash, hash=made.hash, log=log, nonce=f"n{number}",
                number=number, summary="a change",
            ),
        )  # fmt: skip

    def approve(self, number: int, who: str, *, signer: str = "", subject: str = "") -> int:
        subject, signer = subject or who, signer or who
        release = self.releases.get(number)
        signature = PRIVATE[signer].sign(release.statement(subject, KEYS[who]).bytes)
        return self.do(
            "operator",
            Approved(
                hash=release.hash, key=KEYS[who], name=who.title(), number=number,
                signature=b64encode(signature).decode(), subject=subject,
            ),
        )  # fmt: skip

    def publish(self, number: int, **changed: Any) -> None:
        release = self.releases.get(number)
        published = Published(
            approvers=(), base=release.base, catalogue="c", hash=release.hash, number=number,
            outcome="kept", policy=f"p{number}", proof=self.proof(f"p{number}"),
        )  # fmt: skip
        self.do("operator", replace(published, **changed))

    def proof(self, policy: str, *outcomes: str) -> str:
        findings = [{"outcome": each} for each in outcomes or ("proved",)]
        report = msgspec.json.encode({"catalogue": "c", "findings": findings, "policy": policy})
        digest = sha256(report).hexdigest()
        self.kept[digest] = report
        return digest

    def roll_back(self, number: int, to: int) -> None:
        current = self.releases.in_force
        assert current is not None
        self.do(
            "operator",
            RolledBack(
                base=current.number, base_hash=current.hash, catalogue="c", hash=self.releases.get(to).hash,
                number=number, outcome="kept", policy=f"p{to}", proof=self.proof(f"p{to}"), reason="r", to=to,
            ),
        )  # fmt: skip

    def found(self, change: Callable[[dict[int, bytes]], object] = bool) -> list[Publication]:
        signed = statements(self.acts)
        change(signed)
        return publications([self.entry(act) for act in self.acts], self.kept.get, signed, ORIGIN)

    def entry(self, act: Act) -> Entry:
        said = msgspec.json.decode(act.content)
        for name in ("name", "subject"):
            if name in said:
                said[name] = hidden(said[name])
        body = {
            "act": f"act-{act.number}", "by": hidden(act.by), "content": msgspec.json.encode(said).decode(),
            "number": act.number, "what": act.kind,
        }  # fmt: skip
        return Entry(act.number, {"tenant": GOVERNANCE, "time_us": act.time_us}, "", body)

    def faults(self) -> list[str]:
        return [each.unapproved for each in self.found()]


def test_what_was_approved_and_proved_stands() -> None:
    history = History()
    for number in (1, 2):
        history.draft(number, content(f"# {number}", approvals=2))
        history.approve(number, "ben")
        history.approve(number, "cora")
        history.publish(number)
    history.roll_back(3, to=1)
    found = history.found()
    assert [each.approvers for each in found] == [("Ben", "Cora")] * 3
    assert [(each.unapproved, each.unproven) for each in found] == [("", "")] * 3
    assert [each.said["number"] for each in in_force(found, found[1].time_us, 10**6)] == [1, 2, 3]
    assert [each.said["number"] for each in in_force(found, found[1].time_us + 1, found[2].time_us)] == [2]


@pytest.mark.parametrize("author", ["ben", " Ben ", "key:acme:ben"])
def test_nobody_approves_what_they_drafted_under_whatever_name(author: str) -> None:
    history = History()
    history.draft(1, content("#"), by=author)
    history.approve(1, "ben")
    history.publish(1)
    assert history.faults() == ["0 of 1 approvals verify"]


def test_an_author_who_is_the_approver_in_the_log_is_not_believed_to_be_another() -> None:
    """Whoever wrote the statement anew under another author's name had the approver sign it."""
    history = History()
    history.draft(1, content("#"), by="ben")
    real, history.acts[0] = history.acts[0], replace(history.acts[0], by="ann")
    history.releases = Releases()
    history.releases.obey(history.acts[0])
    history.approve(1, "ben")
    history.publish(1)
    assert history.faults() == [""]
    signed = statements(history.acts)
    history.acts[0] = real
    entries = [history.entry(act) for act in history.acts]
    (found,) = publications(entries, history.kept.get, signed, ORIGIN)
    assert found.unapproved == "0 of 1 approvals verify"


def test_one_person_or_one_key_counts_once() -> None:
    again = replace(CORA, subject="BEN ")
    for approvers, second in (((BEN, CORA), "ben"), ((BEN, again), "cora")):
        history = History()
        history.draft(1, content("#", *approvers, approvals=2))
        history.approve(1, "ben")
        history.approve(1, second, subject="BEN " if second == "cora" else "")
        history.publish(1)
        assert history.faults() == ["1 of 2 approvals verify"]


def test_a_signature_by_another_key_or_by_nobody_whom_the_release_names_counts_for_nothing() -> None:
    for who, signer in (("ben", "eve"), ("eve", "eve")):
        history = History()
        history.draft(1, content("#"))
        history.approve(1, who, signer=signer)
        history.publish(1)
        assert history.faults() == ["0 of 1 approvals verify"]


def test_the_release_before_says_who_approves() -> None:
    """Not the one that is approved: it could name anybody."""
    eve = Approver(name="Eve", subject="eve", key=KEYS["eve"])
    history = History()
    history.draft(1, content("# 1"))
    history.approve(1, "ben")
    history.publish(1)
    history.draft(2, content("# 2", eve))
    history.approve(2, "eve")
    history.publish(2)
    assert history.faults() == ["", "0 of 1 approvals verify"]


def test_a_base_that_was_not_in_force_is_told() -> None:
    history = History()
    for number in (1, 2):
        history.draft(number, content(f"# {number}"))
        history.approve(number, "ben")
    history.publish(1)
    history.publish(2)
    assert history.faults() == ["", "it was published on a base that was not in force"]
    history = History()
    history.draft(1, content("# 1"), log="elsewhere.example/log")
    history.approve(1, "ben")
    history.publish(1)
    assert history.faults() == ["0 of 1 approvals verify"]


def test_a_way_back_needs_approvers_of_today() -> None:
    history = History()
    history.draft(1, content("# 1"))
    history.approve(1, "ben")
    history.publish(1)
    history.draft(2, content("# 2", CORA))
    history.approve(2, "cora")
    history.publish(2)
    history.roll_back(3, to=1)
    assert history.faults() == ["", "", "0 of 1 approvals verify"]


def test_what_nobody_drafted_or_that_has_other_content_is_told() -> None:
    history = History()
    history.draft(1, content("# 1"))
    history.approve(1, "ben")
    history.publish(1, hash=sha256(b"other").hexdigest())
    assert history.faults() == ["it has other content than its draft"]
    history.acts = [act for act in history.acts if act.kind == Published.kind]
    entries = [history.entry(act) for act in history.acts]
    (found,) = publications(entries, history.kept.get, {}, ORIGIN)
    assert found.unapproved == "nobody drafted it"


@pytest.mark.parametrize(
    ("outcome", "policy", "findings", "said"),
    [
        ("kept", "p1", ("proved",), ""),
        ("nothing", "p1", (), "nothing was proved of it: it has no invariants"),
        ("marked", "p1", ("proved", "unproven"), "1 of 2 findings of its proof are not `proved`"),
        ("kept", "p1", ("violated",), "1 of 1 findings of its proof are not `proved`"),
        ("marked", "p1", ("proved",), "its proof came out as `marked`"),
        ("kept", "p9", ("proved",), "its proof is of another policy or catalogue"),
        ("kept", "", (), "its proof is not in the pack"),
    ],
)
def test_what_was_not_proved_is_told(outcome: str, policy: str, findings: tuple[str, ...], said: str) -> None:
    history = History()
    history.draft(1, content("# 1"))
    history.approve(1, "ben")
    proof = history.proof(policy, *findings) if findings else ""
    history.publish(1, outcome=outcome, proof=proof)
    (found,) = history.found()
    assert found.unapproved == ""
    assert found.unproven.startswith(said)
    assert bool(found.unproven) == bool(said)


def test_a_statement_in_another_form_counts_for_nothing() -> None:
    history = History()
    history.draft(1, content("# 1"))
    act = history.approve(1, "ben")
    history.publish(1)
    for change in (
        lambda signed: signed.pop(act),
        lambda signed: signed.update({act: b"nonsense"}),
        lambda signed: signed.update({act: signed[act] + b" "}),
        lambda signed: signed.update({act: signed[act].partition(b"\n")[0] + b"\n[]"}),
    ):
        assert history.found(change)[0].unapproved == "0 of 1 approvals verify"
    assert history.found()[0].unapproved == ""
