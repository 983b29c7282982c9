"""The content of messages and of tool results, from a client's blocks → domain parts.

A document made of blocks becomes one text, which is noted. It does not decide which role may hold what.
"""

import binascii
from typing import Final

import msgspec

from signalbox.domain.notes import Note
from signalbox.domain.request import (
    CacheMark,
    Document,
    Image,
    SearchResult,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from signalbox.wires import anthropic_body as wire
from signalbox.wires.anthropic_citation import is_hosted, read_citation
from signalbox.wires.anthropic_refusals import malformed, unsupported
from signalbox.wires.seals import unseal_named

_IMAGE_TYPES: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
_PDF: Final = "application/pdf"
_encode: Final = msgspec.json.Encoder().encode


def read_mark(control: wire.CacheControl | None) -> CacheMark:
    return "" if control is None else control.ttl or "5m"


def read_text(block: wire.TextBlock, path: str) -> Text:
    if block.cache_control is None and not block.citations:
        return Text(block.text)
    for place, citation in enumerate(block.citations or ()):
        if is_hosted(citation):
            raise unsupported(
                f"{path}.citations[{place}]", "citations of a search that the vendor hosts are not offered"
            )
    citations = tuple([read_citation(citation) for citation in block.citations or ()])
    return Text(block.text, read_mark(block.cache_control), citations)


def read_image(block: wire.ImageBlock, path: str) -> Image:
    source = block.source
    if source.media_type not in _IMAGE_TYPES:
        raise malformed(
            f"{path}.source.media_type", "an image is image/png, image/jpeg, image/gif or image/webp"
        )
    _refuse_broken(source.data, f"{path}.source.data")
    return Image(source.media_type, source.data, cache=read_mark(block.cache_control))


def read_document(block: wire.DocumentBlock, path: str, notes: list[str]) -> Document:
    source = block.source
    media_type = "text/plain"
    match source:
        case wire.Base64Source():
            if source.media_type != _PDF:
                raise malformed(f"{path}.source.media_type", "a document in base64 is application/pdf")
            _refuse_broken(source.data, f"{path}.source.data")
            media_type, data = _PDF, source.data
        case wire.TextSource():
            data = source.data
        case wire.ContentSource():
            data = _joined(source.content, f"{path}.source.content", notes)
    return Document(
        media_type,
        data,
        block.title or "",
        block.context or "",
        block.citations is not None and block.citations.enabled is True,
        read_mark(block.cache_control),
    )


def _joined(content: str | list[wire.TextBlock | wire.ImageBlock], path: str, notes: list[str]) -> str:
    if isinstance(content, str):
        return content
    texts = []
    for place, block in enumerate(content):
        if isinstance(block, wire.ImageBlock):
            raise unsupported(f"{path}[{place}].type", "images inside documents are not offered")
        if block.cache_control is not None:
            notes.append(Note.CACHE_MARKS_LEFT_OUT)
        texts.append(block.text)
    if len(texts) > 1:
        notes.append(Note.DOCUMENT_BLOCKS_JOINED)
    return "\n\n".join(texts)


def read_search_result(block: wire.SearchResultBlock, notes: list[str]) -> SearchResult:
    if any(text.cache_control is not None for text in block.content):
        notes.append(Note.CACHE_MARKS_LEFT_OUT)
    return SearchResult(
        block.source,
        block.title,
        tuple([text.text for text in block.content]),
        block.citations is not None and block.citations.enabled is True,
        read_mark(block.cache_control),
    )


def read_thinking(block: wire.ThinkingBlock | wire.RedactedBlock) -> Thinking:
    if isinstance(block, wire.RedactedBlock):
        format, signature, id = unseal_named(block.data, "anthropic")
        return Thinking("", signature, format, True, id)
    format, signature, id = unseal_named(block.signature, "anthropic")
    return Thinking(block.thinking, signature, format, False, id)


def read_tool_use(block: wire.ToolUseBlock) -> ToolUse:
    return ToolUse(block.id, block.name, _encode(block.input).decode(), read_mark(block.cache_control))


def read_tool_result(block: wire.ToolResultBlock, path: str, notes: list[str]) -> ToolResult:
    content = block.content
    parts: tuple[Text | Image | Document | SearchResult, ...]
    if isinstance(content, str):
        parts = (Text(content),)
    else:
        parts = tuple(
            [read_material(one, f"{path}.content[{place}]", notes) for place, one in enumerate(content or ())]
        )
    return ToolResult(block.tool_use_id, parts, block.is_error is True, read_mark(block.cache_control))


def read_material(
    block: wire.ResultBlock, path: str, notes: list[str]
) -> Text | Image | Document | SearchResult:
    match block:
        case wire.TextBlock():
            return read_text(block, path)
        case wire.ImageBlock():
            return read_image(block, path)
        case wire.DocumentBlock():
            return read_document(block, path, notes)
        case wire.SearchResultBlock():
            return read_search_result(block, notes)


def _refuse_broken(data: str, path: str) -> None:
    try:
        whole = binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        whole = b""
    if not whole:
        raise malformed(path, "not valid base64")
