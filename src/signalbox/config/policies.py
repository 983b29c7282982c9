"""The Cedar texts and their schema, read from disk into a `PolicyRelease`, and the invariants beside them.

It deliberately does not parse Cedar, which `signalbox.policy` refuses when it compiles a release, and
proves nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from signalbox.config.faults import Faults
from signalbox.config.governed import Sources
from signalbox.config.locate import FieldPath
from signalbox.config.tables import PolicyTable
from signalbox.domain.verdict import PolicyRelease
from signalbox.governance.releases.content import Role
from signalbox.proof import InvariantFault, Invariants, InvariantsInvalid, parse_invariants


def policies(
    written: PolicyTable, sources: Sources, faults: Faults
) -> tuple[PolicyRelease, tuple[Path, ...]]:
    """The release and the files it came from. Patterns are relative to the settings' directory.

    Texts are named by their paths relative to it, so that a release has the same hash on every machine.
    """
    if not written.files:
        faults.report(("policy", "files"), 'expected at least one pattern such as "policies/*.cedar"')
    texts: dict[str, str] = {}
    read: list[Path] = []
    for index, pattern in enumerate(written.files):
        path: FieldPath = ("policy", "files", index)
        names = sources.matching(pattern)
        if not names:
            faults.report(path, f"no file matches `{pattern}` in {sources.where('.')}")
        for name in names:
            if name in texts:
                continue
            if not name.isascii():  # a key of hashed bytes
                faults.report(path, f"expected names of policy files in ASCII; found `{name}`")
                continue
            texts[name] = _read(sources, "policy", name, path, faults)
            read.append(sources.where(name))
    schema_path: FieldPath = ("policy", "schema")
    schema_text = ""
    if faults.written(schema_path):
        schema_text = _read(sources, "schema", written.schema, schema_path, faults)
        read.append(sources.where(written.schema))
    return PolicyRelease(texts=texts, schema=schema_text), tuple(read)


def invariants(written: PolicyTable, sources: Sources, faults: Faults) -> tuple[Invariants, tuple[Path, ...]]:
    """What the release must keep, and the file it came from; nothing where no file is named."""
    path: FieldPath = ("policy", "invariants")
    if not written.invariants:
        return Invariants(), ()
    file = sources.where(written.invariants)
    text = _read(sources, "invariants", written.invariants, path, faults)
    try:
        return parse_invariants(text), (file,)
    except InvariantsInvalid as invalid:
        report_invariants(written, invalid.faults, faults)
        return Invariants(), (file,)


def report_invariants(written: PolicyTable, found: Sequence[InvariantFault], faults: Faults) -> None:
    if found:
        faults.report(("policy", "invariants"), f"{written.invariants}: {'; '.join(map(str, found))}")


def _read(sources: Sources, role: Role, name: str, path: FieldPath, faults: Faults) -> str:
    file = sources.where(name)
    try:
        return sources.read(role, name)
    except OSError as error:
        faults.report(path, f"cannot read {file}: {(error.strerror or 'input or output failed').lower()}")
    except UnicodeDecodeError as error:
        faults.report(path, f"{file} is not UTF-8, at byte {error.start}")
    return ""
