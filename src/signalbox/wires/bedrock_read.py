"""A Converse request from a client → a domain `Request`: the vendor's side, for emulators.

Strict: the body is read by the allow-list of `bedrock_body`; what is not on it is refused by name, and so is
what the vendor itself refuses (turns that do not alternate, tools that nobody declared, two choices of one
tool). `requestMetadata` means nothing to the model and goes no further. The words of models for themselves
(`additionalModelRequestFields`) are read as far as `bedrock_extra` writes them.
"""

import binascii
from typing import Any, Final, Literal

import msgspec

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.request import (
    CacheMark,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Request,
    ResponseFormat,
    Sampling,
    SearchResult,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.wires import bedrock_body as wire
from signalbox.wires.bedrock_names import MEDIA_TYPES
from signalbox.wires.bedrock_reply import read_citation
from signalbox.wires.errors import WireError

_decode: Final = msgspec.json.Decoder(wire.Body).decode
_decode_any: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


def read_request(body: bytes, model_id: str) -> Request:
    """`model_id`, from the path, becomes the target. Raises `MalformedRequest`, naming the place."""
    try:
        given = _decode(body)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"the body is no Converse request: {error}") from None
    messages = [Message("system", _system(given.system))] if given.system else []
    role = "assistant"
    for place, message in enumerate(given.messages):
        if message.role == role:
            raise MalformedRequest(f"messages.{place}: the roles of messages alternate, from `user` on")
        role = message.role
        messages += _turn(message, f"messages.{place}")
    tools = _tools(given.tool_config)
    _refuse_undeclared(messages, tools)
    config = given.inference_config or wire.InferenceConfig()
    extra = given.additional_model_request_fields or wire.ModelFields()
    nova = extra.inferenceConfig
    return Request(
        target=model_id,
        messages=tuple(messages),
        tools=tools,
        tool_choice=_choice(given.tool_config, extra.tool_choice),
        parallel_tool_calls=False
        if extra.tool_choice is not None and extra.tool_choice.disable_parallel_tool_use
        else None,
        response_format=_response_format(given.output_config),
        sampling=Sampling(
            max_tokens=config.max_tokens,
            temperature=config.temperature,
            top_p=config.top_p,
            stop=tuple(config.stop_sequences or ()),
            top_k=nova.top_k if nova is not None else extra.top_k,
        ),
        reasoning=_reasoning(extra.thinking, given.output_config, config.max_tokens),
    )


# -- turns


