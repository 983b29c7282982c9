"""`anthropic-version` and `anthropic-beta`: which dialect a client of Anthropic's speaks, and what it tries.

A beta feature does nothing by its header alone: what asks for it in the body is refused there. Those whose
only purpose is egress, state at the vendor, or another model are refused here as well, so that nobody thinks
they have them; all others are left out, with a note, for the vendor who answers may not be Anthropic.
"""

from typing import Final

from signalbox.domain.errors import MalformedRequest, UnsupportedRequest
from signalbox.domain.notes import Note
from signalbox.edge.app import ANTHROPIC_VERSION
from signalbox.edge.dialect import HeaderList

VERSIONS: Final = (b"2023-06-01", b"2026-10-21")
_BETA: Final = b"anthropic-beta"
_HERE: Final = ("extended-cache-ttl-", "pdfs-", "prompt-caching-", "structured-outputs-", "token-counting-")
"""What was a beta once and is part of the dialect here."""
_EGRESS: Final = "is egress of its own and not offered"
_STATE: Final = "is state kept at the vendor and not offered"
_MODEL: Final = "would let another model answer than was authorised and is not offered"
_REFUSED: Final = {
    "advisor-tool-": _MODEL,
    "agent-memory-": _STATE,
    "code-execution-": _EGRESS,
    "computer-use-": _EGRESS,
    "fallback-credit-": _MODEL,
    "files-api-": _STATE,
    "managed-agents-": _STATE,
    "mcp-client-": _EGRESS,
    "mcp-tunnels-": _EGRESS,
    "server-side-fallback-": _MODEL,
    "skills-": _EGRESS,
    "web-fetch-": _EGRESS,
    "web-search-": _EGRESS,
}


def heed(headers: HeaderList) -> tuple[str, ...]:
    """Notes on what these headers ask for and do not get. Raises `MalformedRequest` for another version of
    the dialect, `UnsupportedRequest` for what is refused."""
    notes: tuple[str, ...] = ()
    for name, value in headers:
        if name == ANTHROPIC_VERSION:
            if value not in VERSIONS:
                known = " or ".join([f"`{version.decode()}`" for version in VERSIONS])
                raise MalformedRequest(
                    f"header `anthropic-version`: expected {known}",
                    param="anthropic-version",
                )
        elif name == _BETA:
            for feature in value.decode("latin-1").split(","):
                if not _is_here(feature.strip()):
                    notes = (Note.BETA_LEFT_OUT,)
    return notes


def _is_here(feature: str) -> bool:
    for beginning, why in _REFUSED.items():
        if feature.startswith(beginning):
            raise UnsupportedRequest(
                f"header `anthropic-beta`: `{beginning.rstrip('-')}` {why}", param="anthropic-beta"
            )
    return not feature or feature.startswith(_HERE)
