"""Single refusals that matter most, each by name; the machine in tests/property tries everything together."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signalbox.domain.acts import act_of
from signalbox.governance.releases import (
    Approver,
    ReleaseProof,
    ReleaseRefused,
    Releases,
    SelfApproval,
    SourceText,
    StaleBase,
    Terms,
    content_of,
    key_text,
    public_bytes,
    steps,
)

PRIVATE = {name: Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32)) for name in ("Ben", "cora")}
KEYS = {
    name: key_text(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    for name, key in PRIVATE.items()
}


class House:
    def __init__(self) -> None:
        self.releases = Releases()
        self.kept: dict[str, bytes] = {}
        self.acts = 0

    def do(self, by: str, proposals: object) -> None:
        for proposal in proposals:  # type: ignore[attr-defined]  # what steps answer
            self.acts += 1
            self.releases.obey(act_of(proposal, number=self.acts, by=by, time_us=self.acts))

    def draft(self, text: str, author: str = "ann", approvers: tuple[str, ...] = ("Ben", "cora")) -> int:
        named = tuple(Approver(name=name, subject=name, key=KEYS[name]) for name in approvers)
        made = content_of(
            [SourceText(role="settings", name="signalbox.toml", text=text)], Terms(approvers=named)
        )
        self.kept[made.hash] = made.bytes
        drafted = steps.draft(self.releases, made, summary="s", base=None, log="l", nonce=f"n{self.acts}")
        self.do(author, drafted)
        return self.releases.number

    def approve(self, number: int, by: str = "Ben") -> None:
        release = self.releases.get(number)
        signature = b64encode(PRIVATE[by].sign(release.statement(by, KEYS[by]).bytes)).decode()
        approved = steps.approve(
            self.releases,
            number,
            content=release.hash,
            key=KEYS[by],
            signature=signature,
            kept=self.kept.get,
        )
        self.do(by, approved)

    def proof(self, number: int) -> ReleaseProof:
        return ReleaseProof(
            hash=self.releases.get(number).hash,
            policy="p",
            catalogue="c",
            invariants="i",
            report=None,
            outcome="nothing",
            reasons=(),
        )

    def publish(self, number: int) -> None:
        self.do("op", steps.publish(self.releases, number, proof=self.proof(number), kept=self.kept.get))

    def back(self, to: int) -> None:
        back = steps.roll_back(self.releases, to, reason="it broke", proof=self.proof(to), kept=self.kept.get)
        self.do("op", back)


def test_what_was_drafted_on_another_base_is_void() -> None:
    house = House()
    one, two = house.draft("one"), house.draft("two")
    house.approve(one)
    house.approve(two)
    house.publish(one)
    with pytest.raises(StaleBase, match="draft it anew, its approvals are void"):
        house.publish(two)
    with pytest.raises(StaleBase):
        house.approve(two, "cora")
    assert house.releases.state(house.releases.get(two)) == "stale"


def test_case_and_blanks_make_nobody_another_person() -> None:
    house = House()
    number = house.draft("one", author=" ben ")
    with pytest.raises(SelfApproval):
        house.approve(number, "Ben")
    house.approve(number, "cora")


def test_whoever_drafts_under_another_name_of_theirs_does_not_approve() -> None:
    house = House()
    ben = Approver(name="ben", subject="Ben", key=KEYS["Ben"], also=("key:acme:ben",))
    made = content_of(
        [SourceText(role="settings", name="signalbox.toml", text="one")], Terms(approvers=(ben,))
    )
    house.kept[made.hash] = made.bytes
    house.do("key:acme:ben", steps.draft(house.releases, made, summary="s", base=None, log="l", nonce="n"))
    with pytest.raises(SelfApproval):
        house.approve(1)


def test_who_is_no_approver_any_more_has_no_say_by_an_old_approval() -> None:
    house = House()
    one = house.draft("one")
    house.approve(one, "Ben")
    house.publish(one)
    two = house.draft("two", approvers=("cora",))
    house.approve(two, "cora")
    house.publish(two)
    with pytest.raises(ReleaseRefused, match="0 are by approvers of today"):
        house.back(one)


def test_a_way_back_is_a_release_of_its_own() -> None:
    house = House()
    for text in ("one", "two"):
        number = house.draft(text)
        house.approve(number)
        house.publish(number)
    house.back(1)
    back = house.releases.in_force
    assert back is not None
    assert (back.number, back.origin, back.hash) == (3, 1, house.releases.get(1).hash)
    with pytest.raises(ReleaseRefused, match="is in force"):
        house.back(1)
    house.back(2)
    assert house.releases.in_force is not None
    assert house.releases.in_force.number == 4
    with pytest.raises(ReleaseRefused, match="never changes"):
        house.publish(1)


def test_a_release_that_could_be_the_last_is_refused() -> None:
    with pytest.raises(ReleaseRefused, match="add \\[\\[approvers\\]\\]"):
        House().draft("one", approvers=())


@pytest.mark.parametrize(
    "key", ["", "ed25519:", "ed25519:AAAA", KEYS["Ben"].removeprefix("ed25519:"), KEYS["Ben"] + "="]
)
def test_a_public_key_has_one_form(key: str) -> None:
    with pytest.raises(ValueError, match="expected a public key"):
        public_bytes(key)
