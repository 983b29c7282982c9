"""Images and documents that OpenAI's dialects carry inside a request, as `data:` URLs, both ways.

It fetches nothing: a URL elsewhere or the id of a stored file would be egress of its own, and is refused.
"""

import binascii
from typing import Final, Literal

from msgspec import Struct

from signalbox.domain.request import CacheMark, Document, Image
from signalbox.wires.openai_refusals import malformed, unsupported

IMAGE_TYPES: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
PDF: Final = "application/pdf"
PLAIN: Final = "text/plain"
_PDF_NAME: Final = "document.pdf"


class CacheBreakpoint(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`openai/types`: `PromptCacheBreakpoint` (3.54): `ttl` is the least time to keep it, by default 30m."""

    mode: Literal["explicit"]
    ttl: Literal["30m", "12h"] | None = None


def read_breakpoint(asked: CacheBreakpoint | None, path: str) -> CacheMark:
    """An hour is the shortest time that a vendor offers and that is no less than the 30 minutes asked for."""
    if asked is None:
        return ""
    if asked.ttl == "12h":
        raise unsupported(f"{path}.ttl", "prompts are kept for an hour at most; ask for `30m`")
    return "1h"


def read_image(url: str, detail: str | None, path: str, cache: CacheMark) -> Image:
    """Raises `UnsupportedRequest` for a URL elsewhere, `MalformedRequest` for what is no image."""
    head, data = _split(url, path, "an image URL", "the image")
    if head is None or head not in IMAGE_TYPES:
        raise malformed(
            path, "an image is `data:<type>;base64,…` with a type of image/png, jpeg, gif or webp"
        )
    if not _decoded(data):
        raise malformed(path, "the image is not valid base64")
    return Image(head, data, detail or "auto", cache)


def read_document(url: str, title: str, path: str, cache: CacheMark) -> Document:
    """A PDF, or plain text in UTF-8. Raises as `read_image`."""
    head, data = _split(url, path, "a file URL", "the file")
    head = head.partition(";")[0].rstrip() if head else head  # plain text often names its `charset`
    if head not in (PDF, PLAIN):
        raise malformed(path, "a file is `data:<type>;base64,…` with a type of application/pdf or text/plain")
    whole = _decoded(data)
    if not whole:
        raise malformed(path, "the file is not valid base64")
    if head == PDF:
        return Document(PDF, data, title, cache=cache)
    try:
        return Document(PLAIN, whole.decode(), title, cache=cache)
    except UnicodeDecodeError:
        raise malformed(path, "the file is text/plain and not valid UTF-8") from None


def data_url(carried: Image | Document) -> str:
    return f"data:{carried.media_type};base64,{carried.data}"


def file_name(document: Document) -> str:
    """OpenAI demands one."""
    return document.title or _PDF_NAME


def _split(url: str, path: str, what: str, whole: str) -> tuple[str | None, str]:
    """Media type, with its parameters, and base64 text of a `data:` URL; no media type if it is none."""
    head, comma, data = url.partition(",")
    scheme = head[:8].lower()
    if scheme.startswith(("http:", "https:")):
        raise unsupported(
            path,
            f"{what} would be fetched by the vendor, which is egress of its own and not offered; "
            f"send {whole} inline as a `data:` URL",
        )
    if not (comma and scheme.startswith("data:") and head[-7:].lower() == ";base64"):
        return None, ""
    return head[5:-7].lower(), data


def _decoded(data: str) -> bytes:
    """Empty for what is not base64."""
    try:
        return binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        return b""
