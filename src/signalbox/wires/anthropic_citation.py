"""Citations of the Messages dialect ↔ `Citation`, in requests, replies and streams alike.

A citation of a web page has no place of its own in the dialect but an opaque index: there a page that we know
of from another vendor keeps its place in the reply's text, as `sb1.<start>.<end>`. It does not check that
what is cited is there.
"""

import re
from typing import Any, Final, Literal

from msgspec import Struct

from signalbox.domain.request import Citation
from signalbox.wires.anthropic_body import AnyCitation, WebLocation
from signalbox.wires.errors import WireError

_PLACES: Final = re.compile(r"sb1\.(-1|[0-9]{1,9})\.(-1|[0-9]{1,9})")
_Form = tuple[Literal["char", "page", "block", "search"], str, str, str, str]
_FORMS: Final[dict[Any, _Form]] = {
    "char_location": ("char", "document_index", "document_title", "start_char_index", "end_char_index"),
    "page_location": ("page", "document_index", "document_title", "start_page_number", "end_page_number"),
    "content_block_location": (
        "block",
        "document_index",
        "document_title",
        "start_block_index",
        "end_block_index",
    ),
    "search_result_location": (
        "search",
        "search_result_index",
        "title",
        "start_block_index",
        "end_block_index",
    ),
}
_TAGS: Final = {form[0]: (tag, *form[1:]) for tag, form in _FORMS.items()}
_WEB: Final = "web_search_result_location"


class VendorCitation(Struct):
    """As vendors send it: of any type, with whatever they add to it."""

    type: str
    cited_text: str | None = None
    document_index: int | None = None
    document_title: str | None = None
    search_result_index: int | None = None
    start_char_index: int | None = None
    end_char_index: int | None = None
    start_page_number: int | None = None
    end_page_number: int | None = None
    start_block_index: int | None = None
    end_block_index: int | None = None
    source: str | None = None
    title: str | None = None
    url: str | None = None
    encrypted_index: str | None = None


def is_hosted(given: AnyCitation) -> bool:
    """Whether it cites a page that the vendor's own search found: its index means nothing to others."""
    return isinstance(given, WebLocation) and _PLACES.fullmatch(given.encrypted_index) is None


def read_citation(given: AnyCitation) -> Citation:
    """A client's, sent back."""
    return _read(given, given.__struct_config__.tag)


def read_vendor_citation(given: VendorCitation) -> Citation:
    """Raises `WireError` on a type that is not known."""
    if given.type not in _FORMS and given.type != _WEB:
        raise WireError("a citation of the reply is of an unknown type")
    return _read(given, given.type)


def _read(given: Any, tag: Any) -> Citation:
    if tag == _WEB:
        places = _PLACES.fullmatch(given.encrypted_index or "")
        return Citation(
            kind="url",
            cited=given.cited_text or "",
            title=given.title or "",
            url=given.url or "",
            start=int(places[1]) if places else -1,
            end=int(places[2]) if places else -1,
        )
    kind, source, title, start, end = _FORMS[tag]
    return Citation(
        kind=kind,
        cited=given.cited_text or "",
        source=_place(getattr(given, source)),
        title=getattr(given, title) or "",
        url=(given.source or "") if kind == "search" else "",
        start=_place(getattr(given, start)),
        end=_place(getattr(given, end)),
    )


def _place(given: int | None) -> int:
    return -1 if given is None else given


def write_citation(citation: Citation) -> dict[str, Any]:
    """As clients get it. A place that is not known is 0: the dialect has no word for none."""
    written: dict[str, Any] = {"type": _WEB, "cited_text": citation.cited}
    if citation.kind == "url":
        written["encrypted_index"] = f"sb1.{citation.start}.{citation.end}"
        written["title"] = citation.title or None
        written["url"] = citation.url
        return written
    tag, source, title, start, end = _TAGS[citation.kind]
    written["type"] = tag
    written[source] = max(0, citation.source)
    written[title] = citation.title or None
    written[start] = max(0, citation.start)
    written[end] = max(0, citation.end)
    if citation.kind == "search":
        written["source"] = citation.url
    return written
