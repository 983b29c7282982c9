"""What stands beside a Word document's text: text boxes, footnotes and endnotes, comments."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from docx.document import Document as DocxDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

from signalbox.workloads.reading.package import check_prolog, parsed

_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX, _PARAGRAPH = qn("w:txbxContent"), qn("w:p")
_NOTES: Final = (
    (RELATIONSHIP_TYPE.FOOTNOTES, qn("w:footnote"), "footnote"),
    (RELATIONSHIP_TYPE.ENDNOTES, qn("w:endnote"), "footnote"),
    (RELATIONSHIP_TYPE.COMMENTS, qn("w:comment"), "comment"),
)
_SEPARATORS: Final = frozenset(("separator", "continuationSeparator", "continuationNotice"))


def beside(opened: DocxDocument, text_of: Callable[[Any], str]) -> Iterator[tuple[str, str]]:
    """Texts with where they stand. `text_of` reads a `w:p`."""
    for box in opened.element.iter(_BOX):
        # The same box stands there twice, for old programs and for new ones.
        if not any(above.tag == _FALLBACK for above in box.iterancestors()):
            for paragraph in box.iterchildren(_PARAGRAPH):
                if text := text_of(paragraph).strip():
                    yield text, "textbox"
    for relation in opened.part.rels.values():
        for kind, tag, where in _NOTES:
            if relation.reltype == kind and not relation.is_external:
                yield from ((text, where) for text in _notes(relation.target_part.blob, tag, text_of))


def _notes(blob: bytes, tag: str, text_of: Callable[[Any], str]) -> Iterator[str]:
    check_prolog(blob)
    for note in parsed(blob).iter(tag):
        if note.get(qn("w:type")) not in _SEPARATORS:
            text = "\n".join(filter(None, (text_of(each).strip() for each in note.iter(_PARAGRAPH))))
            if text:
                who = note.get(qn("w:author"), "")
                yield f"{who}: {text}" if who else text
