"""Domain parts → Converse content blocks.

What the model behind the endpoint cannot read is said in another way, with a note; what cannot be said at all
raises `Unsayable`. It does not order the blocks into turns: that is `bedrock_write`.
"""

from base64 import b64encode
from typing import Any, Final

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
from signalbox.wires.anthropic_write_blocks import INVALID_JSON
from signalbox.wires.bedrock_model import ConverseOptions
from signalbox.wires.bedrock_names import DOCUMENT_FORMATS, IMAGE_FORMATS, document_name, tool_id

Block = dict[str, Any]

_decode_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NO_ARGUMENTS: Final = msgspec.Raw(b"{}")
_LOCATIONS: Final = {"char": "documentChar", "page": "documentPage", "block": "documentChunk"}


class Unsayable(ValueError):
    """What the request says has no words in this dialect. The text names the thing, never its content."""


class BlockWriter:
    """The blocks of one request, in order. `notes` in the order in which they arose, each once."""

    __slots__ = ("_documents", "_options", "_taken", "notes")

    def __init__(self, options: ConverseOptions) -> None:
        self._options = options
        self._documents = 0
        self._taken: set[str] = set()
        self.notes: dict[str, None] = {}

    def note(self, note: Note) -> None:
        self.notes[note] = None

    def write(self, part: Part, blocks: list[Block]) -> None:
        """Append the block that `part` is, if any, and the cache point after it."""
        match part:
            case Text():
                if part.text.strip():
                    blocks.append(self._text(part))
                elif part.text:  # the vendor refuses it
                    self.note(Note.BLANK_TEXT_LEFT_OUT)
                self.cache_point(part.cache, blocks)
            case ToolUse():
                blocks.append({"toolUse": self._tool_use(part)})
                self.cache_point(part.cache, blocks)
            case ToolResult():
                blocks.append({"toolResult": self._tool_result(part)})
                self.cache_point(part.cache, blocks)
            case Image() | Document() | SearchResult():
                blocks.append(self._material(part))
                self.cache_point(part.cache, blocks)
            case Thinking():
                self._thinking(part, blocks)
            case Refusal(text=text):
                self.note(Note.REFUSAL_AS_TEXT)
                if text.strip():
                    blocks.append({"text": text})

    def cache_point(self, mark: CacheMark, blocks: list[Block]) -> None:
        if not mark:
            return
        if not self._options.prompt_cache:
            self.note(Note.CACHE_MARKS_LEFT_OUT)
        elif blocks:
            point = {"type": "default", "ttl": "1h"} if mark == "1h" else {"type": "default"}
            blocks.append({"cachePoint": point})

    def _text(self, part: Text) -> Block:
        if not part.citations:
            return {"text": part.text}
        if not self._options.citations:
            self.note(Note.CITATIONS_LEFT_OUT)
            return {"text": part.text}
        citations = [write_citation(citation) for citation in part.citations]
        return {"citationsContent": {"content": [{"text": part.text}], "citations": citations}}

    def _material(self, part: Text | Image | Document | SearchResult) -> Block:
        """What may also stand in a tool's result."""
        match part:
            case Text(text=text):
                return {"text": text}
            case Image():
                return {"image": self._image(part)}
            case Document():
                return {"document": self._document(part)}
            case SearchResult():
                return self._search_result(part)

    def _image(self, image: Image) -> Block:
        form = IMAGE_FORMATS.get(image.media_type)
        if form is None:
            raise Unsayable("an image of this type")
        if image.detail != "auto":
            self.note(Note.IMAGE_DETAIL_LEFT_OUT)
        return {"format": form, "source": {"bytes": image.data}}

    def _document(self, document: Document) -> Block:
        form = DOCUMENT_FORMATS.get(document.media_type)
        if form is None:
            raise Unsayable("a document of this type")
        self._documents += 1
        name = document_name(document.title, self._documents, self._taken)
        if document.title and name != document.title:
            self.note(Note.DOCUMENT_NAME_REWRITTEN)
        if document.media_type != "text/plain":
            source = {"bytes": document.data}
        elif document.cited:  # places in it are then counted in characters
            source = {"text": document.data}
        else:
            source = {"bytes": b64encode(document.data.encode()).decode()}
        block: Block = {"format": form, "name": name, "source": source}
        if document.context:
            block["context"] = document.context
        if document.cited:
            block["citations"] = {"enabled": True}
        return block

    def _search_result(self, result: SearchResult) -> Block:
        if self._options.family != "claude":
            self.note(Note.SEARCH_RESULTS_AS_TEXT)
            lines = (result.title, result.source, *result.texts)
            return {"text": "\n".join([line for line in lines if line])}
        block: Block = {
            "source": result.source,
            "title": result.title,
            "content": [{"text": text} for text in result.texts],
        }
        if result.cited:
            block["citations"] = {"enabled": True}
        return {"searchResult": block}

    def _thinking(self, part: Thinking, blocks: list[Block]) -> None:
        """Claude takes back what Claude sealed; thinking of other models is nobody's to take back."""
        if part.format != "anthropic" or self._options.family != "claude":
            self.note(Note.THINKING_LEFT_OUT if part.signature else Note.THINKING_UNSEALED)
        elif not part.signature:
            self.note(Note.THINKING_UNSEALED)
        elif part.redacted:
            blocks.append({"reasoningContent": {"redactedContent": part.signature}})
        else:
            text = {"text": part.text, "signature": part.signature}
            blocks.append({"reasoningContent": {"reasoningText": text}})

    def _tool_use(self, use: ToolUse) -> Block:
        return {"toolUseId": self._tool_id(use.id), "name": use.name, "input": self._input(use.arguments)}

    def _input(self, arguments: str) -> Any:
        """The model's own text where it is a JSON object, so that no number in it changes."""
        if not arguments.strip():
            return _NO_ARGUMENTS
        try:
            _decode_object(arguments)
        except (ValueError, RecursionError):
            self.note(Note.ARGUMENTS_WRAPPED)
            return {INVALID_JSON: arguments}
        return msgspec.Raw(arguments.encode())

    def _tool_result(self, result: ToolResult) -> Block:
        content = [
            self._material(part)
            for part in result.parts
            if not isinstance(part, Text) or part.text.strip()  # the vendor refuses blank ones
        ]
        if any(part.cache for part in result.parts):
            self.note(Note.CACHE_MARKS_LEFT_OUT)  # a result holds no cache point: the mark after it does
        block: Block = {"toolUseId": self._tool_id(result.id), "content": content}
        if result.failed:
            block["status"] = "error"
        return block

    def _tool_id(self, id: str) -> str:
        written = tool_id(id)
        if written != id:
            self.note(Note.TOOL_ID_REWRITTEN)
        return written


def write_citation(citation: Citation) -> Block:
    block: Block = {}
    if citation.title:
        block["title"] = citation.title
    if citation.cited:
        block["sourceContent"] = [{"text": citation.cited}]
    if citation.kind == "url":
        block["location"] = {"web": {"url": citation.url}}
        return block
    if citation.url:
        block["source"] = citation.url
    index, kind = "documentIndex", _LOCATIONS.get(citation.kind)
    if kind is None:
        index, kind = "searchResultIndex", "searchResultLocation"
    place = {index: citation.source, "start": citation.start, "end": citation.end}
    block["location"] = {kind: {field: count for field, count in place.items() if count >= 0}}
    return block
