"""The Cedar texts and their schema, read from disk into a `PolicyRelease`, and the invariants beside them.

It deliberately does not parse Cedar, which `signalbox.policy` refuses when it compiles a release, and
proves nothing.
"""

from collections.abc import Sequence
from glob import glob
from pathlib import Path

from signalbox.config.faults import Faults
from signalbox.config.locate import FieldPath
from signalbox.config.tables import PolicyTable
from signalbox.domain.verdict import PolicyRelease
from signalbox.proof import InvariantFault, Invariants, InvariantsInvalid, parse_invariants


def policies(written: PolicyTable, base: Path, faults: Faults) -> tuple[PolicyRelease, tuple[Path, ...]]:
    """The release and the files it came from. Patterns are relative to `base`, the settings' directory.

    Texts are named by their paths relative to `base`, so that a release has the same hash on every machine.
    """
    if not written.files:
        faults.report(("policy", "files"), 'expected at least one pattern such as "policies/*.cedar"')
    texts: dict[str, str] = {}
    read: list[Path] = []
    for index, pattern in enumerate(written.files):
        path: FieldPath = ("policy", "files", index)
        names = sorted(
            name for name in glob(pattern, root_dir=base, recursive=True) if (base / name).is_file()
        )
        if not names:
            faults.report(path, f"no file matches `{pattern}` in {base}")
        for name in names:
            if name in texts:
                continue
            if not name.isascii():  # a key of hashed bytes
                faults.report(path, f"expected names of policy files in ASCII; found `{name}`")
                continue
            texts[name] = _read(base / name, path, faults)
            read.append(base / name)
    schema = base / written.schema
    schema_path: FieldPath = ("policy", "schema")
    schema_text = ""
    if faults.written(schema_path):
        schema_text = _read(schema, schema_path, faults)
        read.append(schema)
    return PolicyRelease(texts=texts, schema=schema_text), tuple(read)


def invariants(written: PolicyTable, base: Path, faults: Faults) -> tuple[Invariants, tuple[Path, ...]]:
    """What the release must keep, and the file it came from; nothing where no file is named."""
    path: FieldPath = ("policy", "invariants")
    if not written.invariants:
        return Invariants(), ()
    file = base / written.invariants
    text = _read(file, path, faults)
    try:
        return parse_invariants(text), (file,)
    except InvariantsInvalid as invalid:
        report_invariants(written, invalid.faults, faults)
        return Invariants(), (file,)


def report_invariants(written: PolicyTable, found: Sequence[InvariantFault], faults: Faults) -> None:
    if found:
        faults.report(("policy", "invariants"), f"{written.invariants}: {'; '.join(map(str, found))}")


def _read(file: Path, path: FieldPath, faults: Faults) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        faults.report(path, f"cannot read {file}: {(error.strerror or 'input or output failed').lower()}")
    except UnicodeDecodeError as error:
        faults.report(path, f"{file} is not UTF-8, at byte {error.start}")
    return ""
