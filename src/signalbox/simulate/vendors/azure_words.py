"""Azure's words for what goes wrong, and what its content filter says of prompts and answers."""

from typing import Any, Final

import msgspec

from signalbox.simulate.vendors.openai_words import worded
from signalbox.simulate.vendors.scenario import Fault, FaultKind
from signalbox.simulate.vendors.speech import Trouble

_encode: Final = msgspec.json.Encoder().encode

_FILTERED: Final = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
    "Please modify your prompt and retry. To learn more about our content filtering policies please read our "
    "documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
)
_TROUBLES: Final[dict[FaultKind, Trouble]] = {
    "rate_limited": Trouble(
        429,
        "",
        "Requests to the ChatCompletions_Create Operation have exceeded the call rate limit ({what}) of your "
        "current pricing tier. Please retry after {wait_ms} milliseconds.",
        "429",
    ),
    "overloaded": Trouble(503, "", "The service is temporarily unable to process your request.", "503"),
    "server_error": Trouble(
        500, "server_error", "The server had an error while processing your request.", "InternalServerError"
    ),
    "unavailable": Trouble(503, "", "The service is temporarily unavailable.", "ServiceUnavailable"),
    "timeout": Trouble(408, "", "The operation was timeout.", "Timeout"),
    "gateway_timeout": Trouble(504, "", "The gateway did not receive a response in time.", "GatewayTimeout"),
    "dependency_failed": Trouble(424, "", "A dependency of this request failed.", "FailedDependency"),
    "quota": Trouble(
        429, "insufficient_quota", "You exceeded your current quota, please check your plan.",
        "insufficient_quota",
    ),
    "unauthenticated": Trouble(
        401,
        "",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid "
        "key for an active subscription and use a correct regional API endpoint for your resource.",
        "401",
    ),
    "expired": Trouble(
        401,
        "",
        "Unauthorized. Access token is missing, invalid, audience is incorrect "
        "(https://cognitiveservices.azure.com), or have expired.",
        "Unauthorized",
    ),
    "forbidden": Trouble(
        403, "", "The principal lacks the required data action to perform this operation.",
        "PermissionDenied",
    ),
    "clock_skew": Trouble(401, "", "The access token is not yet valid.", "Unauthorized"),
    "not_found": Trouble(
        404,
        "",
        "The API deployment for this resource does not exist. If you created the deployment within the last "
        "5 minutes, please wait a moment and try again.",
        "DeploymentNotFound",
    ),
    "too_large": Trouble(413, "", "The request is too large.", "RequestEntityTooLarge"),
    "bad_request": Trouble(400, "invalid_request_error", "Invalid request"),
    "content_filter": Trouble(400, "", _FILTERED, "content_filter", "prompt"),
    "status": Trouble(500, "", "emulated failure", "500"),
}  # fmt: skip


def trouble(fault: Fault, model: str) -> Trouble:
    return worded(_TROUBLES, fault, model)


def error_body(trouble: Trouble) -> bytes:
    """A gateway's errors have a code and a message only; the service's own also type and param."""
    error: dict[str, Any] = {"code": trouble.code or None, "message": trouble.message}
    if trouble.type or trouble.param is not None or not trouble.code:
        error |= {"type": trouble.type or None, "param": trouble.param}
    if trouble.code == "content_filter":
        verdicts = harmless() | {"violence": {"filtered": True, "severity": "high"}}
        error |= {
            "type": None,
            "status": trouble.status,
            "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": verdicts},
        }
    return _encode({"error": error})


def harmless() -> dict[str, Any]:
    return {
        kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "self_harm", "sexual", "violence")
    }


def prompt_verdicts() -> list[dict[str, Any]]:
    verdicts = harmless() | {"jailbreak": {"filtered": False, "detected": False}}
    return [{"prompt_index": 0, "content_filter_results": verdicts}]


def filtered_reply(body: bytes) -> bytes:
    """A chat completion with the verdicts that Azure adds to it."""
    reply: dict[str, Any] = msgspec.json.decode(body)
    for choice in reply["choices"]:
        choice["content_filter_results"] = _verdicts(choice)
    return _encode(reply | {"prompt_filter_results": prompt_verdicts()})


def filtered_chunks(frames: list[bytes]) -> list[bytes]:
    """A stream of chunks with Azure's: the prompt's in a first one of its own, the answer's with each."""
    found: list[bytes] = []
    for frame in frames:
        data = frame.removeprefix(b"data: ").strip()
        if data == b"[DONE]":
            found.append(frame)
            continue
        chunk: dict[str, Any] = msgspec.json.decode(data)
        if not found:
            first = {name: chunk[name] for name in ("object", "created", "id")}
            verdicts = {"model": "", "choices": [], "prompt_filter_results": prompt_verdicts()}
            found.append(_event(first | verdicts))
        for choice in chunk["choices"]:
            choice["content_filter_results"] = _verdicts(choice)
        found.append(_event(chunk))
    return found


def _verdicts(choice: dict[str, Any]) -> dict[str, Any]:
    if choice.get("finish_reason") == "content_filter":
        return harmless() | {"violence": {"filtered": True, "severity": "high"}}
    said = choice.get("message") or choice.get("delta") or {}
    return harmless() if said.get("content") else {}


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + _encode(chunk) + b"\n\n"
