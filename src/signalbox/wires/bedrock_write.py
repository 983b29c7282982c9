"""A domain `Request` → the body of a Converse or ConverseStream request: they are the same.

Only what the domain holds is written; `declared` never is, and neither are guardrails, prompt routers, S3
locations or service tiers. Turns alternate between the user and the assistant, as the vendor demands: results
of tools, and neighbours of one role, share a turn. Which model answers stands in the path, not here.
"""

from typing import Any, Final

import msgspec

from signalbox.domain.notes import Note
from signalbox.domain.request import Request, ResponseFormat, Sampling, Text, Tool, ToolResult, ToolUse
from signalbox.wires.bedrock_blocks import Block, BlockWriter, Unsayable
from signalbox.wires.bedrock_extra import extra_fields, plan_thinking
from signalbox.wires.bedrock_model import ConverseOptions
from signalbox.wires.bedrock_names import ATTEMPT_KEY
from signalbox.wires.written import Written

BESIDE_DOCUMENT: Final = "See the document."
"""The text of a turn that brings a document and says nothing."""

_encode: Final = msgspec.json.Encoder().encode
_ANY_OBJECT: Final[dict[str, Any]] = {"type": "object"}


def write_request(request: Request, *, options: ConverseOptions, request_id: str) -> Written:
    """`request_id`, hexadecimal, travels as metadata into the vendor's invocation log.

    Raises `Unsayable` for what has no words in Converse: several choices, seeds, penalties, JSON without a
    schema, documents and images of types that it does not know.
    """
    writer = BlockWriter(options)
    system: list[Block] = []
    body: dict[str, Any] = {"messages": _messages(request, writer, system)}
    if system:
        body["system"] = system
    thinking = plan_thinking(request, options, writer.notes)
    inference = _inference(request.sampling, thinking.max_tokens, writer)
    if inference:
        body["inferenceConfig"] = inference
    tools = _tool_config(request, options, writer)
    choice_sent = False
    if tools is not None:
        body["toolConfig"] = tools
        choice_sent = "toolChoice" in tools
    extra = extra_fields(request, options, thinking, bool(tools) and not choice_sent)
    if extra:
        body["additionalModelRequestFields"] = extra
    if options.family == "claude" and request.sampling.stop:
        body["additionalModelResponseFieldPaths"] = ["/stop_sequence"]
    output = _output_config(request.response_format, thinking.effort)
    if output:
        body["outputConfig"] = output
    body["requestMetadata"] = {ATTEMPT_KEY: request_id}
    return Written(_encode(body), tuple(writer.notes))


# -- turns


def _messages(request: Request, writer: BlockWriter, system: list[Block]) -> list[Block]:
    turns: list[Block] = []
    role = previous = ""
    for message in request.messages:
        said = message.role
        if message.name:
            writer.note(Note.NAMES_LEFT_OUT)
        if said in ("system", "developer"):
            _system(message.parts, system, writer)
            if said == "developer":
                writer.note(Note.DEVELOPER_AS_SYSTEM)
            if turns:
                writer.note(Note.SYSTEM_MERGED)
            continue
        blocks: list[Block] = []
        for part in message.parts:
            writer.write(part, blocks)
        if not blocks:
            continue
        speaker = "assistant" if said == "assistant" else "user"
        if speaker != role:
            turns.append({"role": speaker, "content": blocks})
            role = speaker
        else:
            turns[-1]["content"] += blocks
            if said == previous != "tool":
                writer.note(Note.TURNS_MERGED)
        previous = said
    if not turns and system:
        writer.note(Note.SYSTEM_AS_USER)
        turns.append({"role": "user", "content": list(system)})
        system.clear()
    _speak_beside_documents(turns, writer)
    if request.cache and turns:
        writer.cache_point(request.cache, turns[-1]["content"])
    return turns


def _system(parts: Any, system: list[Block], writer: BlockWriter) -> None:
    for part in parts:
        if not isinstance(part, Text):
            raise Unsayable("a system message that is not text")
        if part.text:
            system.append({"text": part.text})
        writer.cache_point(part.cache, system)


