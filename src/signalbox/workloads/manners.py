"""What no text may say that goes to a user as finished: blanks to fill in, and a model's talk about itself.

Pure. What the source itself says is never held against a model.
"""

import re
from typing import Final

_PLACEHOLDER: Final = re.compile(
    r"""
    \[[A-Za-zÄÖÜäöüß][^\[\]\n]{1,60}\](?!\() # [Your Name], but not a Markdown link
    | \{\{?[^{}\n]{1,60}\}\}?                # {{name}}
    | <(?i:insert|your|name|date|enter|company|recipient)\b[^<>\n]{0,60}>
    | \b(?:lorem\ ipsum|TBD|TBC|TODO|XX+|tba)\b
    | _{4,} | \.{6,}
    """,
    re.VERBOSE,
)
_CHATTER: Final = re.compile(
    r"""^\W*(?:
    (?:sure|certainly|of\ course|absolutely)\b[,!.:]?\s+(?:here|i|let)
    | here(?:'s|\ is|\ are)\b[^.\n]{0,80}:
    | i(?:'m|\ am)\ (?:sorry,?\ (?:but\ )?i\ (?:can|am|do)|unable\ to|an?\ (?:ai|language)\b)
    | i\ (?:cannot|can't|can\ not)\ (?:help|assist|do|provide|fulfil|comply|complete)
    | as\ an\ ai\b | as\ a\ language\ model
    | rewritten\b[^.\n]{0,40}: | (?:revised|corrected|edited)\ (?:text|version|paragraph)\b[^.\n]{0,20}:
    | (?:natürlich|gerne|selbstverständlich)[,!]\s+hier | hier\ ist\b[^.\n]{0,60}:
    | es\ tut\ mir\ leid,\ (?:aber\ )?ich\ kann | bien\ sûr[,!]\s+voici | voici\b[^.\n]{0,60}:
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_MARKUP: Final = re.compile(r"\*\*[^*\n]+\*\*|^#{1,6} |^```|<<<CONTENT|CONTENT>>>", re.MULTILINE)

_NOTHING: Final = frozenset(
    ("none", "n/a", "na", "nothing", "no actions", "keine", "nichts", "aucune", "rien")
)


def is_nothing(said: str) -> bool:
    """Whether an item of a list says that there is none."""
    return said.strip(" .-—").casefold() in _NOTHING


def fault(said: str, source: str = "") -> str | None:
    """Words for the model that say what is wrong, or None."""
    for found in _PLACEHOLDER.findall(said):
        if found not in source:
            return f"`{found}` is a blank: write the text out, or leave out what you do not know"
    chatter = _CHATTER.match(said.replace("\u2019", "'"))
    if chatter is not None and not source.lstrip().startswith(chatter.group().strip()):
        return "give the text alone, without a word about it or about you"
    markup = _MARKUP.search(said)
    if markup is not None and markup.group() not in source:
        return "write plain text, without Markdown"
    return None
