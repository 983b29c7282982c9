"""The shape of a Converse request as clients send it: the allow-list of the vendor's side.

Names and shapes are those of `bedrock-runtime` in botocore's service model. A field that is not here is
refused by name. A union, in that model a structure of which one member is given, is a struct of optional
members. Blobs are base64 text.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from signalbox.wires.bedrock_reply import VendorCitation

ToolId = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-zA-Z0-9_.:-]+$")]
ToolName = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-zA-Z0-9_-]+$")]
Filled = Annotated[str, Meta(min_length=1)]
Fraction = Annotated[float, Meta(ge=0, le=1)]


class Closed(Struct, rename="camel", forbid_unknown_fields=True):
    """A structure of the service model."""


class Bytes(Closed):
    bytes: Filled


class ImageBlock(Closed):
    format: Literal["png", "jpeg", "gif", "webp"]
    source: Bytes


class DocumentSource(Closed):
    bytes: Filled | None = None
    text: str | None = None


class CitationsConfig(Closed):
    enabled: bool


class DocumentBlock(Closed):
    name: Annotated[
        str, Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9()\[\]-]+( [A-Za-z0-9()\[\]-]+)*$")
    ]
    source: DocumentSource
    format: Literal["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"] = "txt"
    context: str | None = None
    citations: CitationsConfig | None = None


class TextOnly(Closed):
    text: str


class SearchResultBlock(Closed):
    source: str
    title: str
    content: list[TextOnly]
    citations: CitationsConfig | None = None


class ToolUseBlock(Closed):
    tool_use_id: ToolId
    name: ToolName
    input: Raw


class ResultBlock(Closed):
    text: str | None = None
    json: Raw | None = None
    image: ImageBlock | None = None
    document: DocumentBlock | None = None
    search_result: SearchResultBlock | None = None


class ToolResultBlock(Closed):
    tool_use_id: ToolId
    content: list[ResultBlock]
    status: Literal["success", "error"] | None = None


class ReasoningText(Closed):
    text: str
    signature: str | None = None


class ReasoningBlock(Closed):
    reasoning_text: ReasoningText | None = None
    redacted_content: Filled | None = None


class CitationsBlock(Closed):
    content: list[TextOnly]
    citations: list[VendorCitation]


class CachePoint(Closed):
    type: Literal["default"]
    ttl: Literal["5m", "1h"] | None = None


class ContentBlock(Closed):
    text: str | None = None
    image: ImageBlock | None = None
    document: DocumentBlock | None = None
    tool_use: ToolUseBlock | None = None
    tool_result: ToolResultBlock | None = None
    reasoning_content: ReasoningBlock | None = None
    citations_content: CitationsBlock | None = None
    search_result: SearchResultBlock | None = None
    cache_point: CachePoint | None = None


class MessageBlock(Closed):
    role: Literal["user", "assistant"]
    content: Annotated[list[ContentBlock], Meta(min_length=1)]


class SystemBlock(Closed):
    text: Filled | None = None
    cache_point: CachePoint | None = None


class InferenceConfig(Closed):
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: Fraction | None = None
    top_p: Fraction | None = None
    stop_sequences: Annotated[list[Filled], Meta(max_length=2500)] | None = None


class InputSchema(Closed):
    json: dict[str, Any]


class ToolSpec(Closed):
    name: ToolName
    input_schema: InputSchema
    description: Filled | None = None
    strict: bool | None = None


class ToolBlock(Closed):
    tool_spec: ToolSpec | None = None
    cache_point: CachePoint | None = None


class NamedTool(Closed):
    name: ToolName


class Nothing(Closed):
    """An empty structure."""


class ToolChoiceBlock(Closed):
    auto: Nothing | None = None
    any: Nothing | None = None
    tool: NamedTool | None = None


class ToolConfig(Closed):
    tools: Annotated[list[ToolBlock], Meta(min_length=1)]
    tool_choice: ToolChoiceBlock | None = None


class JsonSchema(Closed):
    schema: str
    name: str | None = None
    description: str | None = None


class Structure(Closed):
    json_schema: JsonSchema


class TextFormat(Closed):
    type: Literal["json_schema"]
    structure: Structure


class OutputConfig(Closed):
    text_format: TextFormat | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


class ClaudeThinking(Struct, forbid_unknown_fields=True):
    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: Annotated[int, Meta(ge=1024)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class ClaudeToolChoice(Struct, forbid_unknown_fields=True):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class NovaInference(Closed):
    top_k: int | None = None


class ModelFields(Struct, forbid_unknown_fields=True):
    """What models take beyond Converse, in their own words."""

    thinking: ClaudeThinking | None = None
    tool_choice: ClaudeToolChoice | None = None
    top_k: int | None = None
    inferenceConfig: NovaInference | None = None  # noqa: N815 - the vendor's name


MetadataText = Annotated[str, Meta(max_length=256, pattern=r"^[a-zA-Z0-9\s:_@$#=/+,\-.]*$")]


class Body(Closed):
    messages: Annotated[list[MessageBlock], Meta(min_length=1)]
    system: list[SystemBlock] | None = None
    inference_config: InferenceConfig | None = None
    tool_config: ToolConfig | None = None
    additional_model_request_fields: ModelFields | None = None
    additional_model_response_field_paths: Annotated[list[str], Meta(max_length=10)] | None = None
    output_config: OutputConfig | None = None
    request_metadata: (
        Annotated[dict[MetadataText, MetadataText], Meta(min_length=1, max_length=16)] | None
    ) = None
