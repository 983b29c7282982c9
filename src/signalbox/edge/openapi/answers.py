"""The shapes of what is answered, for the OpenAPI document: one struct each, and nothing that runs.

`wires/` writes the dialects' answers and `problems.py` the errors. A test that calls every door by the
document holds those to these.
"""

from typing import Any, Literal

from msgspec import Struct

# -- errors


class ProblemEndpoint(Struct):
    endpoint: str
    reasons: list[str]


class Problem(Struct, kw_only=True):
    """After RFC 9457. `denials` are policy's, `dropped` those of what endpoints cannot do."""

    type: str
    decision: str
    title: str | None = None
    denials: list[ProblemEndpoint] | None = None
    dropped: list[ProblemEndpoint] | None = None


class OpenAIErrorObject(Struct, kw_only=True):
    message: str
    type: str
    param: str | None
    code: str
    signalbox: Problem | None = None


class OpenAIError(Struct):
    error: OpenAIErrorObject


class AnthropicProblem(Struct, kw_only=True):
    """As `Problem`, with what the dialect has no place for: the code, and the path of the field at fault."""

    code: str
    param: str | None
    type: str | None = None
    decision: str | None = None
    title: str | None = None
    denials: list[ProblemEndpoint] | None = None
    dropped: list[ProblemEndpoint] | None = None


class AnthropicErrorObject(Struct, kw_only=True):
    """`details`: with what its SDKs do about it by themselves."""

    type: str
    message: str
    signalbox: AnthropicProblem
    details: dict[str, Any] | None = None


class AnthropicError(Struct):
    type: Literal["error"]
    error: AnthropicErrorObject
    request_id: str | None


# -- OpenAI Chat Completions


class CalledFunction(Struct):
    name: str
    arguments: str


class ToolCall(Struct):
    id: str
    type: Literal["function"]
    function: CalledFunction


class ChatMessage(Struct, kw_only=True):
    role: Literal["assistant"]
    content: str | None
    refusal: str | None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None


class ChatChoice(Struct):
    index: int
    message: ChatMessage
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]


class ChatUsage(Struct):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]
    completion_tokens_details: dict[str, int]


class ChatCompletion(Struct):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: ChatUsage


# -- OpenAI Responses, embeddings, models


class Response(Struct):
    """`output` holds messages, function calls and reasoning."""

    id: str
    object: Literal["response"]
    created_at: int
    status: Literal["completed", "incomplete", "failed"]
    model: str
    output: list[dict[str, Any]]
    usage: dict[str, Any] | None


class EmbeddingItem(Struct):
    """`embedding`: numbers, or base64 of little-endian 32-bit floats."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingUsage(Struct):
    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Struct):
    object: Literal["list"]
    model: str
    data: list[EmbeddingItem]
    usage: EmbeddingUsage


class OpenAIModel(Struct):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class OpenAIModelList(Struct):
    object: Literal["list"]
    data: list[OpenAIModel]


# -- Anthropic


class AnthropicUsage(Struct):
    input_tokens: int
    output_tokens: int


class AnthropicMessage(Struct):
    """`content` holds text, thinking and tool uses."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[dict[str, Any]]
    stop_reason: str
    stop_sequence: str | None
    usage: AnthropicUsage


class TokenCount(Struct):
    input_tokens: int


class AnthropicModel(Struct):
    type: Literal["model"]
    id: str
    display_name: str
    created_at: str
    lifecycle: str


class AnthropicModelList(Struct):
    data: list[AnthropicModel]
    has_more: bool
    first_id: str | None
    last_id: str | None


# -- operations


class Alive(Struct):
    status: Literal["alive"]


class Ready(Struct):
    ready: bool
    checks: dict[str, str]


class Reloaded(Struct):
    policy: str
    catalogue: str


class Kill(Struct):
    selector: str
    by: str
    reason: str
    cut: bool
    epoch: int
    time_us: int
    endpoints: list[str]


class Kills(Struct):
    """`heard`: what is known of the switch may be relied on; while it is false nothing is sent anywhere."""

    epoch: int
    heard: bool
    kills: list[Kill]


class Standing(Struct):
    id: str
    model: str
    vendor: str
    region: str
    ready: bool
    killed: str
    breaker: str
    quarantined: str
    in_flight: int
    waiting: int
    concurrency: int
    concurrency_max: int
    retries_left: int


class Released(Struct):
    """`was`: the reason of the quarantine, empty if there was none."""

    endpoint: str
    was: str


# -- workloads


class WorkloadFiles(Struct):
    at_least: int
    at_most: int


class WorkloadOffered(Struct):
    """`params` is a JSON Schema; `takes` lists suffixes of files."""

    name: str
    about: str
    takes: list[str]
    files: WorkloadFiles
    background: bool
    params: dict[str, Any]


class WorkloadsOffered(Struct):
    workloads: list[WorkloadOffered]


class WorkloadFile(Struct):
    name: str
    media_type: str
    content_base64: str


class WorkloadValidation(Struct):
    """`repairs`: how many answers had to be asked for again."""

    accepted: bool
    repairs: int


class WorkloadUsage(Struct):
    input_tokens: int
    output_tokens: int


class WorkloadResult(Struct):
    """`result` is the feature's own. `models` has every model's name, where several answered."""

    result: dict[str, Any]
    files: list[WorkloadFile]
    notes: list[str]
    model: str
    vendor: str
    endpoint: str
    region: str
    reason: str
    models: list[str]
    validation: WorkloadValidation
    usage: WorkloadUsage
    cost: list[str]
    operation: str
    decisions: list[str]


class WorkloadProgress(Struct):
    done: int
    of: int
    doing: str


class WorkloadJob(Struct):
    """With all members of a result once it is done, with `error` (problem details) if it failed."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    progress: WorkloadProgress


class WorkloadJobDeleted(Struct):
    id: str
    state: Literal["deleted"]