def _system(blocks: list[wire.SystemBlock]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for place, block in enumerate(blocks):
        if block.cache_point is not None:
            _mark(parts, block.cache_point, f"system.{place}")
        elif block.text is not None:
            parts.append(Text(block.text))
        else:
            raise MalformedRequest(f"system.{place}: the block is empty")
    return tuple(parts)


def _turn(message: wire.MessageBlock, path: str) -> list[Message]:
    """A user's turn may be two messages here: results of tools come before what the user says."""
    parts: list[Part] = []
    for place, block in enumerate(message.content):
        where = f"{path}.content.{place}"
        given = [name for name in block.__struct_fields__ if getattr(block, name) is not None]
        if len(given) != 1:
            raise MalformedRequest(f"{where}: expected one member of the union, found {len(given)}")
        if block.cache_point is not None:
            _mark(parts, block.cache_point, where)
        else:
            parts.append(_part(block, where))
    results = tuple([part for part in parts if isinstance(part, ToolResult)])
    if not results:
        return [Message(message.role, tuple(parts))]
    if message.role != "user":
        raise MalformedRequest(f"{path}: results of tools come from the user")
    others = tuple([part for part in parts if not isinstance(part, ToolResult)])
    turn = [Message("tool", results)]
    return [*turn, Message("user", others)] if others else turn


def _part(block: wire.ContentBlock, path: str) -> Part:
    if block.text is not None:
        if not block.text.strip():
            raise MalformedRequest(f"{path}: the text field is blank")
        return Text(block.text)
    if block.tool_use is not None:
        use = block.tool_use
        if not isinstance(_decode_any(use.input), dict):
            raise MalformedRequest(f"{path}.toolUse.input: expected an object")
        return ToolUse(use.tool_use_id, use.name, bytes(use.input).decode())
    if block.tool_result is not None:
        return _result(block.tool_result, path)
    if block.reasoning_content is not None:
        return _thinking(block.reasoning_content, path)
    if block.citations_content is not None:
        cited = block.citations_content
        text = "".join([piece.text for piece in cited.content])
        try:
            return Text(text, citations=tuple([read_citation(one) for one in cited.citations]))
        except WireError as error:
            raise MalformedRequest(f"{path}: {error}") from None
    return _material(block, path)


def _material(block: wire.ContentBlock | wire.ResultBlock, path: str) -> Image | Document | SearchResult:
    if block.image is not None:
        return Image(f"image/{block.image.format}", _base64(block.image.source.bytes, path))
    if block.document is not None:
        return _document(block.document, path)
    found = block.search_result
    if found is None:
        raise MalformedRequest(f"{path}: the block is empty")
    texts = tuple([piece.text for piece in found.content])
    return SearchResult(found.source, found.title, texts, cited=_enabled(found.citations))


def _document(given: wire.DocumentBlock, path: str) -> Document:
    source = given.source
    if (source.text is None) == (source.bytes is None):
        raise MalformedRequest(f"{path}.document.source: expected one of `bytes` and `text`")
    media_type = MEDIA_TYPES[given.format]
    if source.text is not None:
        media_type, data = "text/plain", source.text
    else:
        data = _base64(source.bytes or "", path)
        if media_type == "text/plain":
            data = binascii.a2b_base64(data).decode("utf-8", "replace")
    return Document(
        media_type, data, title=given.name, context=given.context or "", cited=_enabled(given.citations)
    )


def _result(given: wire.ToolResultBlock, path: str) -> ToolResult:
    parts: list[Text | Image | Document | SearchResult] = []
    for place, block in enumerate(given.content):
        if block.text is not None:
            parts.append(Text(block.text))
        elif block.json is not None:
            parts.append(Text(bytes(block.json).decode()))
        else:
            parts.append(_material(block, f"{path}.toolResult.content.{place}"))
    return ToolResult(given.tool_use_id, tuple(parts), failed=given.status == "error")


def _thinking(given: wire.ReasoningBlock, path: str) -> Thinking:
    if given.redacted_content is not None:
        return Thinking("", _base64(given.redacted_content, path), "anthropic", redacted=True)
    text = given.reasoning_text
    if text is None:
        raise MalformedRequest(f"{path}.reasoningContent: the block is empty")
    return Thinking(text.text, text.signature or "", "anthropic" if text.signature else "")


def _mark(parts: list[Part], point: wire.CachePoint, path: str) -> None:
    """The mark of a cache point is the part's before it."""
    mark: CacheMark = point.ttl or "5m"
    if not parts or isinstance(parts[-1], Thinking):
        raise MalformedRequest(f"{path}: a cache point has nothing before it that can be marked")
    parts[-1] = msgspec.structs.replace(parts[-1], cache=mark)


def _enabled(config: wire.CitationsConfig | None) -> bool:
    return config is not None and config.enabled


def _base64(data: str, path: str) -> str:
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        raise MalformedRequest(f"{path}: the bytes are not valid base64") from None
    return data


# -- tools and the rest


def _tools(config: wire.ToolConfig | None) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for place, block in enumerate(config.tools if config is not None else ()):
        spec = block.tool_spec
        if spec is not None:
            tools.append(Tool(spec.name, spec.description or "", spec.input_schema.json, spec.strict))
        elif block.cache_point is not None and tools:
            tools[-1] = msgspec.structs.replace(tools[-1], cache=block.cache_point.ttl or "5m")
        else:
            raise MalformedRequest(f"toolConfig.tools.{place}: the block is empty, or marks nothing")
    if len({tool.name for tool in tools}) < len(tools):
        raise MalformedRequest("toolConfig.tools: two tools have one name")
    return tuple(tools)


def _refuse_undeclared(messages: list[Message], tools: tuple[Tool, ...]) -> None:
    if not tools and any(isinstance(p, ToolUse | ToolResult) for m in messages for p in m.parts):
        raise MalformedRequest("toolConfig: must be given where messages hold calls or results of tools")


def _choice(config: wire.ToolConfig | None, own: wire.ClaudeToolChoice | None) -> ToolChoice | None:
    chosen = config.tool_choice if config is not None else None
    if chosen is not None and own is not None:
        raise MalformedRequest("tool_choice: is given twice, in toolConfig and for the model itself")
    if own is not None:
        modes: dict[str, Literal["auto", "required", "none"]] = {"any": "required", "none": "none"}
        if own.type == "tool":
            return ToolChoice("function", own.name or "")
        return ToolChoice(modes[own.type]) if own.type in modes else None
    if chosen is None:
        return None
    if chosen.tool is not None:
        return ToolChoice("function", chosen.tool.name)
    return ToolChoice("required" if chosen.any is not None else "auto")


def _response_format(config: wire.OutputConfig | None) -> ResponseFormat | None:
    if config is None or config.text_format is None:
        return None
    asked = config.text_format.structure.json_schema
    try:
        schema: Any = _decode_any(asked.schema)
    except ValueError:
        schema = None
    if not isinstance(schema, dict):
        raise MalformedRequest("outputConfig.textFormat.structure.jsonSchema.schema: is no JSON object")
    return ResponseFormat("json_schema", asked.name or "", schema, description=asked.description or "")


def _reasoning(
    thinking: wire.ClaudeThinking | None, output: wire.OutputConfig | None, limit: int | None
) -> Reasoning | None:
    effort = output.effort or "" if output is not None else ""
    if thinking is None:
        return Reasoning(effort=effort, thinking="unsaid") if effort else None
    visible = None if thinking.display is None else thinking.display == "summarized"
    if thinking.type == "disabled":
        return Reasoning(effort=effort, thinking="off") if effort else Reasoning(effort="none")
    if thinking.type == "adaptive":
        return Reasoning(effort=effort, adaptive=True, visible=visible)
    if thinking.budget_tokens is None or (limit is not None and thinking.budget_tokens >= limit):
        raise MalformedRequest("thinking.budget_tokens: must be given, and be below the limit on output")
    return Reasoning(effort=effort, budget_tokens=thinking.budget_tokens, visible=visible)
