"""What records refer to by hash, read back: policy and catalogue releases, health snapshots, ranking
rules, terms of break-glass grants.

INVARIANT: content is used only under the hash that it has. It looks nothing up: it is handed `blob`.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from signalbox.domain.endpoint import Catalogue, CatalogueRelease
from signalbox.domain.errors import SignalboxError
from signalbox.domain.grants import GrantTerms
from signalbox.domain.plan import HealthSnapshot, Ranking
from signalbox.domain.principal import Tenant
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import CompiledPolicy, compile_policy

Blob = Callable[[str], bytes | None]
"""The bytes that have this SHA-256 (lower-case hex); None if they are not kept."""

Read = TypeVar("Read")
_KEPT_MAX: Final = 256


class ContentUnreadable(SignalboxError):
    """What the log keeps under a hash is not what has that hash, or not of this version's making."""

    code = "content_unreadable"


class _PolicyContent(Struct):
    """As `CompiledPolicy.content` writes it."""

    schema: str
    tenants: list[tuple[str, str]]
    texts: list[tuple[str, str]]


class RecordedPolicy(Struct, frozen=True):
    """A policy release with the tenants' facts that it was compiled for."""

    release: PolicyRelease
    tenants: tuple[Tenant, ...]


def recorded_policy(content: bytes) -> RecordedPolicy:
    """Raises `msgspec.DecodeError` for bytes that no policy release has."""
    kept = msgspec.json.decode(content, type=_PolicyContent)
    tenants = tuple(Tenant(id=name, home_cloud=home) for name, home in kept.tenants)
    return RecordedPolicy(PolicyRelease(texts=dict(kept.texts), schema=kept.schema), tenants)


def compiled(content: bytes, catalogue: Catalogue) -> CompiledPolicy:
    """The recorded policy release, in force over `catalogue`. Raises `PolicyInvalid`, `DecodeError`."""
    kept = recorded_policy(content)
    return compile_policy(kept.release, catalogue, kept.tenants)


class Contents:
    """Each content decoded once. The few hundred last asked for are kept.

    Every method returns None where the log keeps it no longer, and raises `ContentUnreadable`.
    """

    __slots__ = ("_blob", "_kept")

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._kept: dict[str, object] = {}

    def policy(self, digest: str) -> RecordedPolicy | None:
        return self._read(digest, "policy release", recorded_policy)

    def catalogue(self, digest: str) -> Catalogue | None:
        return self._read(digest, "catalogue release", _catalogue)

    def snapshot(self, digest: str) -> HealthSnapshot | None:
        return self._read(digest, "health snapshot", msgspec.json.Decoder(HealthSnapshot).decode)

    def ranking(self, digest: str) -> Ranking | None:
        return self._read(digest, "ranking rules", msgspec.json.Decoder(Ranking).decode)

    def grant(self, digest: str) -> GrantTerms | None:
        return self._read(digest, "break-glass grant", msgspec.json.Decoder(GrantTerms).decode)

    def _read(self, digest: str, what: str, read: Callable[[bytes], Read]) -> Read | None:
        kept = self._kept.get(digest)
        if kept is not None:
            return kept  # type: ignore[return-value]  # a hash is only ever asked for as what it is of
        content = self._blob(digest)
        if content is None:
            return None
        if sha256(content).hexdigest() != digest:
            raise ContentUnreadable(f"the log's {what} `{digest[:16]}…` is not what that hash was made of")
        try:
            made = read(content)
        except msgspec.DecodeError as error:
            raise ContentUnreadable(
                f"the log's {what} `{digest[:16]}…` has another shape than this version writes ({error})"
            ) from error
        if len(self._kept) >= _KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[digest] = made
        return made


def _catalogue(content: bytes) -> Catalogue:
    return Catalogue(msgspec.json.decode(content, type=CatalogueRelease))


def laid_over(release: PolicyRelease, added: dict[str, str]) -> PolicyRelease:
    """The release with these texts: one of a name that is there already takes its place."""
    return PolicyRelease(texts={**release.texts, **added}, schema=release.schema)
