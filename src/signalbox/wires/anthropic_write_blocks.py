"""Domain parts → the blocks of a Messages request to the vendor.

What a block cannot say is noted where it is left out. It does not decide whose turn a block belongs to.
"""

import re
from hashlib import blake2b
from typing import Any, Final, TypeGuard

import msgspec

from signalbox.domain.notes import Note
from signalbox.domain.request import (
    CacheMark,
    Citation,
    Document,
    Image,
    Part,
    Refusal,
    SearchResult,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from signalbox.wires.anthropic_citation import write_citation

INVALID_JSON: Final = "INVALID_JSON"
"""The key under which text that should have been a JSON object travels; the vendor's advice for it."""

_IDS: Final = re.compile("[a-zA-Z0-9_-]{1,256}")
_decode: Final = msgspec.json.Decoder().decode
_FIVE_MINUTES: Final = {"type": "ephemeral"}
_AN_HOUR: Final = {"type": "ephemeral", "ttl": "1h"}
Block = dict[str, Any]


def write_mark(mark: CacheMark) -> dict[str, str]:
    return _AN_HOUR if mark == "1h" else _FIVE_MINUTES


def write_input(arguments: str) -> tuple[Any, bool]:
    """A tool call's arguments as the JSON object that the dialect demands, and whether they are one.

    No arguments at all are an empty object. The model's own text is kept where it is an object.
    """
    if not arguments:
        return {}, True
    try:
        if type(_decode(arguments)) is dict:
            return msgspec.Raw(arguments.encode()), True
    except (ValueError, RecursionError):
        pass
    return {INVALID_JSON: arguments}, False


def write_parts(parts: tuple[Part, ...], notes: dict[str, None]) -> list[Block]:
    blocks: list[Block] = []
    for part in parts:
        match part:
            case Text():
                if _is_worth_saying(part, notes):
                    blocks.append(write_text(part, notes))
            case ToolUse():
                blocks.append(_tool_use(part, notes))
            case ToolResult():
                blocks.append(_tool_result(part, notes))
            case Thinking():
                if (block := _thinking(part, notes)) is not None:
                    blocks.append(block)
            case Refusal():
                notes[Note.REFUSAL_AS_TEXT] = None
                if part.text.strip():
                    blocks.append({"type": "text", "text": part.text})
            case _:
                blocks.append(_material(part, notes))
    return blocks


def write_text(text: Text, notes: dict[str, None]) -> Block:
    block: Block = {"type": "text", "text": text.text}
    if text.cache:
        block["cache_control"] = write_mark(text.cache)
    if text.citations:
        kept = [write_citation(citation) for citation in text.citations if _is_placed(citation)]
        if len(kept) < len(text.citations):
            notes[Note.CITATIONS_LEFT_OUT] = None
        if kept:
            block["citations"] = kept
    return block


def _is_worth_saying(text: Text, notes: dict[str, None]) -> bool:
    """The vendor refuses blank text blocks; an empty one says nothing, so no note is owed for it."""
    if text.text and not text.text.isspace():
        return True
    if text.text:
        notes[Note.BLANK_TEXT_LEFT_OUT] = None
    if text.cache:
        notes[Note.CACHE_MARKS_LEFT_OUT] = None
    return False


def _is_placed(citation: Citation) -> bool:
    """The vendor takes back what it could have said itself."""
    return citation.kind != "url" and min(citation.source, citation.start, citation.end) >= 0


def _tool_use(use: ToolUse, notes: dict[str, None]) -> Block:
    given, is_object = write_input(use.arguments)
    if not is_object:
        notes[Note.ARGUMENTS_WRAPPED] = None
    block: Block = {"type": "tool_use", "id": _id(use.id, notes), "name": use.name, "input": given}
    if use.cache:
        block["cache_control"] = write_mark(use.cache)
    return block


def _tool_result(result: ToolResult, notes: dict[str, None]) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": _id(result.id, notes)}
    parts = result.parts
    if len(parts) == 1 and is_plain(parts[0]):
        block["content"] = parts[0].text
    elif parts:
        block["content"] = write_parts(parts, notes)
    if result.failed:
        block["is_error"] = True
    if result.cache:
        block["cache_control"] = write_mark(result.cache)
    return block


def is_plain(part: Part) -> TypeGuard[Text]:
    """Text and nothing else, which the dialect says with a string."""
    return type(part) is Text and not part.cache and not part.citations


def _id(id: str, notes: dict[str, None]) -> str:
    """Another vendor's id may hold what this one refuses: then a digest stands for it, here and there."""
    if _IDS.fullmatch(id):
        return id
    notes[Note.TOOL_ID_REWRITTEN] = None
    return f"sb_{blake2b(id.encode(), digest_size=16).hexdigest()}"


def _thinking(thinking: Thinking, notes: dict[str, None]) -> Block | None:
    if thinking.format not in ("", "anthropic"):
        notes[Note.THINKING_LEFT_OUT] = None
        return None
    if not thinking.signature or not thinking.format:
        notes[Note.THINKING_UNSEALED] = None
        return None
    if thinking.redacted:
        return {"type": "redacted_thinking", "data": thinking.signature}
    return {"type": "thinking", "thinking": thinking.text, "signature": thinking.signature}


def _material(part: Image | Document | SearchResult, notes: dict[str, None]) -> Block:
    match part:
        case Image():
            source = {"type": "base64", "media_type": part.media_type, "data": part.data}
            block: Block = {"type": "image", "source": source}
            if part.detail != "auto":
                notes[Note.IMAGE_DETAIL_LEFT_OUT] = None
        case Document():
            block = _document(part)
        case SearchResult():
            block = {
                "type": "search_result",
                "source": part.source,
                "title": part.title,
                "content": [{"type": "text", "text": text} for text in part.texts],
            }
            if part.cited:
                block["citations"] = {"enabled": True}
    if part.cache:
        block["cache_control"] = write_mark(part.cache)
    return block


def _document(document: Document) -> Block:
    if document.media_type == "text/plain":
        kind = "text"
    elif document.media_type == "application/pdf":
        kind = "base64"
    else:
        raise ValueError("a document that is neither plain text nor PDF cannot have come this far")
    source = {"type": kind, "media_type": document.media_type, "data": document.data}
    block: Block = {"type": "document", "source": source}
    if document.title:
        block["title"] = document.title
    if document.context:
        block["context"] = document.context
    if document.cited:
        block["citations"] = {"enabled": True}
    return block
