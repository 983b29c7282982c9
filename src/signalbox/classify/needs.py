"""What an endpoint must be able to do to serve a request, as Capability bits.

A sampling value that is the same as leaving it out (one choice, a penalty of zero) needs nothing.
"""

from signalbox.domain.request import Request
from signalbox.domain.traits import Capability


def needs_of(request: Request, has_images: bool) -> int:
    needs = Capability.STREAMING if request.stream else 0
    if has_images:
        needs |= Capability.VISION
    if request.tools:
        needs |= _tool_needs(request)
    answer = request.response_format
    if answer is not None:
        needs |= Capability.JSON_SCHEMA if answer.kind == "json_schema" else Capability.JSON_OBJECT
    sampling = request.sampling
    if sampling.n > 1:
        needs |= Capability.MANY_CHOICES
    if sampling.seed is not None:
        needs |= Capability.SEED
    if sampling.frequency_penalty or sampling.presence_penalty:
        needs |= Capability.PENALTIES
    return needs


def _tool_needs(request: Request) -> int:
    needs = Capability.TOOLS
    if request.parallel_tool_calls:
        needs |= Capability.PARALLEL_TOOLS
    choice = request.tool_choice
    if choice is not None and choice.mode in ("required", "function"):
        needs |= Capability.FORCED_TOOL
    return needs
