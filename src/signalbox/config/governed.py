"""What of the settings a release governs: cut out of the text as it was written, and read again from there.

The settings file is one; of its tables those in `GOVERNED` decide what may go where, and together with the
files that `[policy]` names they are a release. The rest (server, log, keys, issuers) is the machine's own.
"""

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from glob import glob
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from signalbox.config.checks import distinct, name, text, texts, whole
from signalbox.config.faults import Faults
from signalbox.config.locate import FieldPath, Lines
from signalbox.config.tables import Document
from signalbox.domain.errors import InternalError
from signalbox.governance.releases import (
    Approver,
    ReleaseContent,
    ReleaseRefused,
    SourceText,
    Terms,
    content_of,
    public_bytes,
)
from signalbox.governance.releases.content import Role

GOVERNED: Final = frozenset(
    ("places", "boundaries", "vendors", "models", "endpoints", "objectives", "tenants", "policy", "approvers")
)
SETTINGS_NAME: Final = "signalbox.toml"
_APPROVALS_MAX: Final = 10


class Sources(Protocol):
    """Where the texts that `[policy]` names are read from."""

    def matching(self, pattern: str) -> list[str]:
        """Names of policy files, sorted."""

    def read(self, role: Role, name: str) -> str:
        """Raises `OSError`, `UnicodeDecodeError`."""

    def where(self, name: str) -> Path:
        """What people know it by."""


class Directory:
    """Files beside the settings; `base` is their directory."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def matching(self, pattern: str) -> list[str]:
        found = glob(pattern, root_dir=self._base, recursive=True)
        return sorted(name for name in found if (self._base / name).is_file())

    def read(self, role: Role, name: str) -> str:
        return self.where(name).read_text(encoding="utf-8")

    def where(self, name: str) -> Path:
        return self._base / name


class Released(Struct, frozen=True):
    """A published release, or a draft (`number` 0); `published_us` is when (wall clock): what it says is
    judged as of then, by everyone, so that no release that was good ceases to be one."""

    number: int
    content: ReleaseContent
    published_us: int

    @property
    def name(self) -> str:
        """What errors call it."""
        return f"release {self.number}" if self.number else "the draft"


class ReleasedTexts:
    """The texts of a release: whatever files lie beside the settings, these count."""

    def __init__(self, released: Released) -> None:
        self._texts = {(each.role, each.name): each.text for each in released.content.texts}
        self._name = released.name

    def matching(self, pattern: str) -> list[str]:
        return sorted(name for role, name in self._texts if role == "policy")

    def read(self, role: Role, name: str) -> str:
        found = self._texts.get((role, name))
        if found is None:
            raise FileNotFoundError(2, "it is not in the release")
        return found

    def where(self, name: str) -> Path:
        return Path(self._name) / name


class Recording:
    """Sources that keep the `texts` that were read of them."""

    def __init__(self, sources: Sources) -> None:
        self.texts: list[SourceText] = []
        self._sources = sources

    def matching(self, pattern: str) -> list[str]:
        return self._sources.matching(pattern)

    def read(self, role: Role, name: str) -> str:
        found = self._sources.read(role, name)
        self.texts.append(SourceText(role=role, name=name, text=found))
        return found

    def where(self, name: str) -> Path:
        return self._sources.where(name)


def governed_text(written: str) -> str:
    """The tables that a release governs, with their comments, in their order. `written` is valid TOML.

    INVARIANT: it says of these tables what the whole says, and says nothing else.
    """
    written = written.replace("\r\n", "\n")
    statements = Lines(written).statements
    if not statements:
        return ""
    ends = [begins for _, begins in statements[1:]] + [len(written)]
    cut = "".join(
        written[begins:end] for (root, begins), end in zip(statements, ends, strict=True) if root in GOVERNED
    )
    whole_tables = tomllib.loads(written, parse_float=Decimal)
    kept = {root: table for root, table in whole_tables.items() if root in GOVERNED}
    if tomllib.loads(cut, parse_float=Decimal) != kept:
        raise InternalError("the governed tables cannot be cut out of the settings: please report this file")
    return cut


def refuse_strange(content: ReleaseContent) -> None:
    """Raises `ReleaseRefused` for what `content_with` would not have made: a text that is there twice or out
    of its place, settings beside the settings, or tables in them that a release does not govern. Nothing of
    it would count, and whoever approves would read it as if it did. The content's settings are valid TOML.
    """
    if content_of(content.texts, content.terms) != content:
        raise ReleaseRefused("the texts of a release stand in order of role and name")
    written = content.of("settings")
    if [each.name for each in written] != [SETTINGS_NAME]:
        raise ReleaseRefused(f"a release has one text of settings, called `{SETTINGS_NAME}`")
    if governed_text(written[0].text) != written[0].text:
        raise ReleaseRefused(
            f"the settings of a release hold these tables and no others: {', '.join(sorted(GOVERNED))}"
        )


def terms_of(document: Document, faults: Faults) -> Terms:
    """What the document says of the approval of the next release."""
    table: FieldPath = ("approvers",)
    approvers = []
    for index, written in enumerate(document.approvers):
        path = (*table, index)
        key = written.key
        try:
            public_bytes(key)
        except ValueError as error:
            faults.report((*path, "key"), str(error))
        approvers.append(
            Approver(
                name=name(faults, (*path, "name"), written.name),
                subject=text(faults, (*path, "subject"), written.subject),
                key=key,
                also=texts(faults, (*path, "also"), written.also),
            )
        )
    for field in ("name", "subject", "key"):
        distinct(
            faults,
            f"{field}: each approver is a person of their own",
            (
                ((*table, index, field), getattr(approver, field).strip().casefold())
                for index, approver in enumerate(approvers)
            ),
        )
    approvals = whole(faults, ("policy", "approvals"), document.policy.approvals, 1, _APPROVALS_MAX)
    if approvers and approvals > len(approvers):
        faults.report(
            ("policy", "approvals"), f"expected at most {len(approvers)}, as many as there are [[approvers]]"
        )
    return Terms(
        approvals=approvals,
        approvers=tuple(approvers),
        marked=tuple(sorted(each.id for each in document.tenants if each.policy.unproven == "mark")),
    )


def content_with(settings_text: str, read: Sequence[SourceText], terms: Terms) -> ReleaseContent:
    """Raises `ReleaseRefused` for what is too large."""
    unique = {(each.role, each.name): each for each in read}
    governed = SourceText(role="settings", name=SETTINGS_NAME, text=governed_text(settings_text))
    return content_of([governed, *unique.values()], terms)
