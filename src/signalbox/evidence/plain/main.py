"""All checks in their order, and what is said of them: the command that stands in every pack."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from signalbox.evidence.plain.notes import (
    Bad,
    Checkpoint,
    Key,
    key_text,
    read_checkpoint,
    read_key,
    read_note,
)
from signalbox.evidence.plain.pack import (
    CHECKPOINT,
    GOVERNANCE,
    INCLUSION,
    LOG,
    OTHERS,
    README,
    REPORT,
    SWITCHES,
    WINDOW,
    Claim,
    Entry,
    Json,
    Pack,
    check_others,
    check_signers,
    check_window,
)
from signalbox.evidence.plain.page import LIMITS, page, readme
from signalbox.evidence.plain.tally import REGISTER, SUMMARY, Tally
from signalbox.evidence.plain.trees import check_consistency, root_over

NOTHING_KEPT: Final = (
    "YOU BROUGHT NO CHECKPOINT OF YOUR OWN: whoever holds the log's key could have written all of this anew"
)


class Brought(NamedTuple):
    """What the verifier has from elsewhere: `keys` that it trusts (at least one), checkpoints that it kept,
    each with the words for where it is from, and heads of sequences: whose (empty: the tenant's), records
    until then, hash of the last."""

    keys: Sequence[str]
    checkpoints: Sequence[tuple[str, bytes]] = ()
    heads: Sequence[tuple[str, int, str]] = ()


def verified(path: str, brought: Brought) -> list[str]:
    """What was verified, a sentence each. Raises `Bad` at the first thing that is not as it was signed."""
    keys = [read_key(key) for key in brought.keys]
    if not keys:
        raise Bad("no key was given: nothing in a pack can be believed without one")
    pack = Pack(path)
    try:
        return _verified(pack, keys, brought)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Bad(f"a file of the pack is not in its form: {error!r}") from error
    finally:
        pack.close()


def _verified(pack: Pack, keys: Sequence[Key], brought: Brought) -> list[str]:
    claim = pack.claim
    pack.check_files()
    tally = Tally(claim)
    window = [_counted(tally, entry) for entry in pack.entries(WINDOW)]
    others = [_counted(tally, entry) for entry in pack.entries(OTHERS)]
    check_window(claim, window)
    check_others(claim, window, others, tally.kill_epoch)
    new = read_checkpoint(read_note(pack.read(CHECKPOINT)))
    signer = check_signers(pack, keys, new, others)
    leaves = {entry.number: bytes.fromhex(entry.hashed) for entry in (*window, *others)}
    if root_over(leaves, new.size, pack.hashes(INCLUSION)) != new.root:
        raise Bad("the records are not those of the log that the checkpoint was signed over")
    said = [
        f"{len(pack.files)} files are as the manifest has them, signed by {signer.name}+{signer.ident.hex()}",
        f"{len(leaves)} records are in the log of {new.size} records that the same key signed",
        *_ends(claim, window),
        *_whole(others),
    ]
    said += [_kept(pack, new, place, data) for place, data in brought.checkpoints]
    for whose, count, hashed in brought.heads:
        own = [entry for entry in others if entry.leaf["tenant"] == whose] if whose else window
        said.append(_head(whose or claim.tenant, own, count, hashed, closed=claim.closed and not whose))
    made = tally.files(pack.content, pack.statements)
    for name, data in made.items():
        if pack.read(name) != data:
            raise Bad(f"`{name}` does not follow from the records")
    summary = json.loads(made[SUMMARY])
    shown = {
        REPORT: page(claim, summary, json.loads(made[REGISTER]), len(window), new.size),
        README: readme(claim, key_text(signer)),
    }
    for name, data in shown.items():
        if pack.read(name) != data:
            raise Bad(
                f"`{name}` does not say what the records say, or another version wrote it: take `verify.py` "
                "from the project's release that made the pack"
            )
    said.append("summary, register, exceptions, report.html and README.md follow from these records")
    said += [_publication(each) for each in summary["published"]]
    said += _told(summary)
    if not brought.checkpoints and not brought.heads:
        said.append(NOTHING_KEPT)
    return [*said, LIMITS]


def _counted(tally: Tally, entry: Entry) -> Entry:
    """What is needed of it besides: a year of bodies does not fit into memory."""
    tally.add(entry)
    return entry._replace(body=None)


def _ends(claim: Claim, window: Sequence[Entry]) -> list[str]:
    if not window:
        return [f"THE PACK HAS NO RECORD OF {claim.tenant}: none was written, or all were left out"]
    first, last = window[0].leaf, window[-1]
    begins = (
        f"beginning before the period, at its {first['seq']}" if first["seq"] else "beginning with its first"
    )
    said = [
        f"tenant {claim.tenant}: {len(window)} records without a gap, {begins}; "
        f"the head after them is {last.leaf['seq'] + 1}:{last.hashed}"
    ]
    if not claim.closed:
        said.append(
            "THE END IS OPEN: no later record of the tenant is shown, so that some could have been left out "
            "at the end. Bring a head that you kept, or hold this one against the next pack"
        )
    return said


def _kept(pack: Pack, new: Checkpoint, place: str, data: bytes) -> str:
    old = read_checkpoint(read_note(data))
    if old.origin != new.origin:
        raise Bad(f"the checkpoint {place} is of another log, `{old.origin}`")
    if old.size > new.size:
        raise Bad(f"the checkpoint {place} is later than the pack's own: ask for a newer pack")
    name = f"consistency/{old.size}"
    if old.size != new.size and name not in pack.files:
        raise Bad(
            f"the pack has no proof that joins it to the checkpoint {place}: ask for one made with "
            "`signalbox evidence --since` that checkpoint"
        )
    check_consistency(old, new, pack.hashes(name) if old.size != new.size else [])
    return f"the log continues that of the checkpoint {place}, over {old.size} records"


def _whole(others: Sequence[Entry]) -> list[str]:
    said = []
    for name in (SWITCHES, GOVERNANCE, LOG):
        own = [entry for entry in others if entry.leaf["tenant"] == name]
        if own:
            head = f"{len(own)}:{own[-1].hashed}"
            said.append(f"{name}: {len(own)} records from the first on; the head after them is {name}:{head}")
    return said


def _head(whose: str, own: Sequence[Entry], count: int, hashed: str, *, closed: bool) -> str:
    for entry in own:
        if entry.leaf["seq"] + 1 == count:
            if entry.hashed != hashed:
                raise Bad(f"record {count} of `{whose}` is another one than when its head was kept")
            return f"the head that you kept, {count}:{hashed[:16]}…, is on the sequence of {whose}"
    if not own or count > own[-1].leaf["seq"] + 1:
        if closed:
            return f"the head that you kept, of {count} records of {whose}, is later than this pack"
        raise Bad(
            f"`{whose}` had {count} records when its head was kept, and the pack ends before: some are "
            "missing"
        )
    return f"the head that you kept, of {count} records of {whose}, is earlier than this pack"


def read_head(text: str) -> tuple[str, int, str]:
    """`[WHOSE:]RECORDS:HASH`."""
    whose, _, rest = text.rpartition(":")[0].rpartition(":")
    hashed = text.rpartition(":")[2]
    if not (rest.isascii() and rest.isdecimal()) or len(hashed) != 64:
        raise Bad(f"`{text[:80]}` is no head: expected `RECORDS:HASH` or `WHOSE:RECORDS:HASH`")
    return whose, int(rest), hashed


def _publication(each: Json) -> str:
    approvers = ", ".join(each["approvers"]) or "nobody"
    wrong = f"; BUT {'; '.join(each['wrong'])}" if each["wrong"] else "; every invariant is proved"
    return (
        f"release {each['number']} ({each['hash'][:16]}…) was in force; signatures that verify, of others "
        f"than its author: {approvers}{wrong}"
    )


def _told(summary: Json) -> list[str]:
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(summary["counts"].items()))
    found = ", ".join(f"{count} {what}" for what, count in sorted(summary["exceptions"].items()))
    return [f"in the period: {counts or 'nothing'}", f"exceptions: {found or 'none'}"]


def _seen(text: str) -> str:
    """Whoever made the pack chose its names: none of them steers the terminal of who verifies it."""
    return "".join([each if each.isprintable() else ascii(each)[1:-1] for each in text])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Verify a Signalbox evidence pack.")
    parser.add_argument("pack")
    parser.add_argument(
        "--key", action="append", required=True, help="the log's public key, or a file with it"
    )
    parser.add_argument("--checkpoint", action="append", default=[], help="a checkpoint that you kept")
    parser.add_argument("--head", action="append", default=[], help="a head that you kept: [WHOSE:]N:HASH")
    given = parser.parse_args(arguments)
    try:
        keys = [Path(key).read_text("utf-8") if Path(key).is_file() else key for key in given.key]
        kept = [(f"in {name}", Path(name).read_bytes()) for name in given.checkpoint]
        heads = [read_head(head) for head in given.head]
        said = verified(given.pack, Brought(keys, kept, heads))
    except (Bad, OSError, ValueError) as bad:
        print(f"NOT VERIFIED: {_seen(str(bad))}")
        return 1
    for line in said:
        print(_seen(line))
    print("verified")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
