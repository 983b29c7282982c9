"""The decks' own template, 16:9, light and dark: master, theme and seven layouts, made by code.

python-pptx's default presentation lends the package; what is drawn is written here. Calibri is named, which
office applications have or replace by Carlito, of the same widths (`metrics`). PresentationML: ECMA-376
part 1, 19.3 and 20.1.
"""

import io
from functools import cache
from typing import Any, Final

from lxml import etree
from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Pt

from signalbox.workloads.powerpoint.content import Layout, Theme
from signalbox.workloads.powerpoint.grid import (
    HEIGHT,
    INDENT,
    NUMBER,
    RULES,
    SLOTS,
    TITLE_SPACING,
    WIDTH,
    Rule,
    Slot,
)
from signalbox.workloads.powerpoint.shapes import Frame

FONT: Final = "Calibri"
NAMES: Final[dict[Layout, str]] = {
    "title": "Title",
    "section": "Section",
    "bullets": "Bullets",
    "two-column": "Two Columns",
    "table": "Table",
    "chart": "Chart",
    "quote": "Quote",
}
_LAYOUT_TYPES: Final[dict[Layout, str]] = {
    "title": "title",
    "section": "secHead",
    "bullets": "tx",
    "two-column": "twoTxTwoObj",
    "table": "tbl",
    "chart": "txAndChart",
    "quote": "cust",
}
_COLOURS: Final[dict[Theme, dict[str, str]]] = {
    "light": {
        "dk1": "1B2430", "lt1": "FFFFFF", "dk2": "4A5768", "lt2": "EEF2F6", "accent1": "1F5FA8",
        "accent2": "D9822B", "accent3": "2A8C7C", "accent4": "A23E6C", "accent5": "6B7A8F",
        "accent6": "5B8C2A", "hlink": "1F5FA8", "folHlink": "6B4C9A",
    },
    "dark": {
        "dk1": "151A22", "lt1": "F4F6F9", "dk2": "252D39", "lt2": "B4C0CF", "accent1": "6FB1F0",
        "accent2": "F2B45A", "accent3": "5CC8B2", "accent4": "E48CB4", "accent5": "9AA8BA",
        "accent6": "A4D46C", "hlink": "6FB1F0", "folHlink": "B9A0E0",
    },
}  # fmt: skip
_MAPS: Final[dict[Theme, str]] = {
    "light": 'bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2"',
    "dark": 'bg1="dk1" tx1="lt1" bg2="dk2" tx2="lt2"',
}
_NS: Final = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_TYPES: Final = {"title": "title", "quote": "title", "subtitle": "body", "table": "tbl", "chart": "chart"}
_BARE: Final = 'lIns="0" tIns="0" rIns="0" bIns="0"'


def template(theme: Theme) -> Any:
    """A presentation without slides, whose layouts go by `NAMES`."""
    return Presentation(io.BytesIO(_made(theme)))


@cache
def _made(theme: Theme) -> bytes:
    made = Presentation()
    made.slide_width, made.slide_height = Pt(WIDTH), Pt(HEIGHT)
    _without(made.part, RT.PRINTER_SETTINGS)
    _without(
        made.part.package, "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail"
    )
    core = made.core_properties._element
    for child in list(core):
        core.remove(child)
    master = made.slide_master
    theme_part = master.part.part_related_by(RT.THEME)
    theme_part._blob = _theme(theme_part.blob, theme)
    _replace(master._element, "p:clrMap", _clr_map(theme))
    _replace(master._element, "p:cSld", _master())
    _replace(master._element, "p:txStyles", _styles())
    layouts = list(made.slide_layouts)
    for (layout, name), known in zip(NAMES.items(), layouts, strict=False):
        element = known._element
        for attribute in ("type", "preserve", "userDrawn"):
            element.attrib.pop(attribute, None)
        element.set("type", _LAYOUT_TYPES[layout])
        element.set("preserve", "1")
        _replace(element, "p:cSld", _layout(layout, name, theme))
    for spare in layouts[len(NAMES) :]:
        made.slide_layouts.remove(spare)
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def _without(part: Any, kind: str) -> None:
    relations = part.rels if hasattr(part, "rels") else part._rels
    for ident in [ident for ident, relation in relations.items() if relation.reltype == kind]:
        relations.pop(ident)


