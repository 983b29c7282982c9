"""What was mapped or left out on the way between two dialects, in words that are recorded.

Nothing is dropped silently: a wire that cannot say a thing exactly either is no candidate for it (a
capability) or names what it did with one of these. `docs/reference/translation.md` lists where each occurs.
"""

from enum import StrEnum


class Note(StrEnum):
    SYSTEM_MERGED = "system messages moved to the front"
    DEVELOPER_AS_SYSTEM = "developer messages sent as system messages"
    NAMES_LEFT_OUT = "names of messages left out"
    IMAGE_DETAIL_LEFT_OUT = "image detail left out"
    CACHE_MARKS_LEFT_OUT = "prompt cache marks left out"
    CACHE_HOUR_SHORTENED = "prompt cache marks of an hour sent as five minutes"
    CACHE_KEY_LEFT_OUT = "prompt cache key left out"
    THINKING_LEFT_OUT = "thinking of another vendor left out"
    THINKING_UNSEALED = "unsigned thinking left out"
    EFFORT_AS_BUDGET = "reasoning effort sent as a token budget"
    BUDGET_AS_EFFORT = "token budget for reasoning sent as an effort"
    EFFORT_ROUNDED = "reasoning effort sent as the nearest the vendor has"
    REFUSAL_AS_TEXT = "refusals of earlier turns sent as text"
    CITATIONS_LEFT_OUT = "citations of earlier turns left out"
    FAILED_AS_TEXT = "a tool's failure sent as text"
    SEARCH_RESULTS_AS_TEXT = "search results sent as text"
    DOCUMENT_AS_TEXT = "plain text documents sent as text"
    STRICT_LEFT_OUT = "strict tool schemas sent without strictness"
    SCHEMA_AS_TOOL = "the reply's schema sent as a tool that must be called"
    SCHEMA_IN_PROMPT = "the reply's schema written into the prompt"
    MAX_TOKENS_SET = "an output limit set where the vendor demands one"
    TURNS_MERGED = "neighbouring messages of one role sent as one"
    MESSAGE_IDS_LEFT_OUT = "ids of earlier output left out"
    TOOL_ID_REWRITTEN = "ids of tool calls rewritten to the vendor's alphabet"
