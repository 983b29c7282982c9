"""The verifier as one file: the modules of `plain`, one after another, without importing each other."""

import re
from importlib.resources import files
from typing import Final

PARTS: Final = ("ed25519", "notes", "trees", "pack", "releases", "tally", "page", "main")
_OURS: Final = re.compile(r"^from signalbox\.[\w.]+ import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_HEAD: Final = '''"""Verifies the evidence pack that it stands in, with Python 3.11 or later and nothing else:

    python3 -I verify.py pack.zip --key LOG_VKEY --checkpoint THE_ONE_THAT_YOU_KEPT

Whoever made the pack could have changed this file as well. So take it from the project's own release, or read
it: it is one file for that reason. It opens no connection, writes no file and believes no report.
"""

'''


def bundled() -> bytes:
    source = files("signalbox.evidence.plain")
    parts = [source.joinpath(f"{name}.py").read_text("utf-8") for name in PARTS]
    return (_HEAD + "\n\n".join(_OURS.sub("", part) for part in parts)).encode()
