"""Recorded traffic decided again: under what it was decided by, or under a draft.

    Replayer     one record → what would be decided of it now, or why that cannot be said
    Differ       many of them → Differences: what changes, for whom, at what cost, and what breaks
    Selection    who is to go, or who alone is to stay → the rules that say so

Pure: it is handed records, and whatever they refer to by hash. It reads no log, knows no clock, and
guesses nothing: what cannot be decided again is counted, with the reason.
"""

from signalbox.replay.again import Redecided, Replayer, Undecided, traits_of
from signalbox.replay.contents import ContentUnreadable, compiled
from signalbox.replay.differ import Differ
from signalbox.replay.differences import Change, Differences, Figures, Group, Kind, Load, Shift
from signalbox.replay.drill import Selection, file_name, rules
from signalbox.replay.world import Draft

__all__ = [
    "Change",
    "ContentUnreadable",
    "Differ",
    "Differences",
    "Draft",
    "Figures",
    "Group",
    "Kind",
    "Load",
    "Redecided",
    "Replayer",
    "Selection",
    "Shift",
    "Undecided",
    "compiled",
    "file_name",
    "rules",
    "traits_of",
]
