"""A deck from a brief: its outline first, then one slide at a time, each question held to what it is about.

What comes back is content; how it looks is `pages` and `render`'s, which no model is asked about.
"""

from typing import Final

from msgspec import Struct

from signalbox.domain.errors import CallerError
from signalbox.workloads.asking import Asker
from signalbox.workloads.powerpoint import content, pages
from signalbox.workloads.powerpoint.content import DeckContent, Theme
from signalbox.workloads.powerpoint.filling import fill
from signalbox.workloads.powerpoint.material import Material
from signalbox.workloads.powerpoint.outline import Outline, first_slide, outline

UNGROUNDED: Final = (
    "nothing was given that the deck could rest on: numbers and names in it are the model's own, check them"
)


class OutlineUnfit(CallerError):
    """An outline that a caller gave does not fit on slides."""

    code = "outline_unfit"
    status = 422


class Created(Struct, frozen=True):
    deck: DeckContent
    notes: tuple[str, ...]


async def create(
    asker: Asker,
    material: Material,
    *,
    slides: int,
    theme: Theme = "light",
    wish: str = "",
    planned: Outline | None = None,
) -> Created:
    """Of about so many slides. `planned` is an outline that the user has seen and perhaps changed. Raises
    members of the error family, and then there is no deck."""
    notes: list[str] = [] if material.grounded else [UNGROUNDED]
    if planned is None:
        planned = await outline(asker, material, slides, wish=wish, feature="create")
    made = [first_slide(planned)]
    for complaint in (*content.complaints(made[0]), *pages.complaints(made[0])):
        raise OutlineUnfit(f"the outline's first slide: {complaint}")
    steps = len(planned.slides) + 1
    for number, each in enumerate(planned.slides, 1):
        asker.tell(number, steps, f"slide {number + 1} of {steps}: {each.title}")
        filled = await fill(asker, each, material, wish=wish)
        made.append(filled.slide)
        if filled.instead:
            notes.append(f"slide {number + 1} was planned as `{filled.instead}` and came as bullets")
        if filled.left_out:
            notes.append(f"points left out of slide {number + 1}, which did not hold: {filled.left_out}")
    asker.tell(steps, steps, "drawing")
    return Created(DeckContent(slides=tuple(made), theme=theme), tuple(notes))
