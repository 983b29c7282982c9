"""What Converse leaves to `additionalModelRequestFields`: each model's own words for thinking, `top_k`, and
choices of tools beyond Converse's. Claude's are those of Anthropic's Messages.

It does not decide whether the model can do it: that was asked of the endpoint's capabilities before.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from signalbox.domain.notes import Note
from signalbox.domain.request import Effort, Reasoning, Request
from signalbox.wires.bedrock_model import ConverseOptions

BUDGET_MIN: Final = 1_024
"""The least that Claude takes for a budget, which also has to be below the output limit."""

_BUDGETS: Final[dict[Effort, int]] = {
    "minimal": 1_024,
    "low": 2_048,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 24_576,
    "max": 32_768,
}
_BEYOND_BUDGET: Final = 4_096  # for the answer, where the caller set no limit


class ThinkingPlan(Struct, frozen=True):
    """`thinking` in Claude's words, None to leave it to the model; `effort` in Converse's."""

    max_tokens: int | None
    thinking: dict[str, Any] | None = None
    effort: str = ""


def plan_thinking(request: Request, options: ConverseOptions, note: Callable[[Note], None]) -> ThinkingPlan:
    asked = request.reasoning
    limit = request.sampling.max_tokens
    if asked is None:
        return ThinkingPlan(limit)
    if options.family != "claude":
        return ThinkingPlan(limit, effort=_effort(asked, note))
    effort = _effort(asked, note) if options.adaptive and _says_how_much(asked, options) else ""
    if not asked.wanted:
        if asked.thinking == "off" and asked.effort and not effort:
            note(Note.REASONING_LEFT_OUT)
        off = asked.thinking == "off" or asked.effort == "none"
        return ThinkingPlan(limit, {"type": "disabled"} if off else None, effort)
    if asked.thinking == "unsaid":
        if not effort:
            note(Note.REASONING_LEFT_OUT)
        return ThinkingPlan(limit, None, effort)
    choice = request.tool_choice
    if choice is not None and choice.mode in ("required", "function"):
        note(Note.REASONING_BEFORE_FORCED_TOOL)  # the vendor refuses both at once
        return ThinkingPlan(limit, None, effort)
    if options.adaptive and (asked.budget_tokens is None or not options.budgeted):
        thinking: dict[str, Any] = {"type": "adaptive"}
        if asked.visible is not None:
            thinking["display"] = "summarized" if asked.visible else "omitted"
        return ThinkingPlan(limit, thinking, effort)
    return _budgeted(asked, limit, options, note)


def _says_how_much(asked: Reasoning, options: ConverseOptions) -> bool:
    """Beyond that there be thinking, or none; a budget says it in its own words where the model takes one."""
    if asked.effort not in ("", "none"):
        return True
    return asked.budget_tokens is not None and not options.budgeted


def _effort(asked: Reasoning, note: Callable[[Note], None]) -> str:
    """One of low, medium, high, xhigh, max, the words of Converse; empty for none."""
    if asked.effort == "none":
        note(Note.REASONING_LEFT_OUT)
        return ""
    if asked.effort == "minimal":
        note(Note.EFFORT_ROUNDED)
        return "low"
    if asked.effort:
        return asked.effort
    if asked.budget_tokens is not None:
        note(Note.BUDGET_AS_EFFORT)
        if asked.budget_tokens <= _BUDGETS["low"]:
            return "low"
        return "medium" if asked.budget_tokens <= _BUDGETS["medium"] else "high"
    if asked.adaptive:
        note(Note.ADAPTIVE_AS_EFFORT)
        return "medium"
    return ""


def _budgeted(
    asked: Reasoning, limit: int | None, options: ConverseOptions, note: Callable[[Note], None]
) -> ThinkingPlan:
    """A budget of tokens below the limit on all of the output, which then has to be set."""
    if limit is not None and limit <= BUDGET_MIN:
        note(Note.REASONING_WITHOUT_ROOM)
        return ThinkingPlan(limit)
    budget = asked.budget_tokens
    if budget is None:
        note(Note.EFFORT_AS_BUDGET)
        budget = _BUDGETS[asked.effort or "medium"]
        if limit is not None and budget >= limit:
            budget = max(BUDGET_MIN, limit // 2)
    if limit is None:
        note(Note.MAX_TOKENS_SET)
        limit = max(options.output_limit, BUDGET_MIN + 1) if options.output_limit else budget + _BEYOND_BUDGET
        budget = min(budget, limit - 1)
    return ThinkingPlan(limit, {"type": "enabled", "budget_tokens": budget})


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
