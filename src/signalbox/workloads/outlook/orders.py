"""Sentences of a mail that tell its reader's assistant what to do with it: found, to be left out. Pure.

What a mail says of its own priority, or to whatever sorts it, is no ground to sort it by. The patterns find
the usual ways of saying so in English, German and French; what they miss still stands between marks of
material before a model that can only name a kind of mail.
"""

import re
import unicodedata
from typing import Final

_ORDER: Final = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override|ignoriere?n?|vergiss|ignore[zr]?|oublie[zr]?)\b.{0,40}
        \b(?:instruction|rule|prompt|message|guideline|anweisung|regel|consigne|règle)
  | \b(?:priority|priorit(?:y|ize|ise|ät|é|aire)\w*|importance|urgency|wichtigkeit|dringlichkeit)\b
  | \b(?:mark|flag|classif\w+|label|categori[sz]e|rank|sort|treat|rate|triage)\b.{0,60}
        \b(?:high|low|normal|urgent|important|unimportant|spam)\b
  | \b(?:markier\w*|einstuf\w*|stuf\w*|behandel\w*|kennzeichn\w*)\b.{0,60}
        \b(?:hoch|niedrig|normal|dringend|wichtig)\b
  | \b(?:answer|respond|reply|output|return|print|say|antworte|réponds|répondez)\b.{0,30}
        ["'`«„]?\b(?:high|low|normal|hoch|niedrig)\b
  | \b(?:assistant|chatbot|chatgpt|copilot|language\ model|llm|gpt|classifier|system\ prompt
        |sprachmodell|ki-assistent)\b
  | \b(?:dear|to\ (?:the|any|all)|an\ die|you\ are\ an?)\ (?:ai|a\.i\.|ki|ia)\b
  | \bai\ (?:model|agent|system|assistant)
  | <\|?[a-z_]{2,20}\|> | \[/?inst\] | ^\s*(?:system|assistant|user|developer)\s*: | ^\#{2,}\s*instruction
  | content>>> | <<<content
  | \bneeds?[ _-]reply\b
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_BETWEEN: Final = re.compile(r"(?<=[.!?;])\s+|(?<=\|>)\s*")


def without_orders(text: str) -> tuple[str, int]:
    """The text line by line without such sentences, and how many there were."""
    lines: list[str] = []
    found = 0
    for line in text.split("\n"):
        if not line.strip():
            lines.append("")
            continue
        kept = []
        for sentence in _BETWEEN.split(line):
            if _ORDER.search(_folded(sentence)):
                found += 1
            else:
                kept.append(sentence)
        if kept:
            lines.append(" ".join(kept))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), found


def _folded(sentence: str) -> str:
    """Without marks that are not seen, and in one width."""
    plain = unicodedata.normalize("NFKC", sentence)
    return "".join(each for each in plain if unicodedata.category(each) != "Cf")
