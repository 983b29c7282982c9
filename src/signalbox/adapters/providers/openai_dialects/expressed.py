"""What OpenAI's dialects can say, as Capability bits: whether a model can do it is the registry's to know."""

from typing import Final

from signalbox.domain.endpoint import Transport
from signalbox.domain.traits import Capability

_COMMON: Final = (
    Capability.STREAMING
    | Capability.TOOLS
    | Capability.PARALLEL_TOOLS
    | Capability.FORCED_TOOL
    | Capability.JSON_OBJECT
    | Capability.JSON_SCHEMA
    | Capability.VISION
    | Capability.DOCUMENTS
    | Capability.THINKING
    | Capability.SAMPLING
)
EMBEDDINGS: Final = Capability.EMBEDDINGS
CHAT: Final = (
    _COMMON | Capability.MANY_CHOICES | Capability.SEED | Capability.PENALTIES | Capability.STOP_WORDS
)
RESPONSES: Final = _COMMON | Capability.OPENAI_THINKING


def expressed(transport: Transport) -> int:
    """On the surface that the endpoint is asked on; vectors are asked for beside either."""
    return EMBEDDINGS | (RESPONSES if transport.surface == "responses" else CHAT)
