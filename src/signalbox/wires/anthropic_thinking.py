"""How much a request asks to think → what a Claude model of a given name takes.

The dialect has three words for it: a budget of tokens, `adaptive`, and an effort for the whole answer; which
of them a model takes depends on the model. Known names are listed here (from the vendor's model pages, in
November 2026); any other model gets what the caller said. It does not decide whether a model thinks at all.
"""

from typing import Any, Final

from signalbox.domain.notes import Note
from signalbox.domain.request import Effort, Reasoning

BUDGET_MIN: Final = 1024
_BUDGETS_ONLY: Final = (
    "claude-3-",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
)
_BUDGETS_AND_EFFORTS: Final = ("claude-opus-4-5",)
_NO_BUDGETS: Final = (
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-sonnet-5",
    "claude-haiku-5",
    "claude-fable-5",
    "claude-mythos-5",
)
_BUDGETS: Final[dict[Effort, int]] = {
    "minimal": 1_024,
    "low": 2_048,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 65_536,
}
_ADAPTIVE_BUDGET: Final = 8_192
_LOW_MAX: Final = 4_096
_MEDIUM_MAX: Final = 12_288


def write_reasoning(
    reasoning: Reasoning, *, model: str, max_tokens: int, forced: bool, notes: dict[str, None]
) -> tuple[dict[str, Any] | None, str]:
    """The `thinking` object, None to say nothing of it, and the effort, empty for none.

    `forced`: the request forces a tool call, before which the vendor does not think.
    """
    name = model[model.find("claude-") :] if "claude-" in model else model
    takes_effort = not name.startswith(_BUDGETS_ONLY)
    effort = _effort(reasoning.effort, notes) if takes_effort else ""
    if reasoning.effort == "none":
        return {"type": "disabled"}, ""
    if reasoning.thinking != "asked":
        if reasoning.effort and not takes_effort:
            notes[Note.REASONING_LEFT_OUT] = None
        return ({"type": "disabled"} if reasoning.thinking == "off" else None), effort
    if not reasoning.wanted:
        return None, effort
    if forced:
        notes[Note.REASONING_BEFORE_FORCED_TOOL] = None
        return None, effort
    budget = reasoning.budget_tokens
    if budget is not None and name.startswith(_NO_BUDGETS):
        notes[Note.BUDGET_AS_EFFORT] = None
        effort = effort or ("low" if budget <= _LOW_MAX else "medium" if budget <= _MEDIUM_MAX else "high")
        budget = None
    elif budget is None and name.startswith(_BUDGETS_ONLY + _BUDGETS_AND_EFFORTS):
        budget = min(_BUDGETS.get(reasoning.effort, _ADAPTIVE_BUDGET), max_tokens // 2)
        if budget < BUDGET_MIN:
            notes[Note.REASONING_WITHOUT_ROOM] = None
            return None, effort
        notes[Note.EFFORT_AS_BUDGET] = None
    thinking: dict[str, Any] = {"type": "adaptive"}
    if budget is not None:
        thinking = {"type": "enabled", "budget_tokens": budget}
    if reasoning.visible is not None:
        thinking["display"] = "summarized" if reasoning.visible else "omitted"
    return thinking, effort


def _effort(effort: Effort, notes: dict[str, None]) -> str:
    if effort == "minimal":
        notes[Note.EFFORT_ROUNDED] = None
        return "low"
    return "" if effort == "none" else effort
