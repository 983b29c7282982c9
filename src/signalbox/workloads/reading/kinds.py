"""Which module reads which kind of file, by the suffix of its name. Pure."""

from typing import Final

READERS: Final = {
    "csv": "csv_sheet",
    "docm": "docx_text",
    "docx": "docx_text",
    "eml": "mail",
    "md": "plain",
    "msg": "msg_mail",
    "ods": "calamine_sheets",
    "pptm": "pptx_deck",
    "pptx": "pptx_deck",
    "tsv": "csv_sheet",
    "txt": "plain",
    "xls": "calamine_sheets",
    "xlsb": "calamine_sheets",
    "xlsm": "xlsx_workbook",
    "xlsx": "xlsx_workbook",
}
"""The module that has `read(name, content)` for a format."""

CONVERTED: Final = {"doc": "docx", "odp": "pptx", "odt": "docx", "ppt": "pptx", "rtf": "docx"}
"""What LibreOffice turns into what, where it is installed, before it is read."""

RENAMED: Final = {"doc": "docx", "ppt": "pptx", "xls": "xlsx"}
"""Files in a new format under an old one's name, which programs open without a word: they are archives."""
