"""Both sides of every dialect: the clients that our doors serve, and the vendors that our providers ask."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.endpoint import Transport
from signalbox.domain.reply import Reply
from signalbox.domain.request import Request, ThinkingFormat
from signalbox.domain.traits import Capability, with_implied
from signalbox.ports.provider_kind import Kinds
from signalbox.testing.translation.features import ASKED, WEATHER
from signalbox.wires import anthropic, bedrock, openai_chat, openai_responses
from signalbox.wires.written import Written


class Client(Struct, frozen=True, kw_only=True):
    """A dialect as our doors serve it, and as its clients speak. `echo` makes of a reply's body the next
    request, as clients do: what the model said, as it came, and the result of the tool it called."""

    name: str
    send: Callable[[Request], Written]
    read: Callable[[bytes], Request]
    write_reply: Callable[[Request, Reply], bytes]
    writer: Callable[[Request], Any]
    receive: Callable[[bytes], Reply]
    reader: Callable[[], Any]
    echo: Callable[[Any], dict[str, Any]]


class Vendor(Struct, frozen=True, kw_only=True):
    """A vendor's dialect as our providers speak it, and as its server does. `expresses`: what a request in it
    can say, as Capability bits; `format` whose seals its thinking carries."""

    name: str
    expresses: int
    write: Callable[[Request], Written]
    serve: Callable[[bytes], Request]
    serve_reply: Callable[[Reply], bytes]
    server: Callable[[], Any]
    read: Callable[[bytes], Reply]
    reader: Callable[[], Any]
    thinks_as: ThinkingFormat = ""
    on_the_wire: Callable[[bytes], bytes] = bytes


_BUDGET: Final = "claude-sonnet-4-20250514"  # thinks within a budget
_ADAPTIVE: Final = "claude-opus-4-7"  # thinks as it sees fit

_CHAT_ABLE: Final = (
    Capability.TOOLS
    | Capability.PARALLEL_TOOLS
    | Capability.FORCED_TOOL
    | Capability.JSON_OBJECT
    | Capability.JSON_SCHEMA
    | Capability.VISION
    | Capability.DOCUMENTS
    | Capability.THINKING
    | Capability.SAMPLING
)


def clients() -> tuple[Client, ...]:
    """The dialects that are served."""
    return (
        Client(
            name="Chat Completions",
            send=lambda request: openai_chat.write_request(request, model="m", stream=False),
            read=lambda body: openai_chat.read_request(body).request,
            write_reply=lambda request, reply: openai_chat.write_reply(
                reply, id="chatcmpl-1", model="m", extra=None
            ),
            writer=lambda request: openai_chat.ChunkWriter("chatcmpl-1", "m", 1, True),
            receive=openai_chat.read_reply,
            reader=openai_chat.ChunkReader,
            echo=_echo_chat,
        ),
        Client(
            name="Responses",
            send=lambda request: openai_responses.write_request(request, model="m", stream=False),
            read=lambda body: openai_responses.read_request(body).request,
            write_reply=lambda request, reply: openai_responses.write_reply(
                reply, id="resp_1", created_s=1, call=_responses_call(request), model="m"
            ),
            writer=lambda request: openai_responses.ResponseWriter(
                "resp_1", 1, _responses_call(request), "m"
            ),
            receive=openai_responses.read_reply,
            reader=openai_responses.ResponseReader,
            echo=_echo_responses,
        ),
        Client(
            name="Messages",
            send=lambda request: anthropic.write_request(
                request, model=_model_for(request), stream=False, output_limit=64_000
            ),
            read=anthropic.read_request,
            write_reply=lambda request, reply: anthropic.write_reply(
                reply, id="msg_1", model="m", extra=None
            ),
            writer=lambda request: anthropic.EventWriter("msg_1", "m", 20),
            receive=anthropic.read_reply,
            reader=anthropic.EventReader,
            echo=_echo_messages,
        ),
    )


_QUESTION: Final = "How is the weather in Porto?"
_OUTPUT: Final = "sunny"


def _echo_chat(reply: Any) -> dict[str, Any]:
    result = {"role": "tool", "tool_call_id": "call_1", "content": _OUTPUT}
    function = {"name": WEATHER.name, "parameters": WEATHER.parameters}
    return {
        "model": "m",
        "messages": [{"role": "user", "content": _QUESTION}, reply["choices"][0]["message"], result],
        "tools": [{"type": "function", "function": function}],
        "max_completion_tokens": 20_000,
    }


def _echo_responses(reply: Any) -> dict[str, Any]:
    result = {"type": "function_call_output", "call_id": "call_1", "output": _OUTPUT}
    return {
        "model": "m",
        "input": [{"role": "user", "content": _QUESTION}, *reply["output"], result],
        "tools": [
            {"type": "function", "name": WEATHER.name, "parameters": WEATHER.parameters, "strict": False}
        ],
        "max_output_tokens": 20_000,
        "store": False,
    }


def _echo_messages(reply: Any) -> dict[str, Any]:
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": _OUTPUT}
    return {
        "model": "m",
        "messages": [
            {"role": "user", "content": _QUESTION},
            {"role": "assistant", "content": reply["content"]},
            {"role": "user", "content": [result]},
        ],
        "tools": [{"name": WEATHER.name, "input_schema": WEATHER.parameters}],
        "max_tokens": 20_000,
    }


def _responses_call(request: Request) -> openai_responses.ResponsesCall:
    return openai_responses.read_request(
        openai_responses.write_request(request, model="m", stream=False).body
    )


def vendors(expresses: Callable[[str], int]) -> tuple[Vendor, ...]:
    """`expresses` says what a provider kind can express; `responses` asks for OpenAI's other surface."""
    chat: dict[str, Any] = {
        "serve": lambda body: openai_chat.read_request(body).request,
        "serve_reply": lambda reply: openai_chat.write_reply(reply, id="c", model="m", extra=None),
        "server": lambda: openai_chat.ChunkWriter("c", "m", 1, True),
        "read": openai_chat.read_reply,
        "reader": openai_chat.ChunkReader,
    }
    plain = openai_chat.ChatOptions(developer_role=False)
    return (
        *(
            Vendor(name=name, expresses=expresses(kind), write=_chat_writer(options), **chat)
            for name, kind, options in (
                ("OpenAI, Chat", "openai", openai_chat.ChatOptions(max_tokens_field="max_completion_tokens")),
                ("Azure OpenAI", "azure-openai", openai_chat.ChatOptions()),
                ("Azure Foundry", "azure-foundry", plain),
            )
        ),
        Vendor(
            name="OpenAI-compatible",
            expresses=expresses("openai-compatible"),
            write=_chat_writer(plain),
            **{**chat, "serve": _serve_compatible},
        ),
        Vendor(
            name="OpenAI, Responses",
            expresses=expresses("responses"),
            write=lambda request: openai_responses.write_request(request, model="m", stream=False),
            serve=lambda body: openai_responses.read_request(body).request,
            serve_reply=lambda reply: _as_openai_has_it(
                openai_responses.write_reply(
                    reply, id="r", created_s=1, call=_responses_call(ASKED["text"]), model="m"
                )
            ),
            server=lambda: openai_responses.ResponseWriter("r", 1, _responses_call(ASKED["text"]), "m"),
            on_the_wire=_as_openai_has_it,
            read=openai_responses.read_reply,
            reader=openai_responses.ResponseReader,
            thinks_as="openai",
        ),
        Vendor(
            name="Anthropic",
            expresses=expresses("anthropic"),
            write=lambda request: anthropic.write_request(
                request, model=_model_for(request), stream=False, output_limit=64_000
            ),
            serve=anthropic.read_request,
            serve_reply=lambda reply: anthropic.write_reply(reply, id="m", model="m", extra=None),
            server=lambda: anthropic.EventWriter("m", "m", 20),
            read=anthropic.read_reply,
            reader=anthropic.EventReader,
            thinks_as="anthropic",
        ),
        Vendor(
            name="Bedrock",
            expresses=expresses("bedrock"),
            write=lambda request: bedrock.write_request(
                request, options=_converse(_model_for(request)), request_id="dec-1.1"
            ),
            serve=lambda body: bedrock.read_request(body, f"anthropic.{_BUDGET}-v1:0"),
            serve_reply=bedrock.write_reply,
            server=bedrock.FrameWriter,
            read=lambda body: bedrock.read_reply(body, thinking="anthropic"),
            reader=lambda: bedrock.FrameReader(thinking="anthropic"),
            thinks_as="anthropic",
        ),
    )


