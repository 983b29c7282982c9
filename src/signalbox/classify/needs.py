"""What an endpoint must be able to do to serve a request, as Capability bits.

A sampling value that is the same as leaving it out (one choice, a penalty of zero) needs nothing.
"""

from typing import Final

from signalbox.domain.request import (
    Document,
    Request,
    ResponseFormat,
    SearchResult,
    Text,
    Thinking,
    ToolResult,
)
from signalbox.domain.traits import Capability

_TAKES_BACK: Final = {
    "anthropic": Capability.ANTHROPIC_THINKING,
    "openai": Capability.OPENAI_THINKING,
}


def needs_of(request: Request, has_images: bool, only_text: bool = False) -> int:
    """`only_text`: it is known that the messages have no other parts, which then need nothing."""
    if request.embedding is not None:
        return Capability.EMBEDDINGS
    needs = Capability.CHAT
    if request.stream:
        needs |= Capability.STREAMING
    if has_images:
        needs |= Capability.VISION
    if request.tools:
        needs |= _tool_needs(request)
    answer = request.response_format
    if answer is not None:
        needs |= _answer_needs(request, answer)
    sampling = request.sampling
    if sampling.n > 1:
        needs |= Capability.MANY_CHOICES
    if sampling.seed is not None:
        needs |= Capability.SEED
    if sampling.frequency_penalty or sampling.presence_penalty:
        needs |= Capability.PENALTIES
    if sampling.stop:
        needs |= Capability.STOP_WORDS
    if sampling.temperature is not None or sampling.top_p is not None:
        needs |= Capability.SAMPLING
    if sampling.top_k is not None:
        needs |= Capability.TOP_K
    if request.reasoning is not None and request.reasoning.wanted:
        needs |= Capability.THINKING
    return needs if only_text else needs | _history_needs(request)


def _answer_needs(request: Request, answer: ResponseFormat) -> int:
    """Beside tools of the caller's, or with thinking, the answer cannot be forced into a tool.

    What an endpoint does natively it does: both bits are needed then, so that more never needs less.
    """
    native = bool(request.tools) or (request.reasoning is not None and request.reasoning.wanted)
    if answer.kind == "json_schema":
        return Capability.JSON_SCHEMA | (Capability.NATIVE_SCHEMA if native else 0)
    return Capability.JSON_OBJECT | (Capability.NATIVE_OBJECT if native else 0)


def _history_needs(request: Request) -> int:
    """Documents and search results that are to be cited, and thinking that must travel back.

    Thinking is sealed by the vendor whose model thought. Within a turn that tools have interrupted it has to
    be handed back unchanged, so only a model of that vendor can go on; thinking of turns that are over may
    be left out.
    """
    needs = 0
    for message in request.messages:
        for part in message.parts:
            if type(part) is Text:
                continue
            match part:
                case Document():
                    needs |= _document_needs(part)
                case SearchResult(cited=True):
                    needs |= Capability.CITATIONS
                case ToolResult(parts=results):
                    for result in results:
                        if isinstance(result, Document):
                            needs |= _document_needs(result)
                        elif isinstance(result, SearchResult) and result.cited:
                            needs |= Capability.CITATIONS
    if request.messages[-1].role == "tool":
        needs |= _unfinished_thinking(request)
    return needs


def _document_needs(document: Document) -> int:
    needs = Capability.CITATIONS if document.cited else 0
    return needs if document.media_type == "text/plain" else needs | Capability.DOCUMENTS


def _unfinished_thinking(request: Request) -> int:
    needs = 0
    for message in reversed(request.messages):
        if message.role == "tool":
            continue
        if message.role != "assistant":
            break
        for part in message.parts:
            if isinstance(part, Thinking) and part.signature:
                needs |= _TAKES_BACK.get(part.format, 0)
    return needs


def _tool_needs(request: Request) -> int:
    needs = Capability.TOOLS
    if request.parallel_tool_calls:
        needs |= Capability.PARALLEL_TOOLS
    choice = request.tool_choice
    if choice is not None and choice.mode in ("required", "function"):
        needs |= Capability.FORCED_TOOL
    return needs
