"""Acts of governance in values: what administrators, authors and approvers did, each once and in order.

Service keys, releases and their approvals, break-glass grants and legal holds are kept as one history of
acts. What is in force now is what that history folds to (`signalbox.governance`), so that every process that
has read as far sees the same, and nothing can be changed without leaving the act that changed it.

How acts are stored, heard of and copied to the decision log is not decided here.
"""

from typing import Any, ClassVar, Self

import msgspec
from msgspec import Struct

from signalbox.domain.canonical import canonical
from signalbox.domain.errors import SignalboxError


class ActContent(Struct, frozen=True):
    """What one kind of act says. A subclass per kind, of strings, integers, booleans and arrays of these.

    `personal` names fields that hold the name of a user, or names of users: the decision log gets pseudonyms
    in their place. No field holds a secret: a digest or a public key at most.
    """

    kind: ClassVar[str] = ""
    personal: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def of(cls, act: "Act") -> Self:
        """The content of an act of this kind. Raises `ActUnreadable`."""
        if act.kind != cls.kind:
            raise ActUnreadable(f"act {act.number} is a `{act.kind}`, not a `{cls.kind}`")
        try:
            return msgspec.json.decode(act.content, type=cls)
        except msgspec.MsgspecError as error:
            raise ActUnreadable(f"act {act.number} (`{act.kind}`) cannot be read: {error}") from error


class ActUnreadable(SignalboxError):
    """The history holds an act that this version does not understand: nothing may be concluded from it."""

    code = "act_unreadable"
    status = 503


class Act(Struct, frozen=True, kw_only=True):
    """One entry of the history. `number` counts all acts from 1. `tenant` is whose affair it is, empty for
    the platform's own. `by` is the subject of who did it; `time_us` wall clock; `content` canonical JSON."""

    number: int
    kind: str
    tenant: str
    by: str
    time_us: int
    content: bytes


class Proposal(Struct, frozen=True):
    """An act that is about to be done: without number, time and doer, which the board adds."""

    tenant: str
    content: ActContent


def act_of(proposal: Proposal, *, number: int, by: str, time_us: int) -> Act:
    return Act(
        number=number,
        kind=proposal.content.kind,
        tenant=proposal.tenant,
        by=by,
        time_us=time_us,
        content=canonical(proposal.content),
    )


def told(content: ActContent) -> dict[str, Any]:
    """Its fields, for people and for answers."""
    return msgspec.structs.asdict(content)
