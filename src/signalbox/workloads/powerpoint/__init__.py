"""PowerPoint: decks made of native objects, on which everything has its room."""

from signalbox.workloads.powerpoint.offered import WORKLOADS

__all__ = ["WORKLOADS"]