def _as_openai_has_it(data: bytes) -> bytes:
    """Our own doors hand out items under ids of their own, and keep the vendor's in the seal."""
    return data.replace(b"sb1.openai+rs_1.", b"").replace(b"rs_r_0", b"rs_1")


def declared_by(kinds: Kinds) -> Callable[[str], int]:
    """What installed provider kinds say that they express; `responses` is OpenAI's other surface."""

    def expresses(name: str) -> int:
        if name == "responses":
            return kinds.kind("openai").expresses(Transport(surface="responses"))
        return kinds.kind(name).expresses(Transport())

    return expresses


def _serve_compatible(body: bytes) -> Request:
    """Of those servers, vLLM and Ollama have a `top_k` besides."""
    asked = msgspec.json.decode(body)
    top_k = asked.pop("top_k", None)
    read = openai_chat.read_request(msgspec.json.encode(asked)).request
    return replace(read, sampling=replace(read.sampling, top_k=top_k))


def _chat_writer(options: openai_chat.ChatOptions) -> Callable[[Request], Written]:
    return lambda request: openai_chat.write_request(request, model="m", stream=False, options=options)


def _model_for(request: Request) -> str:
    """The same feature is said differently to models of different years."""
    asked = request.reasoning
    return _ADAPTIVE if asked is not None and asked.budget_tokens is None else _BUDGET


def _converse(model: str) -> bedrock.ConverseOptions:
    able = with_implied(Capability.PROMPT_CACHE | Capability.CITATIONS | Capability.JSON_SCHEMA)
    return bedrock.converse_options(model, capabilities=able, output_limit=64_000)
