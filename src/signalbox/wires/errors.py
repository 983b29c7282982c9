"""What a vendor's bytes can be instead of a reply.

It does not decide whose fault that is, nor what is tried next: the provider maps these to a failure kind.
"""

from msgspec import Struct


class VendorError(Struct, frozen=True):
    """A vendor's own words, bounded in length. `message` may quote the caller's text: never log it."""

    type: str
    code: str
    message: str


class WireError(ValueError):
    """Vendor bytes that are not the dialect, or an error where a reply was owed.

    The text names places and types, never content, and is fit for a log. `error` is what the vendor
    said, where it said something.
    """

    def __init__(self, message: str, error: VendorError | None = None) -> None:
        super().__init__(message)
        self.error = error