def _replace(parent: Any, tag: str, xml: str) -> None:
    old = parent.find(qn(tag))
    parent.replace(old, parse_xml(xml))


def _theme(blob: bytes, theme: Theme) -> bytes:
    root = etree.fromstring(blob)
    root.set("name", f"Signalbox {theme}")
    colours, fonts = root.find(f".//{qn('a:clrScheme')}"), root.find(f".//{qn('a:fontScheme')}")
    made = "".join(
        f'<a:{name}><a:srgbClr val="{value}"/></a:{name}>' for name, value in _COLOURS[theme].items()
    )
    colours.getparent().replace(
        colours, parse_xml(f'<a:clrScheme {_NS} name="Signalbox {theme}">{made}</a:clrScheme>')
    )
    font = f'<a:latin typeface="{FONT}"/><a:ea typeface=""/><a:cs typeface=""/>'
    fonts.getparent().replace(
        fonts,
        parse_xml(
            f'<a:fontScheme {_NS} name="Signalbox"><a:majorFont>{font}</a:majorFont>'
            f"<a:minorFont>{font}</a:minorFont></a:fontScheme>"
        ),
    )
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written


def _clr_map(theme: Theme) -> str:
    accents = " ".join(f'accent{number}="accent{number}"' for number in range(1, 7))
    return f'<p:clrMap {_NS} {_MAPS[theme]} {accents} hlink="hlink" folHlink="folHlink"/>'


def _styles() -> str:
    def levels(size: int, colour: str, bold: bool) -> str:
        return "".join(
            f'<a:lvl{number}pPr marL="0" indent="0" algn="l" defTabSz="914400" rtl="0" eaLnBrk="1">'
            f"<a:buNone/>{_format(size, colour, bold)}</a:lvl{number}pPr>"
            for number in range(1, 10)
        )

    return (
        f"<p:txStyles {_NS}><p:titleStyle>{levels(3200, 'tx1', True)}</p:titleStyle>"
        f"<p:bodyStyle>{levels(2000, 'tx1', False)}</p:bodyStyle>"
        f"<p:otherStyle>{levels(1400, 'tx1', False)}</p:otherStyle></p:txStyles>"
    )


def _format(size: int, colour: str, bold: bool, *, italic: bool = False) -> str:
    return (
        f'<a:defRPr sz="{size}" b="{int(bold)}" i="{int(italic)}" kern="1200">'
        f'<a:solidFill><a:schemeClr val="{colour}"/></a:solidFill>'
        '<a:latin typeface="+mn-lt"/><a:ea typeface="+mn-ea"/><a:cs typeface="+mn-cs"/></a:defRPr>'
    )


def _master() -> str:
    slots = SLOTS["bullets"]
    return (
        f"<p:cSld {_NS}>{_background('bg1')}<p:spTree>{_ROOT}"
        + "".join(_placeholder(number, slot) for number, slot in enumerate(slots, 2))
        + number_shape(9)
        + "</p:spTree></p:cSld>"
    )


def _layout(layout: Layout, name: str, theme: Theme) -> str:
    background, text = "", ""
    if layout == "section":
        colour, text = ("accent1", "bg1") if theme == "light" else ("bg2", "tx1")
        background = _background(colour)
    rules = "".join(_rule(number, rule) for number, rule in enumerate(RULES[layout], 20))
    slots = "".join(_placeholder(number, slot, text) for number, slot in enumerate(SLOTS[layout], 2))
    number = number_shape(9) if numbered(layout) else ""
    return (
        f'<p:cSld {_NS} name="{name}">{background}<p:spTree>{_ROOT}{rules}{slots}{number}</p:spTree></p:cSld>'
    )


def _background(colour: str) -> str:
    fill = f'<a:solidFill><a:schemeClr val="{colour}"/></a:solidFill>'
    return f"<p:bg><p:bgPr>{fill}<a:effectLst/></p:bgPr></p:bg>"


_ROOT: Final = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'


