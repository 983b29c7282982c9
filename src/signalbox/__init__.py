"""Signalbox: decides which model on which endpoint answers each request, and can prove it.

    from signalbox import Signalbox, Request, Message, Text

    async with Signalbox.from_config("signalbox.toml") as box:
        reply = await box.complete(Request(target="auto", messages=(Message("user", (Text("Hello"),)),)))

Names are loaded when they are used: importing the package starts nothing and takes milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from signalbox.app import Signalbox
    from signalbox.domain.errors import SignalboxError
    from signalbox.domain.reply import Reply
    from signalbox.domain.request import Declared, Message, Request, Sampling, Text

__version__: Final = "0.1.0"

_HOMES: Final = {
    "Declared": "signalbox.domain.request",
    "Message": "signalbox.domain.request",
    "Reply": "signalbox.domain.reply",
    "Request": "signalbox.domain.request",
    "Sampling": "signalbox.domain.request",
    "Signalbox": "signalbox.app",
    "SignalboxError": "signalbox.domain.errors",
    "Text": "signalbox.domain.request",
}

__all__ = ["Declared", "Message", "Reply", "Request", "Sampling", "Signalbox", "SignalboxError", "Text"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module `signalbox` has no attribute `{name}`")
    return getattr(import_module(home), name)
