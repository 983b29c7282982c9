"""Why a Messages request is refused, in words for its author.

What the dialect knows and is not offered here (egress or state of its own: hosted tools, remote connectors,
containers, files, URLs, other models as fallbacks) is told apart from what is wrong. No value of the caller's
is repeated, only names of fields and types. It does not look at what is offered.
"""

from typing import Any, Final, TypeVar

from msgspec import Struct, ValidationError, convert

from signalbox.domain.errors import CallerError, MalformedRequest, UnsupportedRequest
from signalbox.wires.strict_json import decode_strict

T = TypeVar("T", bound=Struct)
_SHOWN_MAX: Final = 200
_ELSEWHERE: Final = "is egress of its own and not offered; leave it out"
_STATE: Final = "is state kept at the vendor and not offered; leave it out"

_FIELDS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "billing_policy": ("is not offered; leave it out", ()),
    "compaction": (_STATE, ()),
    "container": (_STATE, ()),
    "context_management": (_STATE, ({}, {"edits": []})),
    "diagnostics": (_STATE, ({}, {"previous_message_id": None})),
    "fallback_credit_token": ("is not offered; leave it out", ()),
    "fallbacks": (
        "would let the vendor answer with another model than was authorised and is not offered; leave it out",
        ([],),
    ),
    "inference_geo": ("is not the caller's to choose; declare a data boundary instead", ()),
    "mcp_servers": (_ELSEWHERE, ([],)),
    "output_format": ("is not offered; use `output_config.format`", ()),
    "service_tier": ("is not offered but as `auto` or `standard_only`", ("auto", "standard_only")),
    "speed": ("is not offered but as `standard`", ("standard",)),
    "thread": (_STATE, ()),
    "user_profile_id": ("is not offered; leave it out", ()),
    "workspace_id": ("is not offered; leave it out", ()),
}
"""Fields of the dialect that are not offered, and the values of each that ask for nothing special."""

_CODES: Final = {"thread": "thread_unsupported_request"}
"""Codes by which the vendor's SDK knows that it is to go on without a feature: `error.details.error_code`."""

_HOSTED: Final = "blocks of tools that the vendor hosts are not offered"
_TYPES: Final[dict[str, str]] = {
    "between_tools": "thinking between tools only is not offered; use `adaptive` or `disabled`",
    "browser_state": _HOSTED,
    "compaction": "compacted conversations are state kept at the vendor and not offered",
    "container_upload": "container files are state kept at the vendor and not offered",
    "fallback": "other models as fallbacks are not offered",
    "file": "files kept at the vendor are not offered; send the content inline",
    "tool_addition": "tools that change within a conversation are not offered",
    "tool_reference": "tool search is not offered",
    "tool_removal": "tools that change within a conversation are not offered",
    "url": (
        "a URL would be fetched by the vendor, which is egress of its own and not offered; "
        "send the content inline, as base64 or text"
    ),
}
_HOSTED_BLOCKS: Final = ("mcp_", "server_tool_use", "advisor_")
_TOOL_EXTRAS: Final[dict[str, tuple[Any, ...]]] = {
    "defer_loading": (False,),
    "eager_input_streaming": (False,),
    "input_examples": ([],),
}


def malformed(path: str, words: str) -> MalformedRequest:
    return MalformedRequest(f"`{path}`: {words}" if path else words, param=path or None)


def unsupported(path: str, words: str) -> UnsupportedRequest:
    return UnsupportedRequest(f"`{path}`: {words}", param=path)


def read_slowly(body: bytes, kind: type[T]) -> T:
    """The body as `kind`, or what is wrong with it. Known fields that ask for nothing special are dropped."""
    value = decode_strict(body)
    if isinstance(value, dict):
        if not _FIELDS.keys().isdisjoint(value):
            _drop_harmless(value)
        tools = value.get("tools")
        if isinstance(tools, list):
            for place, tool in enumerate(tools):
                if isinstance(tool, dict):
                    _look_at_tool(tool, f"tools[{place}]")
        limit = value.get("max_tokens")
        if limit == 0 and limit is not False:
            raise unsupported(
                "max_tokens", "a limit of 0, to fill the vendor's prompt cache only, is not offered"
            )
    try:
        return convert(value, kind)
    except ValidationError as error:
        raise _mismatch(str(error)) from None


def _is_harmless(given: Any, harmless: tuple[Any, ...]) -> bool:
    return given is None or any(type(given) is type(one) and given == one for one in harmless)


def _drop_harmless(value: dict[str, Any]) -> None:
    for field, (words, harmless) in _FIELDS.items():
        if field in value:
            if not _is_harmless(value[field], harmless):
                refused = unsupported(field, words)
                refused.code = _CODES.get(field, refused.code)
                raise refused
            del value[field]


def _look_at_tool(tool: dict[str, Any], path: str) -> None:
    kind = tool.get("type")
    if isinstance(kind, str) and kind != "custom":
        raise unsupported(f"{path}.type", "only tools of type `custom` are offered; hosted tools are not")
    callers = tool.get("allowed_callers")
    if isinstance(callers, list) and callers != ["direct"]:
        raise unsupported(f"{path}.allowed_callers", "tools are called directly only")
    for field, harmless in _TOOL_EXTRAS.items():
        if field in tool:
            if not _is_harmless(tool[field], harmless):
                raise unsupported(f"{path}.{field}", "is not offered; leave it out")
            del tool[field]


def _mismatch(words: str) -> CallerError:
    """msgspec's words, without the caller's values: an unknown field is named, an unknown value is not."""
    what, _, place = words.partition(" - at `")
    path = place.rstrip("`").replace("key` in `", "").removeprefix("$").removeprefix(".")[:_SHOWN_MAX]
    if what.startswith(("Object contains unknown field", "Object missing required field")):
        field = what.partition("`")[2].rstrip("`")[:64]
        path = f"{path}.{field}" if path else field
        known = "missing" if what.startswith("Object missing") else "unknown"
        return malformed(path, f"{known} field `{field}`")
    if what.startswith("Invalid"):
        return _unknown_value(path, what.partition("'")[2].rstrip("'"))
    if path.endswith(".toolset_name"):
        return unsupported(path, _HOSTED)
    if path.endswith(".file_id"):
        return unsupported(path, _TYPES["file"])
    return malformed(path, f"{what[:1].lower()}{what[1:_SHOWN_MAX]}")


def _unknown_value(path: str, value: str) -> CallerError:
    if path.endswith(".caller.type"):
        return unsupported(path, _HOSTED)
    if path.endswith(".type"):
        hosted = value.startswith(_HOSTED_BLOCKS) or value.endswith("_tool_result")
        known = _HOSTED if hosted else _TYPES.get(value)
        if known is not None:
            return unsupported(path, known)
    if path.endswith(".oversized_image") and value == "error":
        return unsupported(path, "refusing large images is not offered")
    return malformed(path, "not one of the values of this field")
