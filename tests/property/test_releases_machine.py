"""No path puts a release in force but the one with approvals by others, over this content, on this base.

Authors, approvers, an operator and somebody with other keys do what they can think of, in any order; a model
that knows only who really signed what says which of it may succeed. What came into force is then audited
from the acts alone, and every tampering with what is kept must show there.
"""

from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from signalbox.domain.acts import Act, act_of
from signalbox.domain.errors import SignalboxError
from signalbox.governance.releases import (
    Approver,
    ContentTampered,
    Release,
    ReleaseContent,
    ReleaseProof,
    Releases,
    SourceText,
    Terms,
    audit,
    content_of,
    key_text,
    steps,
)

PEOPLE = ("ann", "ben", "cora", "dan")
STRANGER = "mallory"
PRIVATE = {
    name: Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b".")) for name in (*PEOPLE, STRANGER)
}
KEYS = {
    name: key_text(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    for name, key in PRIVATE.items()
}
OUTCOMES = ("nothing", "kept", "marked", "refused")
HOUSES = ("here.example/log", "elsewhere.example/log")


def signature(release: Release, subject: str, signer: str) -> str:
    """What `signer` signs as `subject`."""
    return b64encode(PRIVATE[signer].sign(release.statement(subject, KEYS[signer]).bytes)).decode()


def content(number: int, approvers: tuple[str, ...], approvals: int) -> ReleaseContent:
    text = SourceText(role="settings", name="signalbox.toml", text=f"# {number}\n")
    named = tuple(Approver(name=name, subject=name, key=KEYS[name]) for name in approvers)
    return content_of([text], Terms(approvals=approvals, approvers=named))


def proof(digest: str, outcome: Any = "nothing") -> ReleaseProof:
    return ReleaseProof(
        hash=digest, policy="p", catalogue="c", invariants="i", report=None, outcome=outcome, reasons=("why",)
    )


class Machine(RuleBasedStateMachine):
    """`acts` is the history; `signed` the model: who truly signed which draft, by its number."""

    @initialize()
    def begin(self) -> None:
        self.acts: list[Act] = []
        self.releases = Releases()
        self.kept: dict[str, bytes] = {}
        self.terms: dict[str, Terms] = {}
        self.signed: dict[int, set[str]] = {}
        self.old: list[str] = []  # signatures that were made for anything
        self.rightful: list[int] = []  # what the model says was put in force

    def _do(self, by: str, proposals: Any) -> None:
        for proposal in proposals:
            act = act_of(proposal, number=len(self.acts) + 1, by=by, time_us=1_000 + len(self.acts))
            self.acts.append(act)
            self.releases.obey(act)

    def _in_force(self) -> tuple[int, str]:
        found = self.releases.in_force
        return (0, "") if found is None else (found.number, found.hash)

    def _numbers(self) -> list[int]:
        return [release.number for release in self.releases]

    @rule(
        author=st.sampled_from((*PEOPLE, STRANGER, " Ann ")),
        approvers=st.lists(st.sampled_from(PEOPLE), unique=True, min_size=1),
        approvals=st.integers(0, 2),
        house=st.sampled_from(HOUSES),
        text=st.integers(0, 5),
    )
    def draft(self, author: str, approvers: list[str], approvals: int, house: str, text: int) -> None:
        made = content(text, tuple(approvers), approvals)
        try:
            proposals = steps.draft(
                self.releases, made, summary="a change", base=None, log=house, nonce=f"n{len(self.acts)}"
            )
        except SignalboxError:
            assert made.hash == self._in_force()[1] or max(1, approvals) > len(approvers)
            return
        self.kept[made.hash] = made.bytes
        self.terms[made.hash] = made.terms
        self._do(author, proposals)
        self.signed[self.releases.number] = set()

    @rule(
        author=st.sampled_from(PEOPLE),
        signer=st.sampled_from(PEOPLE),
        keep_out=st.sampled_from(PEOPLE),
        text=st.integers(0, 5),
    )
    def go_the_whole_way(self, author: str, signer: str, keep_out: str, text: int) -> None:
        """Histories with several releases in force, between which approvers come and go."""
        before = len(self.signed)
        self.draft(author, [name for name in PEOPLE if name != keep_out], 1, HOUSES[0], text)
        if len(self.signed) == before:
            return
        number = self.releases.number
        release = self.releases.get(number)
        governing = self.terms[release.base_hash or release.hash]
        if signer == author or signer not in [approver.subject for approver in governing.approvers]:
            return
        self._approve(release, KEYS[signer], signature(release, signer, signer), may=True)
        self.signed[number].add(signer)
        if len(self.signed[number]) >= max(1, governing.approvals):
            self._do(
                "the operator",
                steps.publish(self.releases, number, proof=proof(release.hash), kept=self.kept.get),
            )
            self.rightful.append(number)

    @precondition(lambda self: self.signed)
    @rule(data=st.data(), person=st.sampled_from(PEOPLE))
    def approve_truly(self, data: st.DataObject, person: str) -> None:
        release = self.releases.get(data.draw(st.sampled_from(sorted(self.signed))))
        made = signature(release, person, person)
        self.old.append(made)
        governing = self.terms[release.base_hash or release.hash]
        may = (
            release.publication is None
            and not release.withdrawn
            and release.base == self._in_force()[0]
            and person in [approver.subject for approver in governing.approvers]
            and person != release.author.strip().casefold()
            and person not in self.signed[release.number]
        )
        self._approve(release, KEYS[person], made, may=may)
        if may:
            self.signed[release.number].add(person)

    @precondition(lambda self: self.signed)
    @rule(
        data=st.data(),
        person=st.sampled_from(PEOPLE),
        how=st.sampled_from(("replay", "forge", "other content")),
    )
    def approve_falsely(self, data: st.DataObject, person: str, how: str) -> None:
        release = self.releases.get(data.draw(st.sampled_from(sorted(self.signed))))
        if how == "forge":
            made = signature(release, person, STRANGER)
        elif how == "replay":
            others = [old for old in self.old if old != signature(release, person, person)]
            if not others:
                return
            made = data.draw(st.sampled_from(others))
        else:
            made = signature(replace(release, hash="0" * 64), person, person)
        self._approve(release, KEYS[person], made, may=False)

    def _approve(self, release: Release, key: str, made: str, *, may: bool) -> None:
        try:
            proposals = steps.approve(
                self.releases,
                release.number,
                content=release.hash,
                key=key,
                signature=made,
                kept=self.kept.get,
            )
        except SignalboxError:
            assert not may
            return
        assert may
        self._do("whoever hands it in", proposals)

    @precondition(lambda self: self.signed)
    @rule(
        data=st.data(), outcome=st.sampled_from(("nothing", "kept", "marked", "refused")), other=st.booleans()
    )
    def publish(self, data: st.DataObject, outcome: str, other: bool) -> None:
        number = data.draw(st.sampled_from(self._numbers()))
        release = self.releases.get(number)
        found = proof("0" * 64 if other else release.hash, outcome)
        governing = self.terms[release.base_hash or release.hash]
        may = (
            release.publication is None
            and not release.withdrawn
            and release.base == self._in_force()[0]
            and len(self.signed.get(number, ())) >= max(1, governing.approvals)
            and outcome != "refused"
            and not other
        )
        try:
            proposals = steps.publish(self.releases, number, proof=found, kept=self._kept_with(found))
        except SignalboxError:
            assert not may
            return
        assert may
        self._do("the operator", proposals)
        self.rightful.append(number)

    @precondition(lambda self: self.signed)
    @rule(data=st.data(), outcome=st.sampled_from(("nothing", "refused")))
    def roll_back(self, data: st.DataObject, outcome: str) -> None:
        to = data.draw(st.sampled_from(self._numbers()))
        target = self.releases.get(to)
        found = proof(target.hash, outcome)
        _, content_now = self._in_force()
        may = to in self.rightful and target.hash != content_now and outcome != "refused"
        if may:
            today = {approver.subject for approver in self.terms[content_now].approvers}
            may = len(self.signed[target.origin] & today) >= max(1, self.terms[content_now].approvals)
        try:
            proposals = steps.roll_back(self.releases, to, reason="it broke", proof=found, kept=self.kept.get)
        except SignalboxError:
            assert not may
            return
        assert may
        self._do("the operator", proposals)
        self.rightful.append(self.releases.number)

    @precondition(lambda self: self.signed)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.signed)))
        may = self.releases.get(number).publication is None and not self.releases.get(number).withdrawn
        try:
            proposals = steps.withdraw(self.releases, number, reason="not needed")
        except SignalboxError:
            assert not may
            return
        assert may
        self._do("its author", proposals)

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def tamper_with_content(self, data: st.DataObject) -> None:
        """For as long as what is kept is not what was approved, nothing that rests on it comes into force."""
        digest = data.draw(st.sampled_from(sorted(filter(None, self.kept))))
        easier = content(99, PEOPLE, 0).bytes
        blank = self.kept[digest].replace(b'"approvals":', b'"approvals": ')
        kept = {**self.kept, digest: data.draw(st.sampled_from((easier, blank)))}
        for release in self.releases:
            if digest not in (release.hash, release.base_hash) or release.publication is not None:
                continue
            with pytest.raises(SignalboxError):
                steps.publish(self.releases, release.number, proof=proof(release.hash), kept=kept.get)
            governing = release.base_hash or release.hash
            if release.base == self._in_force()[0] and not release.withdrawn and digest == governing:
                with pytest.raises(ContentTampered):
                    self._sign(release, "ann", kept.get)

    def _sign(self, release: Release, person: str, kept: Any) -> None:
        steps.approve(
            self.releases,
            release.number,
            content=release.hash,
            key=KEYS[person],
            signature=signature(release, person, person),
            kept=kept,
        )

    def _kept_with(self, found: ReleaseProof) -> Any:
        self.kept.setdefault(found.digest or "", b"")
        return self.kept.get

    @invariant()
    def only_what_is_rightful_is_in_force(self) -> None:
        assert self._in_force()[0] == (self.rightful[-1] if self.rightful else 0)

    @invariant()
    def the_history_passes_the_audit(self) -> None:
        assert audit(self.acts, self.kept.get) == ()
        assert folded(self.acts) == [*self.releases]


def folded(acts: list[Act]) -> list[Release]:
    again = Releases()
    for act in acts:
        again.obey(act)
    return [*again]


Machine.TestCase.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
TestReleases = Machine.TestCase
