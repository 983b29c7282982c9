"""The child: one file in, one document or one complaint out. Run as a module by `parent`.

Standard input has the file, standard output the answer in MessagePack: `["ok", document]` or
`["no", code, words]`. Nothing else is read or written.
"""

import importlib
import resource
import sys
from typing import Any, Final

import msgspec

from signalbox.workloads.reading.unreadable import TooLarge, Unreadable

READERS: Final = {
    "csv": "csv_sheet",
    "docx": "docx_text",
    "eml": "mail",
    "md": "plain",
    "msg": "msg_mail",
    "pptx": "pptx_deck",
    "txt": "plain",
    "xlsx": "xlsx_workbook",
}
"""The module that has `read(name, content)` for a format."""


def main() -> None:
    suffix, name, memory_bytes, cpu_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(msgspec.msgpack.encode(_answer(suffix, name, sys.stdin.buffer.read())))


def _answer(suffix: str, name: str, content: bytes) -> tuple[Any, ...]:
    try:
        reader = importlib.import_module(f"signalbox.workloads.reading.{READERS[suffix]}")
        return ("ok", reader.read(name, content))
    except (TooLarge, MemoryError, RecursionError) as error:
        words = (
            str(error) if isinstance(error, TooLarge) else "reading it takes more memory than is given to it"
        )
        return ("no", TooLarge.code, words)
    except Unreadable as error:
        return ("no", error.code, str(error))
    except Exception as error:  # noqa: BLE001 - a library met what it does not know; its words may quote the file
        return ("no", Unreadable.code, f"it is malformed ({type(error).__name__})")


if __name__ == "__main__":
    main()