def numbered(layout: Layout) -> bool:
    """Whether its slides show their number."""
    return layout not in ("title", "section")


def number_shape(ident: int, shown: str = "‹#›") -> str:
    """The slide's number, as master, layouts and slides have it."""
    return (
        f'<p:sp {_NS}><p:nvSpPr><p:cNvPr id="{ident}" name="Slide Number"/><p:cNvSpPr><a:spLocks noGrp="1"/>'
        '</p:cNvSpPr><p:nvPr><p:ph type="sldNum" sz="quarter" idx="12"/></p:nvPr></p:nvSpPr>'
        f"<p:spPr>{_xfrm(NUMBER)}</p:spPr>"
        f'<p:txBody><a:bodyPr {_BARE} anchor="ctr"><a:noAutofit/></a:bodyPr>'
        f'<a:lstStyle><a:lvl1pPr algn="r">{_format(1200, "tx2", False)}</a:lvl1pPr></a:lstStyle>'
        '<a:p><a:fld id="{5B1A6C2E-7D0F-4E57-9C55-0B1D1C6A7E12}" type="slidenum">'
        f'<a:rPr lang="en-GB" sz="1200"/><a:t>{shown}</a:t></a:fld></a:p></p:txBody></p:sp>'
    )


def _placeholder(ident: int, slot: Slot, colour: str = "") -> str:
    kind = _TYPES.get(slot.kind, "body")
    place = f' idx="{slot.idx}"' if slot.idx else ""
    prompt = {"title": "Title", "table": "Table", "chart": "Chart"}.get(slot.kind, "Text")
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{ident}" name="{slot.name.capitalize()}"/>'
        '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f'<p:nvPr><p:ph type="{kind}"{place}/></p:nvPr></p:nvSpPr><p:spPr>{_xfrm(slot.frame)}'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        f'<p:txBody><a:bodyPr wrap="square" {_BARE} anchor="{slot.anchor}"><a:noAutofit/></a:bodyPr>'
        f"<a:lstStyle>{_list_style(slot, colour)}</a:lstStyle>"
        f"<a:p><a:r><a:rPr/><a:t>{prompt}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def _list_style(slot: Slot, colour: str) -> str:
    """Whatever the master says of bullets is said again: layouts take it over otherwise."""
    size = slot.sizes[0] * 100
    plain = '<a:lvl1pPr marL="0" indent="0">'
    match slot.kind:
        case "title":
            spacing = f'<a:lnSpc><a:spcPct val="{round(TITLE_SPACING * 100_000)}"/></a:lnSpc>'
            return f"{plain}{spacing}<a:buNone/>{_format(size, colour or 'tx1', True)}</a:lvl1pPr>"
        case "quote":
            return f"{plain}<a:buNone/>{_format(size, 'tx1', False, italic=True)}</a:lvl1pPr>"
        case "heading":
            return f"{plain}<a:buNone/>{_format(size, 'accent1', True)}</a:lvl1pPr>"
        case "bullets":
            hang = round(INDENT * 12_700)
            return (
                f'<a:lvl1pPr marL="{hang}" indent="-{hang}"><a:buClr><a:schemeClr val="accent1"/></a:buClr>'
                f'<a:buFont typeface="Arial"/><a:buChar char="•"/>{_format(size, "tx1", False)}</a:lvl1pPr>'
            )
        case _:
            return f"{plain}<a:buNone/>{_format(size, colour or 'tx2', False)}</a:lvl1pPr>"


def _rule(ident: int, rule: Rule) -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{ident}" name="Rule"/><p:cNvSpPr/><p:nvPr userDrawn="1"/></p:nvSpPr>'
        f'<p:spPr>{_xfrm(rule.frame)}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        f'<a:solidFill><a:schemeClr val="{rule.colour}"/></a:solidFill><a:ln><a:noFill/></a:ln></p:spPr>'
        "<p:txBody><a:bodyPr/><a:lstStyle/><a:p/></p:txBody></p:sp>"
    )


def _xfrm(frame: Frame) -> str:
    x, y, w, h = (round(each * 12_700) for each in frame)
    return f'<a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{w}" cy="{h}"/></a:xfrm>'
