"""What every vendor demands of a conversation beyond its shape, in words the vendor's 400 can carry.

The shape is the wires' business. Here: tool results answer the calls before them, and thinking comes back
as it was sealed.
"""

from typing import Final

from signalbox.domain.request import Message, Request, Thinking, ThinkingFormat, ToolResult, ToolUse
from signalbox.simulate.vendors.seals import Sealer


def broken_demand(request: Request, thinking: ThinkingFormat, sealer: Sealer) -> str:
    """What is wrong with the conversation; empty if nothing is. Names places, never texts."""
    return _tools(request.messages) or _seals(request.messages, thinking, sealer)


_UNSEALED: Final[dict[ThinkingFormat, str]] = {
    "anthropic": "{place}: Invalid `signature` in `thinking` block",
    "openai": "The encrypted content for item at {place} could not be verified: Invalid encrypted content.",
}


def missing_thinking(request: Request) -> str:
    """Where models go on thinking after a tool: the turn that called it must begin with the thought."""
    if request.reasoning is None or not request.reasoning.wanted or not request.messages:
        return ""
    if not any(type(part) is ToolResult for part in request.messages[-1].parts):
        return ""
    for place in range(len(request.messages) - 1, -1, -1):
        message = request.messages[place]
        if message.role == "assistant":
            if type(message.parts[0]) is Thinking:
                return ""
            found = "tool_use" if type(message.parts[0]) is ToolUse else "text"
            return (
                f"messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
                f"`{found}`. When `thinking` is enabled, a final `assistant` message must start with a "
                "thinking block"
            )
    return ""


def _tools(messages: tuple[Message, ...]) -> str:
    owed: set[str] = set()
    for place, message in enumerate(messages):
        results = [part.id for part in message.parts if type(part) is ToolResult]
        for result in results:
            if result not in owed:
                return f"messages.{place}: the tool result `{result}` answers no tool call of the turn before"
            owed.discard(result)
        if owed and (message.role == "assistant" or not results):
            return f"messages.{place}: tool calls were found without results: {', '.join(sorted(owed))}"
        if message.role == "assistant":
            owed = {part.id for part in message.parts if type(part) is ToolUse}
    return f"tool calls were found without results: {', '.join(sorted(owed))}" if owed else ""


def _seals(messages: tuple[Message, ...], native: ThinkingFormat, sealer: Sealer) -> str:
    if native not in _UNSEALED:
        return ""
    for place, message in enumerate(messages):
        for at, part in enumerate(message.parts):
            if type(part) is Thinking and not _sealed(part, native, sealer):
                return _UNSEALED[native].format(place=f"messages.{place}.content.{at}")
    return ""


def _sealed(part: Thinking, native: ThinkingFormat, sealer: Sealer) -> bool:
    if part.format != native or not part.signature:
        return False
    # OpenAI's seal holds the whole thought, Claude's vouches for the text beside it.
    if native == "openai" or part.redacted:
        return sealer.ours(part.signature)
    return sealer.holds(part.text, part.signature)
