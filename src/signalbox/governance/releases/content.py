"""What a release is: the texts that people read, and what must be true for the next one to follow it.

Content-addressed: its name is the SHA-256 of its canonical bytes. The texts are kept as they were written,
comments included, so that what was approved is what was read. It deliberately does not know what they mean.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import pairwise
from typing import Final, Literal

import msgspec
from msgspec import Struct

from signalbox.domain.canonical import canonical
from signalbox.governance.releases.refusals import ContentTampered, ReleaseRefused

BYTES_MAX: Final = 4 << 20
Kept = Callable[[str], bytes | None]
"""Content by its hash, as it is kept."""
Role = Literal["settings", "policy", "schema", "gates", "invariants"]


class SourceText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`role` is what it is read as; `name` its path beside the settings, by which people know it."""

    role: Role
    name: str
    text: str


class Approver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who may approve: `subject` is who they are as a caller, `also` under which other names they
    are one, `key` their public key."""

    name: str
    subject: str
    key: str
    also: tuple[str, ...] = ()


class Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On what terms the release that follows this one is approved: by how many of whom.

    `marked`: tenants that let what cannot be proved of them be published, marked so; of the others it may
    not be. They are read out of the texts; who reads the texts again finds the same.
    """

    approvals: int = 1
    approvers: tuple[Approver, ...] = ()
    marked: tuple[str, ...] = ()


class ReleaseContent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`texts` in order of role and name, each pair once: equal contents have equal bytes."""

    texts: tuple[SourceText, ...]
    terms: Terms

    @property
    def bytes(self) -> bytes:
        return canonical(self)

    @property
    def hash(self) -> str:
        """Recomputed at each call."""
        return sha256(self.bytes).hexdigest()

    def of(self, role: Role) -> tuple[SourceText, ...]:
        return tuple(text for text in self.texts if text.role == role)


def content_of(texts: Iterable[SourceText], terms: Terms) -> ReleaseContent:
    """Raises `ReleaseRefused` for what is too large or has one name twice."""
    ordered = tuple(sorted(texts, key=_place))
    for earlier, later in pairwise(ordered):
        if _place(earlier) == _place(later):
            raise ReleaseRefused(f"the release has two texts called `{later.name}` ({later.role})")
    made = ReleaseContent(texts=ordered, terms=terms)
    if len(made.bytes) > BYTES_MAX:
        raise ReleaseRefused(f"a release holds at most {BYTES_MAX >> 20} MiB of text")
    return made


def read_content(digest: str, kept: bytes) -> ReleaseContent:
    """INVARIANT: content is used only under the hash that it has. Raises `ContentTampered`."""
    if sha256(kept).hexdigest() != digest:
        raise ContentTampered(f"what is kept as release content `{digest[:16]}…` is not what has that hash")
    try:
        made = msgspec.json.decode(kept, type=ReleaseContent)
    except msgspec.MsgspecError as error:
        raise ContentTampered(f"the release content `{digest[:16]}…` cannot be read: {error}") from error
    if made.bytes != kept:
        raise ContentTampered(f"the release content `{digest[:16]}…` holds more than this version reads")
    return made


def kept_content(digest: str, kept: Kept) -> ReleaseContent:
    """Raises `ContentTampered`."""
    found = kept(digest)
    if found is None:
        raise ContentTampered(f"the release content `{digest[:16]}…` is not kept any more")
    return read_content(digest, found)


def _place(text: SourceText) -> tuple[str, str]:
    return text.role, text.name
