"""A witness for somebody else's log, with files and nothing else: `python -m signalbox.witness`.

It holds a new checkpoint to the last one that it cosigned and cosigns it, so that the log's keeper cannot
show two people two logs. It needs Python, `cryptography` and `signalbox.tlog`, and asks no network; how
requests and answers travel is left to whoever runs it. One process at a time for one `--last`.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from signalbox.tlog.checkpoint import seen
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.note import COSIGNATURE, make_skey, read_skey, read_vkey
from signalbox.tlog.witness import read_asked, witnessed

_SEED_BYTES: Final = 32


def make_key(name: str, file: Path) -> str:
    """A new witness key in `file`, which must not exist; the public half, to be handed out."""
    skey = make_skey(name, secrets.token_bytes(_SEED_BYTES), COSIGNATURE)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(skey + "\n")
    return read_skey(skey).verifier.vkey


def cosign(request: Path, log_vkeys: Sequence[str], key: Path, last: Path) -> str:
    """The checkpoint in `request` with our cosignature, which is in `last` before it is returned.

    `last` need not exist at the first time. Raises `Invalid` and `OSError`."""
    before = seen(last.read_bytes()) if last.exists() else None
    asked = read_asked(request.read_bytes())
    witness = read_skey(key.read_text("utf-8"))
    known = [read_vkey(vkey) for vkey in log_vkeys]
    note = str(witnessed(asked, before, known, witness, int(time.time())))
    passing = last.with_name(f"{last.name}.{os.getpid()}")
    with passing.open("w", encoding="utf-8") as opened:
        opened.write(note)
        opened.flush()
        os.fsync(opened.fileno())
    passing.replace(last)
    return note


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="witness", description="Cosign a log's checkpoint.")
    commands = parser.add_subparsers(dest="command", required=True)
    key = commands.add_parser("key", help="make a witness's key and print its public half")
    key.add_argument("name", help="a name such as witness.example.com/w1")
    key.add_argument("file", type=Path)
    sign = commands.add_parser("cosign", help="check a request and print the cosigned checkpoint")
    sign.add_argument("request", type=Path, help="what `signalbox log prove --since` wrote")
    sign.add_argument("--log", action="append", required=True, help="the log's public key")
    sign.add_argument("--key", type=Path, required=True, help="the witness's key file")
    sign.add_argument(
        "--last", type=Path, required=True, help="the checkpoint cosigned last; kept up to date"
    )
    said = parser.parse_args(arguments)
    try:
        if said.command == "key":
            sys.stdout.write(make_key(said.name, said.file) + "\n")
        else:
            sys.stdout.write(cosign(said.request, said.log, said.key, said.last))
    except (Invalid, OSError) as error:
        sys.stderr.write(f"witness: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
