"""Which releases came into force, who approved them and what was proved of them, checked again.

From the acts that the log has, the contents that they name, and what the approvers signed. What is kept is
not believed: an approval counts if its signature verifies over this draft, by a key that the release before
names, of somebody else than who drafted it. It compiles no rules: that the policy of that hash is what the
texts of that release say is the server's word, and the proof's.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from signalbox.evidence.plain.ed25519 import ed25519_verifies
from signalbox.evidence.plain.notes import Bad, canonical, from_base64
from signalbox.evidence.plain.pack import GOVERNANCE, Entry, Json

APPROVED: Final = "release.approved"
_DRAFTED, _PUBLISHED, _ROLLED_BACK = "release.drafted", "release.published", "release.rolled_back"
_PURPOSE: Final = b"signalbox: approval of a release, version 1\n"
_KEY: Final = "ed25519:"

Contents = Callable[[str], bytes | None]
"""What has that SHA-256, as far as the pack has it."""
Statements = Mapping[int, bytes]
"""What was signed, by the number of the act that it was handed in with."""


class Publication(NamedTuple):
    """A release that came into force. `unapproved` and `unproven` say what is wrong; empty if nothing is."""

    record: int
    time_us: int
    said: Json
    approvers: tuple[str, ...]
    unapproved: str
    unproven: str

    @property
    def told(self) -> Json:
        facts = {name: self.said[name] for name in ("base", "catalogue", "hash", "number", "policy", "proof")}
        judged = {"approvers": list(self.approvers), "outcome": self.said["outcome"], "record": self.record}
        wrong = [each for each in (self.unapproved, self.unproven) if each]
        return {**facts, **judged, "time_us": self.time_us, "wrong": wrong}


class _Draft(NamedTuple):
    """`by` is the author's pseudonym; `approvals` are the acts' numbers and what they say."""

    said: Json
    by: str
    approvals: list[tuple[int, Json]]


def publications(
    acts: Sequence[Entry], contents: Contents, statements: Statements, origin: str
) -> list[Publication]:
    """In the order in which they came into force. `origin` is the log's."""
    house = _House(contents, statements, origin)
    own = [entry for entry in acts if entry.leaf["tenant"] == GOVERNANCE and entry.body is not None]
    for entry in sorted(own, key=lambda entry: (entry.body or {})["number"]):
        house.obey(entry, entry.body or {})
    return house.published


