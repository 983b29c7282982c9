"""What a request is, as far as routing needs to know: the result of `classify`."""

from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct


class TaskType(StrEnum):
    FORMATTING = "formatting"
    COMPUTATION = "computation"
    LAYOUT = "layout"
    REASONING = "reasoning"
    DRAFTING = "drafting"
    REWRITING = "rewriting"
    SUMMARISING = "summarising"
    EXTRACTION = "extraction"
    CLASSIFICATION = "classification"
    TRANSLATION = "translation"
    CODING = "coding"
    CHAT = "chat"


class Sensitivity(IntEnum):
    """Ordered: a higher value is never permitted more than a lower one."""

    PUBLIC = 0
    GENERAL = 1
    CONFIDENTIAL = 2
    HIGHLY_CONFIDENTIAL = 3

    @property
    def label(self) -> str:
        return SENSITIVITY_LABELS[self]


SENSITIVITY_LABELS: Final = ("public", "general", "confidential", "highly-confidential")


class LatencyClass(StrEnum):
    """How long the user will wait: under a second, some seconds, or not at all."""

    INTERACTIVE = "interactive"
    NEAR_INTERACTIVE = "near-interactive"
    BATCH = "batch"


class Capability:
    """What a request needs and an endpoint offers, as bits of one integer (set algebra at no cost)."""

    STREAMING: Final = 1
    TOOLS: Final = 2
    PARALLEL_TOOLS: Final = 4
    JSON_OBJECT: Final = 8
    JSON_SCHEMA: Final = 16
    VISION: Final = 32
    THINKING: Final = 64
    MANY_CHOICES: Final = 128
    SEED: Final = 256
    LOGPROBS: Final = 512
    FORCED_TOOL: Final = 1024
    PENALTIES: Final = 2048
    CHAT: Final = 4096
    EMBEDDINGS: Final = 8192
    STOP_WORDS: Final = 16384
    TOP_K: Final = 32768
    SAMPLING: Final = 65536  # a temperature or top_p other than the model's own
    DOCUMENTS: Final = 131072  # other than plain text
    CITATIONS: Final = 262144
    PROMPT_CACHE: Final = 524288
    ANTHROPIC_THINKING: Final = 1048576  # takes back thinking that Claude signed
    OPENAI_THINKING: Final = 2097152  # … that OpenAI's models encrypted
    NATIVE_SCHEMA: Final = 4194304  # a JSON schema of its own, and not by way of a tool
    NATIVE_OBJECT: Final = 8388608
    GRAMMAR: Final = 16777216  # its decoder is held to a GBNF grammar


CAPABILITY_NAMES: Final[dict[str, int]] = {
    name.lower().replace("_", "-"): bit for name, bit in vars(Capability).items() if name.isupper()
}


DECLARED_CAPABILITIES: Final = frozenset(CAPABILITY_NAMES) - {"chat", "native-schema", "native-object"}
"""Those that a registry entry states; the others follow from them."""


def with_implied(declared: int) -> int:
    """All that an endpoint of these declared capabilities can do.

    What makes no vectors chats. A tool whose parameters are the schema, and that must be called, gives
    structured output where there is none natively.
    """
    able = declared
    if not able & Capability.EMBEDDINGS:
        able |= Capability.CHAT
    if able & Capability.JSON_SCHEMA:
        able |= Capability.NATIVE_SCHEMA
    if able & Capability.JSON_OBJECT:
        able |= Capability.NATIVE_OBJECT
    by_tool = Capability.TOOLS | Capability.FORCED_TOOL
    if able & by_tool == by_tool:
        able |= Capability.JSON_SCHEMA | Capability.JSON_OBJECT
    return able


def capability_names(bits: int) -> tuple[str, ...]:
    """The names of the bits set, in alphabetical order."""
    return tuple(sorted(name for name, bit in CAPABILITY_NAMES.items() if bits & bit))


class Traits(Struct, frozen=True, kw_only=True):
    """`classify`'s answer. `task_confidence` is in 1e-4; tokens are counts; `needs` are Capability bits.

    `categories` are kinds of protected content that were detected or declared, sorted
    (`personal`, `payment`, `bank`, `credentials`, `health`).
    """

    app: str
    feature: str
    task: TaskType
    task_confidence: int
    sensitivity: Sensitivity
    categories: tuple[str, ...]
    boundary: str
    latency_class: LatencyClass
    deadline_ms: int
    tokens_in: int
    tokens_out_max: int
    needs: int


class Facts(Struct, frozen=True, omit_defaults=True, cache_hash=True):
    """All that policy may see of a request: declared, authenticated or detected; never an inferred task.

    A user is seen through groups only, which keeps the space of facts (and so the verdict cache) bounded.
    `grant` names the break-glass grant that covers the caller, if one does; no rule reads it.
    """

    tenant: str
    groups: tuple[str, ...]
    app: str
    feature: str
    sensitivity: Sensitivity
    categories: tuple[str, ...]
    boundary: str
    grant: str = ""
