"""Texts of a deck that exists, and putting others in their place: native, run by run, in the same box.

Fields (a date, a slide's number) and what stands in groups and tables are left as they are.
"""

import io
import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, Final

from pptx import Presentation
from pptx.oxml.ns import qn

from signalbox.domain.errors import CallerError
from signalbox.workloads.powerpoint.reopened import shape_of
from signalbox.workloads.powerpoint.selection import Selected, Unit

_TOKEN: Final = re.compile(r"\s+|\w+|[^\w\s]")
_SHOWN: Final = 12


class NoSuchShape(CallerError):
    """The message lists what there is."""

    code = "no_such_shape"
    status = 422


def select(content: bytes, slide: int, shape_id: int) -> Selected:
    """Of a deck that was read before (`reading`). Raises `NoSuchShape`."""
    deck = Presentation(io.BytesIO(content))
    shape = _shape(deck, slide, shape_id)
    units = tuple(
        Unit(paragraph=at, line=line, text="".join(run.text for run in runs))
        for at, paragraph in enumerate(shape.text_frame.paragraphs)
        for line, runs in enumerate(_lines(paragraph))
    )
    return Selected(slide=slide, shape_id=shape_id, units=units, shape=shape_of(shape))


def put(content: bytes, slide: int, shape_id: int, texts: Mapping[tuple[int, int], str]) -> bytes:
    """The deck with these units, by paragraph and line, saying `texts`. What stays of a text keeps its
    formatting, what is new takes that of the text before it."""
    deck = Presentation(io.BytesIO(content))
    shape = _shape(deck, slide, shape_id)
    for at, paragraph in enumerate(shape.text_frame.paragraphs):
        for line, runs in enumerate(_lines(paragraph)):
            if (at, line) in texts and runs:
                for run, text in zip(runs, _shared(runs, texts[at, line]), strict=True):
                    run.text = text
    saved = io.BytesIO()
    deck.save(saved)
    return saved.getvalue()


def _shape(deck: Any, slide: int, shape_id: int) -> Any:
    count = len(deck.slides)
    if not 1 <= slide <= count:
        raise NoSuchShape(f"the deck has no slide {slide}: it has {count}")
    shapes = [each for each in deck.slides[slide - 1].shapes if each.has_text_frame and each.text_frame.text]
    for shape in shapes:
        if shape.shape_id == shape_id and shape.width is not None:
            return shape
    known = ", ".join(f"{each.shape_id} (`{each.name[:20]}`)" for each in shapes[:_SHOWN]) or "none"
    raise NoSuchShape(f"slide {slide} has no shape {shape_id} with text: with text are {known}")


def _lines(paragraph: Any) -> list[list[Any]]:
    """Its runs, line by line; of a line with a field none."""
    lines: list[list[Any]] = [[]]
    fields: set[int] = set()
    runs = iter(paragraph.runs)
    for element in paragraph._p:
        if element.tag == qn("a:br"):
            lines.append([])
        elif element.tag == qn("a:r"):
            lines[-1].append(next(runs))
        elif element.tag == qn("a:fld"):
            fields.add(len(lines) - 1)
    return [[] if number in fields else line for number, line in enumerate(lines)]


def _shared(runs: list[Any], new: str) -> list[str]:
    """The new text shared out among the runs that the old one had."""
    old: list[str] = []
    owners: list[int] = []
    for number, run in enumerate(runs):
        for token in _TOKEN.findall(run.text):
            old.append(token)
            owners.append(number)
    shares = [""] * len(runs)
    for owner, token in _owned(old, owners, _TOKEN.findall(new)):
        shares[owner] += token
    return shares


def _owned(old: list[str], owners: list[int], new: list[str]) -> Iterator[tuple[int, str]]:
    """INVARIANT: owners come in rising order, so that runs joined in their order are the new text."""
    for kind, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for number in range(j, j_end):
            at = i + (number - j) if kind == "equal" else (i if i < i_end else max(0, i - 1))
            yield (owners[at] if owners else 0), new[number]
