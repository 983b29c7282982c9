"""A release that permits everything: for tests of what comes after policy."""

from pathlib import Path
from typing import Final

from signalbox.domain.verdict import PolicyRelease

_SCHEMA: Final = Path(__file__).parents[3] / "policies" / "signalbox.cedarschema"
PERMIT_ALL: Final = PolicyRelease(
    texts={"all": '@id("all") permit(principal, action == Signalbox::Action::"infer", resource);'},
    schema=_SCHEMA.read_text(),
)
