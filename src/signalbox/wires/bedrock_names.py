"""Names and ids in the alphabets that Bedrock takes: documents, tool calls, metadata.

Each is left as it is where it fits, and else rewritten in a way that depends on nothing but itself, so that a
call and its result, written in different requests, still belong together.
"""

import re
from hashlib import sha256
from typing import Final

DOCUMENT_NAME_MAX: Final = 200
TOOL_ID_MAX: Final = 64
ATTEMPT_KEY: Final = "signalbox-attempt"
"""The key of `requestMetadata` under which our id of the attempt is kept in the vendor's invocation log."""

_NOT_IN_DOCUMENT_NAME: Final = re.compile(r"[^A-Za-z0-9\s()\[\]-]+")
_SPACES: Final = re.compile(r"\s+")
_TOOL_ID: Final = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NOT_IN_TOOL_ID: Final = re.compile(r"[^a-zA-Z0-9_.:-]+")

# Bedrock's name of a document's format, and ours. The first media type of a format is the one read back.
_FORMATS: Final = (
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/x-markdown", "md"),
    ("application/csv", "csv"),
)
DOCUMENT_FORMATS: Final[dict[str, str]] = dict(_FORMATS)
MEDIA_TYPES: Final[dict[str, str]] = {name: media for media, name in reversed(_FORMATS)}
IMAGE_FORMATS: Final[dict[str, str]] = {f"image/{name}": name for name in ("png", "jpeg", "gif", "webp")}


def document_name(title: str, number: int, taken: set[str]) -> str:
    """Letters, digits, single spaces, hyphens and brackets; not one of `taken`, to which it is added.

    `number` counts the request's documents from 1 and names those without a title.
    """
    base = _SPACES.sub(" ", _NOT_IN_DOCUMENT_NAME.sub(" ", title)).strip()[:DOCUMENT_NAME_MAX].strip()
    name = base or f"Document {number}"
    while name in taken:
        name = f"{(base or 'Document')[: DOCUMENT_NAME_MAX - 12].strip()} {number}"
        number += 1
    taken.add(name)
    return name


def tool_id(id: str) -> str:
    """At most 64 of letters, digits and `_.:-`. What has to be changed ends in a hash of the original."""
    if _TOOL_ID.fullmatch(id):
        return id
    return f"{_NOT_IN_TOOL_ID.sub('_', id)[:39]}-{sha256(id.encode()).hexdigest()[:24]}"
