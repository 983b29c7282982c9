"""One feature, one client, one vendor: what arrives, held against what set out."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from signalbox.classify.needs import needs_of
from signalbox.domain.errors import CallerError
from signalbox.domain.notes import Note
from signalbox.domain.reply import Reply
from signalbox.domain.request import (
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.domain.traits import Capability, capability_names, with_implied
from signalbox.normalise.collect import Collector
from signalbox.normalise.structured import asked_of
from signalbox.normalise.unfold import unfold
from signalbox.testing.translation import features
from signalbox.testing.translation.features import ASKED, WEATHER
from signalbox.testing.translation.parties import Client, Vendor
from signalbox.wires import bedrock


class Cell(Struct, frozen=True):
    """`verdict`: exact, noted, narrowed (the client's dialect has a wider word), lacks (not a candidate),
    refused (at the door), none (a dialect has no word for it) or lost. `words` say what."""

    verdict: str
    words: str = ""


def asked_through(client: Client, vendor: Vendor, request: Request) -> Cell:
    """A feature of a request, on its way from a client's dialect to a vendor's."""
    try:
        sent = client.send(request)
    except ValueError:  # a capability that the dialect has not: no provider would have been asked
        return Cell("none")
    if sent.notes:
        return Cell("none")
    try:
        read = client.read(sent.body)
    except CallerError as error:
        return Cell("refused", error.message)
    if not read.notes and not _same(read, request):
        return Cell("lost", f"at the door: {_difference(request, read)}")
    able = with_implied(vendor.expresses & ~Capability.EMBEDDINGS)
    missing = needs_of(read, _shows_images(read)) & ~able
    if missing:
        return Cell("lacks", ", ".join(capability_names(missing)))
    put = asked_of(read, able)
    written = vendor.write(put)
    notes = (*read.notes, *((Note.SCHEMA_AS_TOOL,) if put is not read else ()), *written.notes)
    arrived = vendor.serve(written.body)
    if notes:
        return Cell("noted", "; ".join(dict.fromkeys(notes)))
    if not _same(arrived, put):
        return Cell("lost", f"at the vendor: {_difference(put, arrived)}")
    return Cell("exact")


def answered_through(client: Client, vendor: Vendor, reply: Reply, *, streamed: bool) -> Cell:
    """A feature of a reply, on its way from a vendor's dialect to a client's."""
    if any(isinstance(part, Thinking) and part.format != vendor.thinks_as for part in reply.choices[0].parts):
        return Cell("none")
    request = ASKED["tools offered"] if reply.choices[0].tool_uses else ASKED["text"]
    if streamed:
        came = _collected(vendor.reader(), vendor.on_the_wire(_spoken(vendor.server(), reply)))
    else:
        came = vendor.read(vendor.serve_reply(reply))
    if _essence(came) != _essence(reply):
        return Cell("none")
    if streamed:
        got = _collected(client.reader(), _spoken(client.writer(request), came))
    else:
        got = client.receive(client.write_reply(request, came))
    if _essence(got) == _essence(came) or _essence(_handed_back(client, got)) == _essence(came):
        return Cell("exact")
    wired = _spoken(client.writer(request), came) if streamed else client.write_reply(request, came)
    return _narrowed(_essence(came), _essence(got), wired)


def _handed_back(client: Client, got: Reply) -> Reply:
    """As our door would read it in the next turn: a client keeps another vendor's seal without knowing it."""
    (choice,) = got.choices
    turn = features.request(
        features.asks(), Message("assistant", choice.parts), features.asks(Text("Go on."))
    )
    back = client.read(client.send(turn).body).messages[1].parts
    parts = [part for part in back if isinstance(part, Text | Thinking | ToolUse | Refusal)]
    return replace(got, choices=(replace(choice, parts=tuple(parts)),))


def brought_back(client: Client, vendor: Vendor, thinking: Thinking) -> Cell:
    """Thinking on its way from a vendor to a client and, with a tool's result, back again."""
    if thinking.format != vendor.thinks_as:
        return Cell("none")
    call = ToolUse("call_1", WEATHER.name, '{"city":"Porto"}')
    reply = features.reply(thinking, call, finish="tool_calls")
    came = vendor.read(vendor.serve_reply(reply))
    if _essence(came) != _essence(reply):
        return Cell("none")
    body = msgspec.json.decode(client.write_reply(ASKED["tools offered"], came))
    read = client.read(msgspec.json.encode(client.echo(body)))
    wanted = replace(read, reasoning=Reasoning(budget_tokens=2_048))
    missing = needs_of(wanted, False) & ~with_implied(vendor.expresses & ~Capability.EMBEDDINGS)
    if missing:
        return Cell("lacks", ", ".join(capability_names(missing)))
    arrived = vendor.serve(vendor.write(wanted).body)
    back = [part for part in arrived.messages[1].parts if isinstance(part, Thinking)]
    return Cell("exact") if back == [thinking] else Cell("lost", f"{thinking} -> {back}")


def _spoken(writer: Any, reply: Reply) -> bytes:
    said = b"".join([writer.event(event) for event in unfold(reply)])
    end: bytes = writer.end() if isinstance(writer, bedrock.FrameWriter) else writer.end(None)
    return said + end


def _collected(reader: Any, data: bytes) -> Reply:
    collector = Collector()
    for event in reader.feed(data):
        collector.add(event)
    reader.end()
    return collector.reply()


def _shows_images(request: Request) -> bool:
    return any(
        isinstance(part, Image)
        or (isinstance(part, ToolResult) and any(isinstance(inner, Image) for inner in part.parts))
        for message in request.messages
        for part in message.parts
    )


_FINISHES: Final = {
    ("context_window", "length"),
    ("stop_sequence", "stop"),
    ("refusal", "content_filter"),
    ("refusal", "stop"),
    ("stop", "refusal"),
    ("content_filter", "refusal"),
}
"""A reason to stop, and the word of a dialect that has fewer."""


def _narrowed(came: dict[str, Any], got: dict[str, Any], wired: bytes) -> Cell:
    """A dialect with fewer words says the next wider thing; what is more than that is lost. `wired` are the
    client's bytes, for what stands beside the dialect in them."""
    words = []
    if came["parts"] != got["parts"]:
        cited = [one.cited for part in came["parts"] if isinstance(part, Text) for one in part.citations]
        told = all(b'"cited":' + msgspec.json.encode(one) in wired for one in cited)
        if not cited or not told or _texts(came) != _texts(got):
            return Cell("lost", _difference(came, got))
        words.append("citations come beside the dialect, in `signalbox.citations`")
    if came["finish"] != got["finish"]:
        if (came["finish"], got["finish"]) not in _FINISHES:
            return Cell("lost", _difference(came, got))
        words.append(f"`{came['finish']}` reads `{got['finish']}`")
    if came["stop word"] and not got["stop word"]:
        words.append("which stop word it was is not told")
    if came["usage"] != got["usage"]:
        if (came["usage"].prompt, came["usage"].output) != (got["usage"].prompt, got["usage"].output):
            return Cell("lost", _difference(came, got))
        words.append("how long what was written to the cache is kept is not told")
    return Cell("narrowed", "; ".join(words))


# -- what counts as the same


def _same(one: Request, other: Request) -> bool:
    return _plain(one) == _plain(other)


def _plain(request: Request) -> dict[str, Any]:
    """Without what is no part of the feature: whom it asks, what it declares."""
    choice = request.tool_choice
    # Tools that may not be called need not be told of.
    unusable = (choice is None and not request.tools) or choice == ToolChoice("none")
    return {
        "messages": [
            (message.role, tuple(map(_part, message.parts))) for message in _joined(request.messages)
        ],
        "tools": [] if unusable else [_tool(tool) for tool in request.tools],
        "choice": None if unusable or choice == ToolChoice("auto") else choice,
        "parallel": request.parallel_tool_calls is not False,
        "format": _format(request.response_format),
        "sampling": request.sampling,
        "reasoning": _reasoning(request.reasoning),
        "cache": request.cache,
    }


def _tool(tool: Tool) -> tuple[Any, ...]:
    return tool.name, tool.description, tool.parameters, bool(tool.strict)


def _texts(essence: dict[str, Any]) -> str:
    return "".join(part.text for part in essence["parts"] if isinstance(part, Text))


def _joined(messages: Iterable[Message]) -> list[Message]:
    """Results of one turn's calls in one message: dialects differ only in where they cut it."""
    joined: list[Message] = []
    for message in messages:
        if joined and message.role == joined[-1].role == "tool":
            joined[-1] = replace(joined[-1], parts=(*joined[-1].parts, *message.parts))
        else:
            joined.append(message)
    return joined


def _part(part: Part) -> Part:
    if isinstance(part, ToolUse):
        return replace(part, arguments="".join(part.arguments.split()))
    return replace(part, text=part.text) if isinstance(part, Thinking) else part


def _reasoning(asked: Reasoning | None) -> Any:
    """An effort for thinking that adapts is the same as an effort for thinking."""
    return asked and (asked.effort or asked.adaptive, asked.budget_tokens)


def _format(format: ResponseFormat | None) -> Any:
    return format and (format.kind, format.schema)


def _essence(reply: Reply) -> dict[str, Any]:
    """What the user and the books see of a reply."""
    (choice,) = reply.choices
    return {
        "parts": [
            replace(part, id="") if isinstance(part, Thinking) and not part.signature else _part(part)
            for part in choice.parts
        ],
        "finish": choice.finish,
        "stop word": choice.stop_word,
        "usage": replace(reply.usage, estimated=False),
    }


def _difference(one: Any, other: Any) -> str:
    first = one if isinstance(one, dict) else _plain(one)
    second = other if isinstance(other, dict) else _plain(other)
    keys = [key for key in first if first[key] != second[key]]
    return ", ".join(f"{key}: {first[key]} -> {second[key]}" for key in keys)[:400]
