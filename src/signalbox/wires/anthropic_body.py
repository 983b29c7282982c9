"""The shape of an Anthropic Messages request as clients send it: the allow-list.

A field or block that is not here is refused by name; `anthropic_refusals` has the words for those that the
dialect knows and that are not offered. Names, ranges and optionality follow the `anthropic` package,
`anthropic/types` (2.12), and for `temperature`, `top_p` and `top_k`, which that version no longer spells, the
API. `null` stands for absent wherever its clients send it.

Defaults are left out in writing, so that encoding a body again shows whether a key vanished (`strict_json`).
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=128, pattern="^[a-zA-Z0-9_-]+$")]
Filled = Annotated[str, Meta(min_length=1)]
Bounded = Annotated[str, Meta(min_length=1, max_length=256)]
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Place = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class CacheControl(Struct, forbid_unknown_fields=True, omit_defaults=True):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class CitationsConfig(Struct, forbid_unknown_fields=True, omit_defaults=True):
    enabled: bool | None = None


class _Located(Struct, tag_field="type", forbid_unknown_fields=True, omit_defaults=True):
    """`file_id` is null in replies to requests without files, which are the only ones there can be."""

    cited_text: str
    document_index: Place
    document_title: str | None = None
    file_id: None = None


class CharLocation(_Located, tag="char_location", kw_only=True):
    start_char_index: Place
    end_char_index: Place


class PageLocation(_Located, tag="page_location", kw_only=True):
    start_page_number: Place
    end_page_number: Place


class BlockLocation(_Located, tag="content_block_location", kw_only=True):
    start_block_index: Place
    end_block_index: Place


class SearchLocation(
    Struct, tag_field="type", tag="search_result_location", forbid_unknown_fields=True, omit_defaults=True
):
    cited_text: str
    search_result_index: Place
    source: str
    start_block_index: Place
    end_block_index: Place
    title: str | None = None


class WebLocation(
    Struct, tag_field="type", tag="web_search_result_location", forbid_unknown_fields=True, omit_defaults=True
):
    cited_text: str
    encrypted_index: str
    url: str
    title: str | None = None


AnyCitation = CharLocation | PageLocation | BlockLocation | SearchLocation | WebLocation


class TextBlock(Struct, tag_field="type", tag="text", forbid_unknown_fields=True, omit_defaults=True):
    text: str
    cache_control: CacheControl | None = None
    citations: list[AnyCitation] | None = None


class Base64Source(Struct, tag_field="type", tag="base64", forbid_unknown_fields=True, omit_defaults=True):
    media_type: str
    data: str


class TextSource(Struct, tag_field="type", tag="text", forbid_unknown_fields=True, omit_defaults=True):
    media_type: Literal["text/plain"]
    data: str


class ImageTransformations(Struct, forbid_unknown_fields=True, omit_defaults=True):
    oversized_image: Literal["downsize"] | None = None


class ImageBlock(Struct, tag_field="type", tag="image", forbid_unknown_fields=True, omit_defaults=True):
    source: Base64Source
    cache_control: CacheControl | None = None
    transformations: ImageTransformations | None = None


class ContentSource(Struct, tag_field="type", tag="content", forbid_unknown_fields=True, omit_defaults=True):
    content: str | Annotated[list[TextBlock | ImageBlock], Meta(min_length=1)]


class DocumentBlock(Struct, tag_field="type", tag="document", forbid_unknown_fields=True, omit_defaults=True):
    source: Base64Source | TextSource | ContentSource
    cache_control: CacheControl | None = None
    citations: CitationsConfig | None = None
    context: str | None = None
    title: str | None = None


class SearchResultBlock(
    Struct, tag_field="type", tag="search_result", forbid_unknown_fields=True, omit_defaults=True
):
    source: str
    title: str
    content: Annotated[list[TextBlock], Meta(min_length=1)]
    cache_control: CacheControl | None = None
    citations: CitationsConfig | None = None


class ThinkingBlock(Struct, tag_field="type", tag="thinking", forbid_unknown_fields=True, omit_defaults=True):
    thinking: str
    signature: str


class RedactedBlock(
    Struct, tag_field="type", tag="redacted_thinking", forbid_unknown_fields=True, omit_defaults=True
):
    data: Filled


class DirectCaller(Struct, forbid_unknown_fields=True, omit_defaults=True):
    type: Literal["direct"]


class ToolUseBlock(Struct, tag_field="type", tag="tool_use", forbid_unknown_fields=True, omit_defaults=True):
    id: Bounded
    name: Bounded
    input: dict[str, Any]
    cache_control: CacheControl | None = None
    caller: DirectCaller | None = None
    toolset_name: None = None


ResultBlock = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock


class ToolResultBlock(
    Struct, tag_field="type", tag="tool_result", forbid_unknown_fields=True, omit_defaults=True
):
    tool_use_id: Bounded
    content: str | list[ResultBlock] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None
    toolset_name: None = None


Block = ResultBlock | ThinkingBlock | RedactedBlock | ToolUseBlock | ToolResultBlock


class Message(Struct, forbid_unknown_fields=True, omit_defaults=True):
    role: Literal["user", "assistant", "system"]
    content: str | Annotated[list[Block], Meta(min_length=1)]


class Tool(Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: Name
    input_schema: dict[str, Any]
    description: str | None = None
    type: Literal["custom"] | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    allowed_callers: list[Literal["direct"]] | None = None


class AutoChoice(Struct, tag_field="type", tag="auto", forbid_unknown_fields=True, omit_defaults=True):
    disable_parallel_tool_use: bool | None = None


class AnyChoice(Struct, tag_field="type", tag="any", forbid_unknown_fields=True, omit_defaults=True):
    disable_parallel_tool_use: bool | None = None


class NamedChoice(Struct, tag_field="type", tag="tool", forbid_unknown_fields=True, omit_defaults=True):
    name: Name
    disable_parallel_tool_use: bool | None = None


class NoChoice(Struct, tag_field="type", tag="none", forbid_unknown_fields=True, omit_defaults=True):
    """No tool may be called."""


AnyToolChoice = AutoChoice | AnyChoice | NamedChoice | NoChoice
Display = Literal["summarized", "omitted"]


class EnabledThinking(
    Struct, tag_field="type", tag="enabled", forbid_unknown_fields=True, omit_defaults=True
):
    budget_tokens: Annotated[int, Meta(ge=1024, le=2**31 - 1)]
    display: Display | None = None


class AdaptiveThinking(
    Struct, tag_field="type", tag="adaptive", forbid_unknown_fields=True, omit_defaults=True
):
    display: Display | None = None


class DisabledThinking(
    Struct, tag_field="type", tag="disabled", forbid_unknown_fields=True, omit_defaults=True
):
    """No thinking."""


class SchemaFormat(Struct, tag_field="type", tag="json_schema", forbid_unknown_fields=True):
    schema: dict[str, Any]


class OutputConfig(Struct, forbid_unknown_fields=True, omit_defaults=True):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: SchemaFormat | None = None


class Metadata(Struct, forbid_unknown_fields=True, omit_defaults=True):
    user_id: Annotated[str, Meta(max_length=512)] | None = None


class Prompt(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What counting tokens and answering have in common."""

    model: Bounded
    messages: Annotated[list[Message], Meta(min_length=1, max_length=10_000)]
    system: str | list[TextBlock] | None = None
    tools: Annotated[list[Tool], Meta(max_length=1024)] | None = None
    tool_choice: AnyToolChoice | None = None
    thinking: EnabledThinking | AdaptiveThinking | DisabledThinking | None = None
    output_config: OutputConfig | None = None
    cache_control: CacheControl | None = None


class Offered(Prompt, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    max_tokens: Count
    metadata: Metadata | None = None
    stop_sequences: Annotated[list[Filled], Meta(max_length=64)] | None = None
    stream: bool | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Place | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
