"""Credentials, by name. Where they come from is the adapter's business."""

from typing import Protocol


class Secrets(Protocol):
    def get(self, name: str) -> str | None:
        """The secret of that name, or None if there is none. Never logged, never in an error."""
