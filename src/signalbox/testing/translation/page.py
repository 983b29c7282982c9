"""The page that the reference carries."""

from collections.abc import Callable, Sequence
from typing import Final

from signalbox.domain.reply import Reply
from signalbox.testing.translation.features import ANSWERED, ASKED, SEALED
from signalbox.testing.translation.parties import Client, Vendor, clients, vendors
from signalbox.testing.translation.trial import Cell, answered_through, asked_through, brought_back

_SIGNS: Final = {
    "exact": "✓",
    "noted": "✓ noted",
    "narrowed": "✓ wider word",
    "lacks": "no candidate",
    "refused": "refused",
    "none": "",
    "lost": "LOST",
}

_HEAD: Final = """\
# Translation: any dialect to any vendor

Made by `make docs` from what the wires do, and held to it by a test; not written by hand. A request comes in
one of three dialects; the endpoint that answers speaks another, or the same. What becomes of a feature:

| sign | means |
|---|---|
| ✓ | it arrives as it was sent |
| ✓ noted | it arrives in another form, or in part; the outcome's record and `X-Signalbox-Notes` say how |
| ✓ wider word | the client's dialect has no word so narrow; the next wider one is used |
| no candidate | the shortlist drops endpoints of this kind, with the capability that they lack |
| refused | our door refuses it in words |
| (empty) | one of the two dialects has no such thing |

What an endpoint can do besides depends on its model, and stands in the registry (`capabilities`).
"""


def render(expresses: Callable[[str], int]) -> str:
    """The page `docs/reference/translation.md`."""
    ours, theirs = clients(), vendors(expresses)
    lines = [_HEAD, "## Requests\n"]
    remarks: dict[str, None] = {}
    for client in ours:
        rows = {
            feature: [asked_through(client, vendor, request) for vendor in theirs]
            for feature, request in ASKED.items()
        }
        lines += _table(f"From {client.name}", theirs, rows, remarks)
    lines.append("## Thinking that travels back with a tool's result\n")
    for client in ours:
        rows = {
            whose: [brought_back(client, vendor, thinking) for vendor in theirs]
            for whose, thinking in SEALED.items()
        }
        lines += _table(f"Through {client.name}", theirs, rows, remarks)
    lines.append("## Replies, whole and streamed\n")
    for client in ours:
        rows = {
            feature: [_either(client, vendor, reply) for vendor in theirs]
            for feature, reply in ANSWERED.items()
        }
        lines += _table(f"To {client.name}", theirs, rows, remarks)
    lines.append("## Remarks\n")
    lines += [f"{number}. {words}" for number, words in enumerate(remarks, 1)]
    return "\n".join(lines) + "\n"


def _either(client: Client, vendor: Vendor, reply: Reply) -> Cell:
    whole = answered_through(client, vendor, reply, streamed=False)
    streamed = answered_through(client, vendor, reply, streamed=True)
    if whole == streamed:
        return whole
    return Cell(
        "lost", f"whole: {whole.verdict} {whole.words}; streamed: {streamed.verdict} {streamed.words}"
    )


def _table(
    title: str, theirs: Sequence[Vendor], rows: dict[str, list[Cell]], remarks: dict[str, None]
) -> list[str]:
    lines = [
        f"### {title}\n",
        f"| feature | {' | '.join(vendor.name for vendor in theirs)} |",
        "|---|" + "---|" * len(theirs),
    ]
    for feature, cells in rows.items():
        if all(cell.verdict == "none" for cell in cells):
            continue
        lines.append(f"| {feature} | {' | '.join(_sign(cell, remarks) for cell in cells)} |")
    return [*lines, ""]


def _sign(cell: Cell, remarks: dict[str, None]) -> str:
    sign = _SIGNS[cell.verdict]
    if not cell.words:
        return sign
    remarks.setdefault(cell.words)
    return f"{sign} ({list(remarks).index(cell.words) + 1})"
