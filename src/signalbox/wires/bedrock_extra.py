"""What Converse leaves to `additionalModelRequestFields`: each model's own words for thinking, `top_k`, and
choices of tools beyond Converse's. Claude's are those of Anthropic's Messages.

It does not decide whether the model can do it: that was asked of the endpoint's capabilities before.
"""

from typing import Any, Final

from msgspec import Struct

from signalbox.domain.notes import Note
from signalbox.domain.request import Reasoning, Request
from signalbox.wires.anthropic_thinking import write_reasoning
from signalbox.wires.bedrock_model import ConverseOptions

_BEYOND_BUDGET: Final = 4_096  # tokens for the answer itself, where nobody set a limit
_ROOM: Final = 131_072
_LOW_MAX: Final = 4_096
_MEDIUM_MAX: Final = 12_288


class ThinkingPlan(Struct, frozen=True):
    """`thinking` in Claude's words, None to leave it to the model; `effort` in Converse's."""

    max_tokens: int | None
    thinking: dict[str, Any] | None = None
    effort: str = ""


def plan_thinking(request: Request, options: ConverseOptions, notes: dict[str, None]) -> ThinkingPlan:
    """Claude thinks here as it does at its own vendor, within a limit that a budget demands."""
    asked = request.reasoning
    limit = request.sampling.max_tokens
    if asked is None:
        return ThinkingPlan(limit)
    if options.family != "claude":
        return ThinkingPlan(limit, effort=_effort(asked, notes))
    choice = request.tool_choice
    thinking, effort = write_reasoning(
        asked,
        model=options.name,
        max_tokens=limit or options.output_limit or _ROOM,
        forced=choice is not None and choice.mode in ("required", "function"),
        notes=notes,
    )
    if limit is None and thinking is not None and "budget_tokens" in thinking:
        notes[Note.MAX_TOKENS_SET] = None
        limit = options.output_limit or thinking["budget_tokens"] + _BEYOND_BUDGET
    return ThinkingPlan(limit, thinking, effort)


def _effort(asked: Reasoning, notes: dict[str, None]) -> str:
    """One of low, medium, high, xhigh, max, the words of Converse; empty for none."""
    if asked.effort == "none" or asked.thinking == "off":
        notes[Note.REASONING_LEFT_OUT] = None
        if asked.effort == "none":
            return ""
    if asked.effort == "minimal":
        notes[Note.EFFORT_ROUNDED] = None
        return "low"
    if asked.effort:
        return asked.effort
    if asked.budget_tokens is not None:
        notes[Note.BUDGET_AS_EFFORT] = None
        budget = asked.budget_tokens
        return "low" if budget <= _LOW_MAX else "medium" if budget <= _MEDIUM_MAX else "high"
    if asked.adaptive:
        notes[Note.ADAPTIVE_AS_EFFORT] = None
        return "medium"
    return ""


def extra_fields(
    request: Request, options: ConverseOptions, plan: ThinkingPlan, choice_open: bool
) -> dict[str, Any]:
    """`choice_open`: tools are offered, and Converse's own choice of them is not made."""
    fields: dict[str, Any] = {}
    top_k = request.sampling.top_k
    if top_k is not None:
        if options.family == "nova":
            fields["inferenceConfig"] = {"topK": top_k}
        else:
            fields["top_k"] = top_k
    if plan.thinking is not None:
        fields["thinking"] = plan.thinking
    if choice_open and options.family == "claude":
        choice = _tool_choice(request, options)
        if choice:
            fields["tool_choice"] = choice
    return fields


def _tool_choice(request: Request, options: ConverseOptions) -> dict[str, Any]:
    """Claude's words for "none", and for one call at a time."""
    choice = request.tool_choice
    if not request.tools or (choice is not None and choice.mode == "none"):
        return {"type": "none"}
    if request.parallel_tool_calls is not False or not options.one_call_at_a_time:
        return {}
    fields: dict[str, Any] = {"type": "auto", "disable_parallel_tool_use": True}
    if choice is not None and choice.mode == "required":
        fields["type"] = "any"
    elif choice is not None and choice.mode == "function":
        fields["type"], fields["name"] = "tool", choice.name
    return fields
