"""A request in no vendor's dialect. Wires translate to and from it; nothing unknown survives in it."""

from typing import Any, Literal

from msgspec import Struct


class Text(Struct, frozen=True, tag="text"):
    text: str


class Image(Struct, frozen=True, tag="image"):
    """An image carried inline. `data` is base64. A URL would be egress of its own and is refused."""

    media_type: str
    data: str
    detail: str = "auto"


class ToolUse(Struct, frozen=True, tag="tool_use"):
    """A call that a model made. `arguments` is JSON text exactly as the model wrote it."""

    id: str
    name: str
    arguments: str


class ToolResult(Struct, frozen=True, tag="tool_result"):
    id: str
    parts: tuple[Text | Image, ...]


class Refusal(Struct, frozen=True, tag="refusal"):
    text: str


Part = Text | Image | ToolUse | ToolResult | Refusal
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
    """`target` is what the caller asked for: a routing name, a model, `model@version`, or an endpoint."""

    target: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    sampling: Sampling = Sampling()
    stream: bool = False
    declared: Declared = Declared()
