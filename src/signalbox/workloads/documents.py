"""Documents as workloads see them, whatever format they came in. Values only; readers make them.

Every piece of text has an id that is short enough for a model to repeat, and that citations and edits go by.
"""

from msgspec import Struct


class Paragraph(Struct, frozen=True, kw_only=True):
    """`id` is `p` and a number in reading order from 1. `heading` is its level, 0 for ordinary text. `where`
    is empty in the body, else `table`, `header`, `footer`, `footnote`, `comment`, `notes`, `textbox` or
    `list`."""

    id: str
    text: str
    heading: int = 0
    where: str = ""


class Table(Struct, frozen=True, kw_only=True):
    """`after` is the paragraph that it stands behind, empty at the beginning. Merged cells repeat their
    text."""

    id: str
    rows: tuple[tuple[str, ...], ...]
    after: str = ""


class TextDocument(Struct, frozen=True, kw_only=True):
    """What can be read of a text. `missed` says in words what could not be."""

    name: str
    paragraphs: tuple[Paragraph, ...]
    tables: tuple[Table, ...] = ()
    title: str = ""
    missed: tuple[str, ...] = ()


class Slide(Struct, frozen=True, kw_only=True):
    """`number` from 1. `texts` in reading order, `notes` the speaker's."""

    number: int
    title: str
    texts: tuple[Paragraph, ...]
    tables: tuple[Table, ...] = ()
    notes: str = ""
    pictures: int = 0


class Deck(Struct, frozen=True, kw_only=True):
    """`width` and `height` of a slide in EMU (914,400 to the inch)."""

    name: str
    slides: tuple[Slide, ...]
    width: int
    height: int
    missed: tuple[str, ...] = ()


class Column(Struct, frozen=True, kw_only=True):
    """One column of a sheet's data. `kind` is what most of its cells are: `number`, `date`, `text`,
    `boolean`, `formula` or `empty`; `samples` its first values as shown; `first` and `last` row numbers from
    1; `formula` one that the column repeats, as in its first cell."""

    letter: str
    header: str
    kind: str
    samples: tuple[str, ...]
    first: int
    last: int
    filled: int
    formula: str = ""


class Sheet(Struct, frozen=True, kw_only=True):
    """`used` is the range in use (`A1:F200`), `header_row` the row of the columns' names, 0 if there is
    none."""

    name: str
    used: str
    header_row: int
    columns: tuple[Column, ...]
    hidden: bool = False


class Workbook(Struct, frozen=True, kw_only=True):
    """`names` are defined names and what they refer to."""

    name: str
    sheets: tuple[Sheet, ...]
    names: tuple[tuple[str, str], ...] = ()
    missed: tuple[str, ...] = ()


class Mail(Struct, frozen=True, kw_only=True):
    """A message as its reader sees it. `id` is `m` and a number in the order of the thread from 1; addresses
    are `Name <address>` or the address alone; `date` is ISO 8601, empty where the message has none that can
    be read. `text` is plain, of HTML what is shown of it."""

    id: str
    subject: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    date: str = ""
    text: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    attachments: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


class Thread(Struct, frozen=True, kw_only=True):
    """Messages of one conversation, or of one folder, in the order of their dates."""

    mails: tuple[Mail, ...]
