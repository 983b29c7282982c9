"""Names of files as they may be shown: a name is its sender's text, and may hold anything. Pure."""

import unicodedata
from typing import Final

SHOWN_MAX: Final = 80
_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Unicode categories: control, format (what turns the direction of writing), surrogates, unassigned, ends of
lines."""


def shown(name: str) -> str:
    """The last part of what may be a path, without characters that cannot be seen; `file` if nothing is
    left."""
    visible = "".join(sign for sign in name if unicodedata.category(sign) not in _HIDDEN)
    last = " ".join(visible.replace("\\", "/").rpartition("/")[2].split())
    if len(last) > SHOWN_MAX:
        # What a name ends with says what it is.
        last = f"{last[: SHOWN_MAX - 21]}…{last[-20:]}"
    return last if last.strip(". ") else "file"


def counted(number: int, what: str) -> tuple[str, ...]:
    """`3 pictures`, or nothing of none."""
    return (f"{number} {what}{'s' if number > 1 else ''}",) if number else ()
