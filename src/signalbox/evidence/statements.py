"""What approvers of releases signed, from the history of acts, for packs.

The log knows authors and approvers by pseudonyms only, and a signature is over their names: so a pack has
these names, of those who govern and of nobody else.
"""

from collections.abc import Iterable

from signalbox.domain.acts import Act
from signalbox.governance.releases import KINDS, Approved, Releases


def statements(acts: Iterable[Act]) -> dict[int, bytes]:
    """By the number of the act with which an approval was handed in. Raises `ActUnreadable`, `NotFound`."""
    kinds = {kind.kind for kind in KINDS}
    releases, found = Releases(), dict[int, bytes]()
    for act in acts:
        if act.kind not in kinds:
            continue
        releases.obey(act)
        if act.kind == Approved.kind:
            approved = Approved.of(act)
            release = releases.get(approved.number)
            found[act.number] = release.statement(approved.subject, approved.key).bytes
    return found
