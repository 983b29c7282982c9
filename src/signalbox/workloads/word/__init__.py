"""Word: texts read, summarised, rewritten and drafted."""

from signalbox.workloads.word.offered import WORKLOADS

__all__ = ["WORKLOADS"]
