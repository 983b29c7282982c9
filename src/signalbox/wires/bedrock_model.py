"""What the model behind a Bedrock endpoint takes, as far as the shape of a request hangs on it.

Converse is one format for all models, but for what it leaves to `additionalModelRequestFields`, which is each
model's own, and for blocks that only some models read. The model is known by its name: Bedrock's id of it,
an inference profile's, or, where an ARN says nothing, the registry's. It asks no vendor.
"""

import re
from typing import Final, Literal

from msgspec import Struct

from signalbox.domain.request import ThinkingFormat
from signalbox.domain.traits import Capability

Family = Literal["claude", "nova", "other"]

NEWEST: Final = (99, 0)
"""A Claude whose version cannot be read from its name is taken for one of the newest."""

_CLAUDE: Final = re.compile(r"claude[.-](?:(?:opus|sonnet|haiku|[a-z]+)-)?(\d{1,2})(?:[.-](\d{1,2})(?!\d))?")


class ConverseOptions(Struct, frozen=True, kw_only=True):
    """`name` is the model's; `claude` its version, (0, 0) for other models. `output_limit` in tokens, 0 if
    none is known."""

    name: str = "claude"
    family: Family = "claude"
    claude: tuple[int, int] = NEWEST
    prompt_cache: bool = True
    citations: bool = True
    schema: bool = True  # structured output of its own, and with it strict tools
    output_limit: int = 0

    @property
    def thinking(self) -> ThinkingFormat:
        """Whose seal its thinking carries."""
        return "anthropic" if self.family == "claude" else ""

    @property
    def one_call_at_a_time(self) -> bool:
        """Claude from 4.5 on, through Converse: takes `disable_parallel_tool_use`."""
        return self.claude >= (4, 5)


def converse_options(*names: str, capabilities: int, output_limit: int) -> ConverseOptions:
    """By the first of `names` that tells the family; `capabilities` are the endpoint's."""
    family: Family = "other"
    version = (0, 0)
    known = ""
    for name in names:
        known = name.lower()
        if "claude" in known:
            family, version = "claude", claude_version(known)
            break
        if "nova" in known:
            family = "nova"
            break
    return ConverseOptions(
        name=known,
        family=family,
        claude=version,
        prompt_cache=bool(capabilities & Capability.PROMPT_CACHE),
        citations=bool(capabilities & Capability.CITATIONS),
        schema=bool(capabilities & Capability.NATIVE_SCHEMA),
        output_limit=output_limit,
    )


def claude_version(name: str) -> tuple[int, int]:
    """Of `…claude-sonnet-4-20250514-v1:0` (4, 0), `…claude-3-7-sonnet-…` (3, 7), `claude-opus-4.6` (4, 6)."""
    found = _CLAUDE.search(name)
    if found is None:
        return NEWEST
    return int(found[1]), int(found[2] or 0)
