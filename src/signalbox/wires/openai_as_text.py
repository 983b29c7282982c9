"""What OpenAI's dialects have no word for, said in text, and reasoning, said as an effort.

It does not touch what the dialects can say. Each thing that it does has its note.
"""

from typing import Final

from signalbox.domain.notes import Note
from signalbox.domain.request import Document, Reasoning, SearchResult, ToolResult

FAILED: Final = "error: "
"""What stands before the words of a tool that failed."""

_BUDGET_LOW_MAX: Final = 4_096
_BUDGET_MEDIUM_MAX: Final = 16_384


def document_text(document: Document, notes: list[str]) -> str:
    """A plain text document, after its title and its context."""
    notes.append(Note.DOCUMENT_AS_TEXT)
    return "\n".join([line for line in (document.title, document.context, document.data) if line])


def search_text(result: SearchResult, notes: list[str]) -> str:
    notes.append(Note.SEARCH_RESULTS_AS_TEXT)
    return "\n".join([line for line in (result.title, result.source, *result.texts) if line])


def failure_text(result: ToolResult, notes: list[str]) -> str:
    """What to put before a tool's words: nothing, unless it failed."""
    if not result.failed:
        return ""
    notes.append(Note.FAILED_AS_TEXT)
    return FAILED


def effort_of(reasoning: Reasoning, notes: list[str]) -> str:
    """The effort in the dialects' words, empty for none said. A budget becomes the effort that OpenAI's
    models spend about as much on; `adaptive` becomes `medium`, OpenAI's own default for models that think;
    where thinking is forbidden the effort is `none`."""
    if reasoning.thinking == "off":
        return "none"
    if reasoning.effort:
        return reasoning.effort
    if reasoning.budget_tokens is not None:
        notes.append(Note.BUDGET_AS_EFFORT)
        if reasoning.budget_tokens <= _BUDGET_LOW_MAX:
            return "low"
        return "medium" if reasoning.budget_tokens <= _BUDGET_MEDIUM_MAX else "high"
    if reasoning.adaptive:
        notes.append(Note.ADAPTIVE_AS_EFFORT)
        return "medium"
    return ""
