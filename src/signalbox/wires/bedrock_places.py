"""Where an inference profile may run, as far as its name says.

A profile's id is a geography, a dot, and the id of a model: `eu.anthropic.claude-…`. Bedrock may then run
inference in any region of that geography, whichever region it was asked in; `global.` means anywhere. A bare
model id runs in the region that is asked. An application inference profile, an ARN, says nothing of where.
It knows no list of regions: which places a geography has, the registry's author writes down.
"""

from typing import Final

GEOGRAPHIES: Final = ("us", "eu", "apac", "jp", "au", "ca", "us-gov", "global")
"""As Bedrock names them, before the dot."""

ONE_COUNTRY: Final = frozenset(("us", "jp", "au", "ca", "us-gov"))
"""Those whose regions are all in one country: one place may stand for all of them."""

_PROFILE: Final = ":inference-profile/"


def profile_geography(model_id: str) -> str | None:
    """The geography of a system-defined inference profile, by its id or its ARN; else None."""
    name = model_id.rpartition(_PROFILE)[2]
    prefix, dot, model = name.partition(".")
    return prefix if dot and "." in model and prefix in GEOGRAPHIES else None
