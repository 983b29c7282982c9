"""The shape of a Chat Completions request as clients send it: the allow-list.

A field that is not here is refused by name. Fields typed `Any` are known to the dialect and not offered here;
`openai_chat_read` says which of their values mean "nothing special". Names, ranges and optionality follow
the `openai` package, `openai/types/chat` (3.54); `null` stands for absent wherever its clients send it.

Defaults are left out in writing, so that encoding a body again shows whether a key vanished (`strict_json`).
"""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from signalbox.wires.openai_inline import CacheBreakpoint

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-zA-Z0-9_-]+$")]
Filled = Annotated[str, Meta(min_length=1)]
Bounded = Annotated[str, Meta(min_length=1, max_length=256)]
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class ImageUrl(Struct, forbid_unknown_fields=True, omit_defaults=True):
    url: str
    detail: Literal["auto", "low", "high", "original"] | None = None


class TextPart(Struct, tag_field="type", tag="text", forbid_unknown_fields=True, omit_defaults=True):
    text: str
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class ImagePart(Struct, tag_field="type", tag="image_url", forbid_unknown_fields=True, omit_defaults=True):
    image_url: ImageUrl
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class RefusalPart(Struct, tag_field="type", tag="refusal", forbid_unknown_fields=True, omit_defaults=True):
    refusal: str


class AudioPart(Struct, tag_field="type", tag="input_audio"):
    """Known, not offered."""


class File(Struct, forbid_unknown_fields=True, omit_defaults=True):
    file_data: str | None = None
    file_id: str | None = None
    filename: Annotated[str, Meta(max_length=256)] | None = None


class FilePart(Struct, tag_field="type", tag="file", forbid_unknown_fields=True, omit_defaults=True):
    file: File
    prompt_cache_breakpoint: CacheBreakpoint | None = None


ContentPart = TextPart | ImagePart | RefusalPart | AudioPart | FilePart
Content = str | Annotated[list[ContentPart], Meta(min_length=1, max_length=1024)]


class CalledFunction(Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: Bounded
    arguments: str


class FunctionCall(Struct, tag_field="type", tag="function", forbid_unknown_fields=True, omit_defaults=True):
    id: Bounded
    function: CalledFunction


class CustomCall(Struct, tag_field="type", tag="custom"):
    """Known, not offered."""


class SystemMessage(Struct, tag_field="role", tag="system", forbid_unknown_fields=True, omit_defaults=True):
    role: ClassVar[Literal["system"]] = "system"
    content: Content
    name: str | None = None


class DeveloperMessage(
    Struct, tag_field="role", tag="developer", forbid_unknown_fields=True, omit_defaults=True
):
    role: ClassVar[Literal["developer"]] = "developer"
    content: Content
    name: str | None = None


class UserMessage(Struct, tag_field="role", tag="user", forbid_unknown_fields=True, omit_defaults=True):
    role: ClassVar[Literal["user"]] = "user"
    content: Content
    name: str | None = None


class ReasoningDetail(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Ours: thinking with the seal that its vendor set on it, as replies here carry it."""

    type: Literal["thinking", "redacted_thinking"]
    text: str | None = None
    signature: str | None = None
    format: Literal["", "anthropic", "openai"] | None = None
    id: str | None = None
    index: int | None = None


class AssistantMessage(
    Struct, tag_field="role", tag="assistant", forbid_unknown_fields=True, omit_defaults=True
):
    """Also takes what replies carry, because clients send replies back as they came."""

    content: Content | None = None
    refusal: str | None = None
    tool_calls: Annotated[list[FunctionCall | CustomCall], Meta(max_length=128)] | None = None
    name: str | None = None
    reasoning_content: str | None = None
    reasoning_details: Annotated[list[ReasoningDetail], Meta(max_length=1024)] | None = None
    annotations: Any = None
    audio: Any = None
    function_call: Any = None


class ToolMessage(Struct, tag_field="role", tag="tool", forbid_unknown_fields=True, omit_defaults=True):
    content: Content
    tool_call_id: Bounded
    name: str | None = None


class FunctionMessage(Struct, tag_field="role", tag="function"):
    """Known, deprecated, not offered."""


AnyMessage = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage


class FunctionDefinition(Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(Struct, tag_field="type", tag="function", forbid_unknown_fields=True, omit_defaults=True):
    function: FunctionDefinition


class CustomTool(Struct, tag_field="type", tag="custom"):
    """Known, not offered."""


class NamedFunction(Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: Name


class FunctionReference(
    Struct, tag_field="type", tag="function", forbid_unknown_fields=True, omit_defaults=True
):
    function: NamedFunction


class CustomReference(Struct, tag_field="type", tag="custom"):
    """Known, not offered."""


class AllowedTools(Struct, forbid_unknown_fields=True, omit_defaults=True):
    mode: Literal["auto", "required"]
    tools: Annotated[list[FunctionReference | CustomReference], Meta(min_length=1, max_length=128)]


class AllowedToolsChoice(
    Struct, tag_field="type", tag="allowed_tools", forbid_unknown_fields=True, omit_defaults=True
):
    allowed_tools: AllowedTools


class TextFormat(Struct, tag_field="type", tag="text", forbid_unknown_fields=True, omit_defaults=True):
    """The default."""


class JsonObjectFormat(
    Struct, tag_field="type", tag="json_object", forbid_unknown_fields=True, omit_defaults=True
):
    """JSON of any shape."""


class JsonSchema(Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: Name
    schema: dict[str, Any]
    description: str | None = None
    strict: bool | None = None


class JsonSchemaFormat(
    Struct, tag_field="type", tag="json_schema", forbid_unknown_fields=True, omit_defaults=True
):
    json_schema: JsonSchema


class StreamOptions(Struct, forbid_unknown_fields=True, omit_defaults=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class Offered(Struct, forbid_unknown_fields=True, omit_defaults=True):
    model: Bounded
    messages: Annotated[list[AnyMessage], Meta(min_length=1, max_length=2048)]
    tools: Annotated[list[FunctionTool | CustomTool], Meta(max_length=128)] | None = None
    tool_choice: str | FunctionReference | CustomReference | AllowedToolsChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: TextFormat | JsonObjectFormat | JsonSchemaFormat | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    stop: Filled | Annotated[list[Filled], Meta(max_length=4)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    n: Annotated[int, Meta(ge=1, le=8)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    reasoning_effort: Effort | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None
    user: Annotated[str, Meta(max_length=512)] | None = None
    metadata: (
        Annotated[
            dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
            Meta(max_length=16),
        ]
        | None
    ) = None


class Body(Offered, forbid_unknown_fields=True):
    """With the fields that are known and not offered."""

    audio: Any = None
    function_call: Any = None
    functions: Any = None
    logit_bias: Any = None
    logprobs: Any = None
    modalities: Any = None
    moderation: Any = None
    prediction: Any = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    service_tier: Any = None
    store: Any = None
    top_logprobs: Any = None
    verbosity: Any = None
    web_search_options: Any = None
