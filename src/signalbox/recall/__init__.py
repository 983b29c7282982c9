"""The same question asked twice: answers that were given before, and who may have them again."""

from signalbox.recall.recall import Asked, Looked, Recall, RecallCounts
from signalbox.recall.rules import RecallRules

__all__ = ["Asked", "Looked", "Recall", "RecallCounts", "RecallRules"]
