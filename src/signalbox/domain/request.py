"""A request in no vendor's dialect. Wires translate to and from it; nothing unknown survives in it."""

from typing import Any, Literal

from msgspec import Struct

CacheMark = Literal["", "5m", "1h"]
"""Where a caller asks that a vendor keep the prompt up to here for its next call, and for how long."""


class Citation(Struct, frozen=True, kw_only=True):
    """Where in the caller's material a text of the model comes from.

    `source` counts documents (`char`, `page`, `block`) or search results (`search`) from 0 in the order of
    the request; `start` and `end` are characters, pages (from 1, end exclusive) or blocks in it, -1 where
    there are none. A `url` citation has its place in the reply's own text instead.
    """

    kind: Literal["char", "page", "block", "search", "url"]
    cited: str = ""
    source: int = -1
    title: str = ""
    url: str = ""
    start: int = -1
    end: int = -1


class Text(Struct, frozen=True, tag="text"):
    text: str
    cache: CacheMark = ""
    citations: tuple[Citation, ...] = ()


class Image(Struct, frozen=True, tag="image"):
    """An image carried inline. `data` is base64. A URL would be egress of its own and is refused."""

    media_type: str
    data: str
    detail: str = "auto"
    cache: CacheMark = ""


class Document(Struct, frozen=True, tag="document"):
    """A document carried inline: `data` is the text itself for `text/plain`, base64 for anything else.

    `cited`: the model is to say where in it a statement comes from.
    """

    media_type: str
    data: str
    title: str = ""
    context: str = ""
    cited: bool = False
    cache: CacheMark = ""


class SearchResult(Struct, frozen=True, tag="search_result"):
    """What the caller's own search found. `source` names where; nothing is fetched from there."""

    source: str
    title: str
    texts: tuple[str, ...]
    cited: bool = False
    cache: CacheMark = ""


ThinkingFormat = Literal["", "anthropic", "openai"]


class Thinking(Struct, frozen=True, tag="thinking"):
    """What a model thought before it spoke.

    `signature` is the vendor's seal, opaque to us, and valid only for models of `format`; with `redacted`
    it is all there is. It travels back unchanged, or not at all. `id` is the vendor's name for it.
    """

    text: str
    signature: str = ""
    format: ThinkingFormat = ""
    redacted: bool = False
    id: str = ""


class ToolUse(Struct, frozen=True, tag="tool_use"):
    """A call that a model made. `arguments` is JSON text exactly as the model wrote it."""

    id: str
    name: str
    arguments: str
    cache: CacheMark = ""


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """`failed`: the tool says that it could not do it."""

    id: str
    parts: tuple[Text | Image | Document | SearchResult, ...]
    failed: bool = False
    cache: CacheMark = ""


class Refusal(Struct, frozen=True, tag="refusal"):
    text: str


Part = Text | Image | Document | SearchResult | Thinking | ToolUse | ToolResult | Refusal
Role = Literal["system", "developer", "user", "assistant", "tool"]


class Message(Struct, frozen=True):
    role: Role
    parts: tuple[Part, ...]
    name: str = ""


class Tool(Struct, frozen=True):
    """A function the caller offers. `parameters` is a JSON Schema object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    cache: CacheMark = ""


class ToolChoice(Struct, frozen=True):
    """`mode` as named; with `mode="function"` the model must call `name`."""

    mode: Literal["auto", "none", "required", "function"]
    name: str = ""


class ResponseFormat(Struct, frozen=True):
    """`json_object`, or `json_schema` with the schema that the reply must satisfy."""

    kind: Literal["json_object", "json_schema"]
    name: str = ""
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    description: str = ""


class Sampling(Struct, frozen=True, kw_only=True):
    """Absent means the vendor's default; a value is sent as given or the endpoint is not a candidate."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int = 1
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    top_k: int | None = None


Effort = Literal["", "none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Reasoning(Struct, frozen=True, kw_only=True):
    """How much thinking before the answer is asked for: an `effort` in words, a budget in tokens, or as
    much as the model sees fit (`adaptive`). `visible`: the caller wants to read it; None says nothing.

    `thinking` is `unsaid` where the caller gave an effort for the whole answer without a word on thinking,
    and `off` where it gave one and forbade thinking."""

    effort: Effort = ""
    budget_tokens: int | None = None
    adaptive: bool = False
    visible: bool | None = None
    thinking: Literal["asked", "unsaid", "off"] = "asked"

    @property
    def wanted(self) -> bool:
        asked = self.adaptive or self.budget_tokens is not None or self.effort not in ("", "none")
        return asked and self.thinking != "off"


class Embedding(Struct, frozen=True, kw_only=True):
    """The request asks for a vector for each text of its messages, not for an answer."""

    dimensions: int | None = None


class Declared(Struct, frozen=True, kw_only=True):
    """What the caller says of its request, as said; empty where it said nothing.

    `identify` keeps what the key may assert; `classify` parses it. `label` is a sensitivity label:
    one that is not recognised counts as the highest.
    """

    app: str = ""
    feature: str = ""
    task: str = ""
    label: str = ""
    latency_class: str = ""
    boundary: str = ""
    user: str = ""
    deadline_ms: int | None = None


class Request(Struct, frozen=True, kw_only=True):
    """`target` is what the caller asked for: a routing name, a model, `model@version`, or an endpoint.

    `cache` marks the whole prompt. `notes` say what of the caller's request has no meaning here and was
    left out (see `domain.notes`); they are recorded with each attempt.
    """

    target: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    sampling: Sampling = Sampling()
    reasoning: Reasoning | None = None
    embedding: Embedding | None = None
    cache: CacheMark = ""
    stream: bool = False
    notes: tuple[str, ...] = ()
    declared: Declared = Declared()
