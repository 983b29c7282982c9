"""Named places where a test may stop the process dead: the boundaries of a request's journey."""

from collections.abc import Callable
from typing import Final

Failpoint = Callable[[str], None]

PLACES: Final = (
    "pipeline.decided",
    "log.before_commit",
    "log.after_commit",
    "dispatch.before_intent",
    "dispatch.after_intent",
    "dispatch.sending",
    "dispatch.first_event",
    "dispatch.before_outcome",
    "dispatch.after_outcome",
)


def passing(place: str) -> None:
    """The failpoint of every ordinary process: nothing happens."""
