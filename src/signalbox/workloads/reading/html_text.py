"""What of a mail's HTML its reader sees, as text. Pure.

Text that is hidden is left out, for what nobody can see nobody has read before asking about it; that some was
hidden is told. It is found by the usual means (no display, no size, no opacity, colour of the background in
the same place), not by laying the page out.
"""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Final

_VOID: Final = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
))  # fmt: skip
_UNSEEN: Final = frozenset((
    "audio", "canvas", "head", "iframe", "math", "noscript", "object", "script", "select", "style", "svg",
    "template", "textarea", "title", "video",
))  # fmt: skip
_BLOCK: Final = frozenset((
    "address", "article", "blockquote", "body", "dd", "div", "dl", "dt", "fieldset", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr",
    "ul",
))  # fmt: skip
_HIDING: Final = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|(?:^|;)opacity:0*(?:\.0*)?(?:;|!|$)|font-size:0*(?:\.\d+)?(?:px|pt|em|%)?(?:;|!|$)"
    r"|font-size:[01]px|(?:max-)?(?:height|width):0(?:px)?(?:;|!|$).*overflow:hidden"
    r"|overflow:hidden.*(?:max-)?(?:height|width):0(?:px)?(?:;|!|$)|mso-hide:all|text-indent:-\d{3,}|color:transparent"
)
_COLOUR: Final = re.compile(r"(?:^|;)color:([^;!]+)")
_GROUND: Final = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_WHITE: Final = frozenset(("#fff", "#ffffff", "white", "rgb(255,255,255)"))
_MAX: Final = 4 * 1024 * 1024
"""Signs of HTML that are looked at."""
_OPEN_MAX: Final = 10_000


def shown_of(html: str) -> tuple[str, bool]:
    """The text, and whether some of it was hidden."""
    parser = _Shown()
    parser.feed(html[:_MAX])
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), parser.hid


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.hid = False
        self._open: list[tuple[str, bool, bool]] = []  # the tag, whether it is unseen, whether it is hidden
        self._names: Counter[str] = Counter()
        self._unseen = 0
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "li", "tr", "td") and self._open and self._open[-1][0] == tag:
            self._close()
        if tag in _BLOCK or tag == "br":
            self._say("\n")
        elif tag in ("td", "th"):
            self._say("\t")
        if tag in _VOID or len(self._open) >= _OPEN_MAX:
            return
        hidden = _hides(dict(attrs))
        self._open.append((tag, tag in _UNSEEN, hidden))
        self._names[tag] += 1
        self._unseen += tag in _UNSEEN
        self._hidden += hidden

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # `<div/>` is open in HTML.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._names[tag]:
            while self._close() != tag:
                pass
        if tag in _BLOCK:
            self._say("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen and self._hidden and data.strip():
            self.hid = True
        self._say(data.replace("\n", " ").replace("\r", " "))

    def _say(self, text: str) -> None:
        if not self._unseen and not self._hidden:
            self.pieces.append(text)

    def _close(self) -> str:
        tag, unseen, hidden = self._open.pop()
        self._names[tag] -= 1
        self._unseen -= unseen
        self._hidden -= hidden
        return tag


def _hides(attributes: dict[str, str | None]) -> bool:
    if "hidden" in attributes or (attributes.get("aria-hidden") or "").lower() == "true":
        return True
    style = "".join((attributes.get("style") or "").lower().split())
    if not style and "color" not in attributes:
        return False
    if _HIDING.search(style):
        return True
    colour = _COLOUR.search(style)
    said = colour[1] if colour else (attributes.get("color") or "").lower()
    ground = _GROUND.search(style)
    if ground:
        return bool(said) and _same(said, ground[1])
    return _same(said, "white")


def _same(one: str, other: str) -> bool:
    return one == other or (one in _WHITE and other in _WHITE)
