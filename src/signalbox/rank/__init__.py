"""The order in which candidates are tried.

Pure, and in integers throughout: two machines with the same inputs make the same plan. It orders what
shortlist kept; it can neither add a candidate nor see one that policy forbids.
"""

from signalbox.rank.rank import Contest, contest, order, rank, weigh

__all__ = ["Contest", "contest", "order", "rank", "weigh"]
