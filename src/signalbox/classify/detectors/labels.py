"""Sensitivity labels that content brings along: what a mail or a document was labelled, wherever it turns up.

A mail that is quoted, attached or returned by a tool keeps its label in its text: Microsoft's information
protection writes `MSIP_Label_<guid>_Name=…` into the header `msip_labels` and into a document's properties;
the mail standards have `Sensitivity: Company-Confidential` (RFC 4021). So it counts in whichever folder the
mail lies.

Words in running text that say "confidential" are no label. Not read: labels inside files that are not text.
"""

import re
from collections.abc import Iterator, Set
from typing import Final

from signalbox.classify.content import BOUNDARY
from signalbox.classify.sensitivity import parse_label
from signalbox.domain.traits import Sensitivity

_LABEL: Final = b"msip_label_"
_COMPANY: Final = b"company-confidential"
MARKS: Final = (_LABEL, _COMPANY)
"""In lower case. A text without any of them brings no label along."""

_BOUNDARY: Final = BOUNDARY.encode()
_FIELD: Final = re.compile(rb"msip_label_([0-9a-f-]{8,36})_([a-z]+)")
# As a mail's header, as JSON, as a property in XML: what stands between a field and its value.
_VALUE: Final = re.compile(
    rb"[\"'`]?\s{0,3}(?:=|:|/?>|,)\s{0,3}(?:<[^<>]{1,40}>)?\s{0,3}[\"'`]?([^;\"'`<>\r\n\x1f]{1,80})"
)
_HEADER: Final = re.compile(rb"sensitivity[\"']?\s{0,3}[:=]\s{0,3}[\"']?company-confidential")


def brought_along(lower: bytes, marks: Set[bytes]) -> Sensitivity:
    """The highest label in a text in lower case, in which `marks` stand; public if there is none.

    A label whose name is not given in the same text, or not recognised, is the highest. INVARIANT: a text
    more never lowers the result, for each is judged on its own.
    """
    found = Sensitivity.PUBLIC
    if _COMPANY in marks and _HEADER.search(lower):
        found = Sensitivity.CONFIDENTIAL
    if _LABEL in marks:
        for text in lower.split(_BOUNDARY):
            found = max((found, *_labels(text)))
    return found


def _labels(text: bytes) -> Iterator[Sensitivity]:
    labels, named = set[bytes](), set[bytes]()
    for field in _FIELD.finditer(text):
        label, name = field.groups()
        labels.add(label)
        value = _VALUE.match(text, field.end()) if name == b"name" else None
        if value is not None:
            named.add(label)
            yield parse_label(value[1].decode("utf-8", "replace").strip())
    if labels - named:
        yield Sensitivity.HIGHLY_CONFIDENTIAL
