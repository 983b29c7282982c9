"""Whether a text was changed in its wording alone: numbers and names stay, none is added. Pure."""

from typing import Final

from signalbox.workloads.grounding import Source
from signalbox.workloads.language import is_foreign, language_of
from signalbox.workloads.manners import fault

_GROWTH_MAX: Final = 3
_ROOM: Final = 200
_LANGUAGES: Final = (
    "english", "german", "french", "spanish", "italian", "dutch", "portuguese", "englisch", "deutsch",
    "französisch", "spanisch", "italienisch", "anglais", "allemand", "français",
    "translat", "übersetz", "tradui",
)  # fmt: skip


def unfaithful(old: str, new: str, asked: str = "", *, may_drop: bool = False) -> str | None:
    """Words for the model that say what is wrong with `new` as another wording of `old`, or None. What the
    user's own words (`asked`) name may go and may come; `may_drop`: any number or name may go."""
    if not new.strip():
        return "the new text is empty"
    if len(new) > _GROWTH_MAX * len(old) + _ROOM:
        return "the new text is much longer than the old one: say the same, and nothing more"
    wrong = fault(new, old)
    if wrong is not None:
        return wrong
    translated = any(language in asked.casefold() for language in _LANGUAGES)
    if not translated and is_foreign(new, old):
        return f"write in the language of the text (`{language_of(old)}`)"
    added = Source((old, asked)).missing(new)
    if added and not translated:
        return f"these are not in the text, so leave them out: {', '.join(added[:10])}"
    if may_drop:
        return None
    lost = Source((new, asked)).missing(old)
    if lost and not translated:
        return f"keep these as they are: {', '.join(lost[:10])}"
    return None