def _speak_beside_documents(turns: list[Block], writer: BlockWriter) -> None:
    for turn in turns:
        content = turn["content"]
        if any("document" in block for block in content) and not any("text" in block for block in content):
            writer.note(Note.TEXT_ADDED)
            content.append({"text": BESIDE_DOCUMENT})


# -- tools


def _tool_config(request: Request, options: ConverseOptions, writer: BlockWriter) -> Block | None:
    """The vendor wants tools declared wherever the conversation holds calls or results of them."""
    choice = request.tool_choice
    none = choice is not None and choice.mode == "none"
    if not request.tools or none:
        used = _tools_used(request)
        if not used:
            return None
        if options.family != "claude":
            writer.note(Note.NO_TOOL_CHOICE)
        if not request.tools:
            writer.note(Note.TOOLS_REDECLARED)
            return {"tools": [_tool_spec(Tool(name), options, writer) for name in used]}
    written: list[Block] = []
    for tool in request.tools:
        written.append(_tool_spec(tool, options, writer))
        writer.cache_point(tool.cache, written)
    config: Block = {"tools": written}
    one_at_a_time = request.parallel_tool_calls is False
    if one_at_a_time and not options.one_call_at_a_time:
        writer.note(Note.PARALLEL_CALLS_ALLOWED)
        one_at_a_time = False
    # A choice that says more than Converse can goes to the model in its own words; both is refused.
    if choice is not None and not none and not one_at_a_time:
        match choice.mode:
            case "auto":
                config["toolChoice"] = {"auto": {}}
            case "required":
                config["toolChoice"] = {"any": {}}
            case "function":
                config["toolChoice"] = {"tool": {"name": choice.name}}
    return config


def _tools_used(request: Request) -> list[str]:
    """The names of tools that the conversation has called; one made up for a result without a call."""
    names: dict[str, None] = {}
    results = False
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolUse):
                names[part.name] = None
            elif isinstance(part, ToolResult):
                results = True
    return list(names) or (["tool"] if results else [])


def _tool_spec(tool: Tool, options: ConverseOptions, writer: BlockWriter) -> Block:
    parameters = tool.parameters if tool.parameters is not None else _ANY_OBJECT
    if "type" not in parameters:  # arguments are an object in every dialect; this vendor wants it said
        parameters = {"type": "object", **parameters}
    spec: Block = {"name": tool.name, "inputSchema": {"json": parameters}}
    if tool.description:
        spec["description"] = tool.description
    if tool.strict:
        if options.schema:
            spec["strict"] = True
        else:
            writer.note(Note.STRICT_LEFT_OUT)
    return {"toolSpec": spec}


# -- the rest


def _inference(sampling: Sampling, max_tokens: int | None, writer: BlockWriter) -> Block:
    if sampling.n != 1 or sampling.seed is not None:
        raise Unsayable("several choices, or a seed")
    if sampling.frequency_penalty or sampling.presence_penalty:
        raise Unsayable("penalties")
    config: Block = {}
    if max_tokens is not None:
        config["maxTokens"] = max_tokens
    if sampling.temperature is not None:
        if sampling.temperature > 1:
            writer.note(Note.TEMPERATURE_CAPPED)
        config["temperature"] = min(sampling.temperature, 1)
    if sampling.top_p is not None:
        config["topP"] = sampling.top_p
    if sampling.stop:
        config["stopSequences"] = sampling.stop
    return config


def _output_config(asked: ResponseFormat | None, effort: str) -> Block:
    config: Block = {}
    if asked is not None:
        if asked.kind != "json_schema":
            raise Unsayable("JSON without a schema")
        wanted = asked.schema if asked.schema is not None else _ANY_OBJECT
        schema: Block = {"schema": _encode(wanted).decode()}
        if asked.name:
            schema["name"] = asked.name
        if asked.description:
            schema["description"] = asked.description
        config["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    if effort:
        config["effort"] = effort
    return config
