"""The same question asked twice: answers that were given before, and who may have them again."""

from signalbox.recall.recall import Asked, Embed, Looked, Recall, RecallCounts
from signalbox.recall.rules import RecallRules

__all__ = ["Asked", "Embed", "Looked", "Recall", "RecallCounts", "RecallRules"]