class _House:
    def __init__(self, contents: Contents, statements: Statements, origin: str) -> None:
        self._contents = contents
        self._statements = statements
        self._origin = origin
        self._drafts: dict[int, _Draft] = {}
        self._in_force: tuple[int, str] = (0, "")
        """Number and hash."""
        self._origins: dict[int, tuple[int, str]] = {}
        """Of releases that were in force: the draft that each rests on, and its own hash."""
        self.published: list[Publication] = []

    def obey(self, entry: Entry, body: Json) -> None:
        what = body["what"]
        if what not in (_DRAFTED, APPROVED, _PUBLISHED, _ROLLED_BACK):
            return
        said = json.loads(body["content"])
        if what == _DRAFTED:
            self._drafts[said["number"]] = _Draft(said, body["by"], [])
        elif what == APPROVED:
            if said["number"] in self._drafts:
                self._drafts[said["number"]].approvals.append((body["number"], said))
        else:
            to = said.get("to", said["number"])
            rests_on = self._origins.get(to, (0, ""))[0] if what == _ROLLED_BACK else to
            approvers, fault = self._approved(said, rests_on, back=what == _ROLLED_BACK)
            self._origins[said["number"]] = (rests_on, said["hash"])
            self._in_force = (said["number"], said["hash"])
            unproven = self._unproven(said)
            self.published.append(
                Publication(entry.number, entry.leaf["time_us"], said, approvers, fault, unproven)
            )

    def _approved(self, said: Json, rests_on: int, *, back: bool) -> tuple[tuple[str, ...], str]:
        """The names of those whose approval counts, and what is wrong."""
        draft = self._drafts.get(rests_on)
        if draft is None:
            return (), "nobody drafted it"
        if said["hash"] != draft.said["hash"]:
            return (), "it has other content than its draft"
        base = (said["base"], said["base_hash"] if back else draft.said["base_hash"])
        if base != self._in_force or (not back and draft.said["base"] != base[0]):
            return (), "it was published on a base that was not in force"
        terms = self._terms(base[1] or said["hash"])
        if terms is None or self._contents(said["hash"]) is None:
            return (), "its content, or that of the release before, is not in the pack"
        names = self._standing(draft, terms)
        needed = max(1, terms.get("approvals", 1))
        return names, "" if len(names) >= needed else f"{len(names)} of {needed} approvals verify"

    def _terms(self, digest: str) -> Json | None:
        found = self._contents(digest)
        terms: Json | None = None if found is None else json.loads(found)["terms"]
        return terms

    def _standing(self, draft: _Draft, terms: Json) -> tuple[str, ...]:
        """Each person and each key once."""
        counted: dict[str, Json] = {}
        for act, approved in draft.approvals:
            named = [each for each in terms.get("approvers", []) if each["key"] == approved["key"]]
            statement = self._statements.get(act)
            if len(named) != 1 or statement is None or named[0]["key"] in counted:
                continue
            known = {_person(each["subject"]) for each in counted.values()}
            if _person(named[0]["subject"]) not in known and self._holds(
                statement, approved, draft, named[0]
            ):
                counted[named[0]["key"]] = named[0]
        return tuple(each["name"] for each in counted.values())

    def _holds(self, statement: bytes, approved: Json, draft: _Draft, approver: Json) -> bool:
        """Whether it was signed by this approver, over this draft, which somebody else made."""
        said = _read_statement(statement)
        if said is None or approved["subject"] == draft.by or approved["hash"] != draft.said["hash"]:
            return False
        about = {name: draft.said[name] for name in ("base", "base_hash", "hash", "log", "nonce", "number")}
        stated = {"approver": said.get("approver"), "author": said.get("author"), "key": approved["key"]}
        if said != about | stated or said["log"] != self._origin:
            return False
        author = _person(said["author"])
        if _person(said["approver"]) != _person(approver["subject"]) or author in map(
            _person, (approver["subject"], said["approver"], *approver.get("also", ()))
        ):
            return False
        try:
            public = from_base64(approved["key"].removeprefix(_KEY))
            signature = from_base64(approved["signature"])
        except Bad:
            return False
        return ed25519_verifies(public, statement, signature)

    def _unproven(self, said: Json) -> str:
        if said["outcome"] == "nothing":
            return "nothing was proved of it: it has no invariants"
        found = self._contents(said["proof"]) if said["proof"] else None
        if found is None:
            return "its proof is not in the pack"
        report = json.loads(found)
        if (report["policy"], report["catalogue"]) != (said["policy"], said["catalogue"]):
            return "its proof is of another policy or catalogue"
        outcomes = [finding["outcome"] for finding in report["findings"]]
        open_ = sum(outcome != "proved" for outcome in outcomes)
        if open_:
            return (
                f"{open_} of {len(outcomes)} findings of its proof are not `proved`: it was marked unproven"
            )
        return "" if said["outcome"] == "kept" else f"its proof came out as `{said['outcome']}`"


def in_force(published: Sequence[Publication], from_us: int, to_us: int) -> list[Publication]:
    """Those that were at any moment of the period."""
    before = [each for each in published if each.time_us < from_us][-1:]
    return before + [each for each in published if from_us <= each.time_us < to_us]


def _read_statement(data: bytes) -> Json | None:
    """None for what is no statement in its one form."""
    if not data.startswith(_PURPOSE):
        return None
    try:
        said: Any = json.loads(data.removeprefix(_PURPOSE))
        strings = isinstance(said["approver"], str) and isinstance(said["author"], str)
        return said if strings and _PURPOSE + canonical(said) == data else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _person(subject: str) -> str:
    """Case and outer blanks do not tell people apart."""
    return subject.strip().casefold()
