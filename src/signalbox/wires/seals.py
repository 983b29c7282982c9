"""A vendor's signature on thinking, carried through the dialect of another.

A model's thinking goes back to it only with the seal that its vendor set on it. A client speaks one dialect,
which has room for one string: the dialect's own seals travel there bare, foreign ones as
`sb1.<format>.<signature>`, or `sb1.<format>+<id>.<signature>` where the vendor names its thinking. It does
not vouch for a seal: it is the vendor that refuses a forged one.
"""

from typing import Final

from signalbox.domain.request import ThinkingFormat

_PREFIX: Final = "sb1."
_FORMATS: Final[dict[str, ThinkingFormat]] = {"": "", "anthropic": "anthropic", "openai": "openai"}


def seal(format: ThinkingFormat, signature: str, id: str = "") -> str:
    """The text that stands for a foreign signature; `unseal` gives it back."""
    if id:
        return f"{_PREFIX}{format}+{id.replace('%', '%25').replace('.', '%2E')}.{signature}"
    return f"{_PREFIX}{format}.{signature}"


def unseal(text: str, native: ThinkingFormat) -> tuple[ThinkingFormat, str]:
    """Whose signature a client sent back, and the signature itself. Never raises.

    A bare text is `native`'s; an empty one is no signature, and of nobody. A seal that names a format
    unknown here is of nobody either, and kept as it is.
    """
    format, signature, _ = unseal_named(text, native)
    return format, signature


def unseal_named(text: str, native: ThinkingFormat) -> tuple[ThinkingFormat, str, str]:
    """As `unseal`, with the vendor's name for the thinking as third, empty where it has none."""
    if not text.startswith(_PREFIX):
        return (native if text else ""), text, ""
    head, dot, signature = text[len(_PREFIX) :].partition(".")
    name, _, id = head.partition("+")
    format = _FORMATS.get(name)
    if format is None or not dot:
        return "", text, ""
    return format, signature, id.replace("%2E", ".").replace("%25", "%")
