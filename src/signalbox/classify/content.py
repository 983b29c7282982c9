"""All that a request says, in one string.

Everything that would leave is gathered: message texts and names, refusals, tool calls and results,
tool descriptions and schemas, the reply's schema, stop words. It does not judge any of it.

Texts are joined by a boundary character across which no detector looks. So every text is judged on its own,
adding or inserting another one cannot undo what was found, and one scan serves for all of them. The price:
a number that is cut in two and put in two texts is not put together again.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.domain.request import (
    Document,
    Image,
    Part,
    Request,
    SearchResult,
    Text,
    Tool,
    ToolResult,
    ToolUse,
)

BOUNDARY: Final = "\x1f"


class Content(Struct, frozen=True):
    """`text` is what travels, for counting; `scanned` is that plus what hides behind JSON escapes.

    `only_text`: the messages have no other parts. `opaque`: something travels that no detector here can read.
    `document_bytes` is the size, in base64, of documents that are not plain text.
    """

    text: str
    scanned: str
    only_text: bool
    opaque: bool = False
    images: int = 0
    images_low: int = 0
    document_bytes: int = 0


def gather(request: Request) -> Content:
    texts: list[str] = []
    images: list[Image] = []
    documents: list[Document] = []
    unescaped: list[str] = []
    only_text = True
    for message in request.messages:
        if message.name:
            texts.append(message.name)
        for part in message.parts:
            if type(part) is Text:
                texts.append(part.text)
            else:
                only_text = False
                _part_texts(part, texts, images, documents, unescaped)
    if request.tools:
        for tool in request.tools:
            _tool_texts(tool, texts, unescaped)
    answer = request.response_format
    if answer is not None:
        if answer.name or answer.description:
            texts += (answer.name, answer.description)
        if answer.schema is not None:
            _schema_texts(answer.schema, texts, unescaped)
    if request.sampling.stop:
        texts += request.sampling.stop
    text = _join(texts)
    scanned = BOUNDARY.join((text, _join(unescaped))) if unescaped else text
    if not images and not documents:
        return Content(text, scanned, only_text)
    low = sum(image.detail == "low" for image in images)
    size = sum(len(document.data) for document in documents)
    return Content(text, scanned, only_text, bool(images or size), len(images), low, size)


def _part_texts(
    part: Part,
    texts: list[str],
    images: list[Image],
    documents: list[Document],
    unescaped: list[str],
) -> None:
    match part:
        case Image() | Document() | SearchResult():
            _material(part, texts, images, documents)
        case ToolUse(name=name, arguments=arguments):
            texts += (name, arguments)
            _unescape(arguments, unescaped)
        case ToolResult(parts=parts):
            for inner in parts:
                _material(inner, texts, images, documents)
        case _:
            texts.append(part.text)


def _material(
    part: Text | Image | Document | SearchResult,
    texts: list[str],
    images: list[Image],
    documents: list[Document],
) -> None:
    match part:
        case Text(text=text):
            texts.append(text)
        case Image():
            images.append(part)
        case Document():
            texts += (part.title, part.context)
            if part.media_type == "text/plain":
                texts.append(part.data)
            else:
                documents.append(part)
        case SearchResult():
            texts += (part.source, part.title, *part.texts)


def _tool_texts(tool: Tool, texts: list[str], unescaped: list[str]) -> None:
    texts += (tool.name, tool.description)
    if tool.parameters is not None:
        _schema_texts(tool.parameters, texts, unescaped)


def _schema_texts(schema: dict[str, Any], texts: list[str], unescaped: list[str]) -> None:
    written = msgspec.json.encode(schema).decode()
    texts.append(written)
    _unescape(written, unescaped)


def _unescape(written: str, unescaped: list[str]) -> None:
    """Add the strings of a JSON text whose escapes could hide something from a scan of its bytes."""
    if "\\" not in written:
        return
    try:
        _strings(msgspec.json.decode(written), unescaped)
    except (msgspec.DecodeError, RecursionError):
        # A model may write broken JSON, and it travels as it is: resolve the commonest escape by hand.
        unescaped.append(written.replace("\\n", "\n"))


def _strings(value: Any, into: list[str]) -> None:
    match value:
        case str():
            into.append(value)
        case dict():
            for key, item in value.items():
                into.append(key)
                _strings(item, into)
        case list():
            for item in value:
                _strings(item, into)
        case _:
            return


def _join(texts: list[str]) -> str:
    for text in texts:
        if BOUNDARY in text:
            # A text brings the boundary along: it may not cut its own numbers in two with it.
            return BOUNDARY.join([text.replace(BOUNDARY, "") for text in texts])
    return BOUNDARY.join(texts)
