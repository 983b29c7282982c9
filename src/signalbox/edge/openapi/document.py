"""The OpenAPI document, from the structs that requests are read into and the shapes in `answers`.

What a schema cannot say (two fields that exclude each other, a model that does not exist, what policy
permits) is refused with one of the statuses that each operation lists.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.domain.switches import KINDS
from signalbox.edge.dialects.anthropic_headers import VERSIONS
from signalbox.edge.openapi import answers
from signalbox.edge.problems import Problem
from signalbox.wires import anthropic_body, openai_chat_body, openai_embeddings, openai_responses_body

_REF: Final = "#/components/schemas/"
_JSON: Final = "application/json"

_ALWAYS: Final = {
    400: "malformed, not offered here, or more than any permitted endpoint can do",
    401: "no key, or one that is not known or has expired",
    403: "the key may not do this, or policy permits no endpoint",
    404: "no such name, or none that this caller may know of",
    405: "another method than this path takes",
    408: "the request did not arrive in time",
    413: "the body is too large",
    431: "the headers are too large",
    500: "a bug here",
    503: "not now: overloaded, no endpoint can serve at the moment, or the decision log cannot be written",
}
_UPSTREAM: Final = {
    429: "the model's endpoint is rate limited",
    502: "the model's endpoint failed",
    504: "no answer in time",
}
_RESPONSES: Final = ("/v1/responses", "/openai/v1/responses", "/openai/responses")
_MODELS: Final = ("/v1/models", "/openai/v1/models", "/openai/models")

_STORED: Final = {
    "/{response}": ("get", "delete"),
    "/{response}/input_items": ("get",),
    "/{response}/cancel": ("post",),
}

# An empty header counts as none.
_CONTEXT: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "X-Signalbox-App": ("the application that asks", {}),
    "X-Signalbox-Feature": ("its feature", {}),
    "X-Signalbox-Task": ("the kind of task", {}),
    "X-Signalbox-Sensitivity": ("a sensitivity label", {}),
    "X-Signalbox-Latency-Class": (
        "how long the user will wait",
        {"enum": ["", "interactive", "near-interactive", "batch"]},
    ),
    "X-Signalbox-Data-Boundary": ("where the data may go", {}),
    "X-Signalbox-User": ("the user it is for", {}),
    "X-Signalbox-Deadline-Ms": (
        "milliseconds, from 1 to 600000",
        {"type": "string", "pattern": "^(?:|[1-9][0-9]{0,4}|[1-5][0-9]{5}|600000)$"},
    ),
}
_EVENT: Final = {
    "description": "each event of the stream",
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
_TEXT: Final = {"type": "string", "maxLength": 256}


class Asking(Struct, frozen=True, kw_only=True):
    """A door that takes a dialect's request: a POST with a body of this struct. `prefix` keeps the names of
    its parts apart from those of other dialects; `decides`: it asks a model, so context counts."""

    paths: tuple[str, ...]
    summary: str
    prefix: str
    body: type[Struct]
    answer: type[Struct]
    error: type[Struct]
    streams: bool = True
    decides: bool = True
    deployment: str = ""


ASKING: Final = (
    Asking(
        paths=("/v1/chat/completions", "/openai/v1/chat/completions"),
        summary="OpenAI Chat Completions",
        prefix="Chat",
        body=openai_chat_body.Offered,
        answer=answers.ChatCompletion,
        error=answers.OpenAIError,
        deployment="chat/completions",
    ),
    Asking(
        paths=_RESPONSES,
        summary="OpenAI Responses; nothing is stored",
        prefix="Responses",
        body=openai_responses_body.Offered,
        answer=answers.Response,
        error=answers.OpenAIError,
    ),
    Asking(
        paths=("/v1/embeddings", "/openai/v1/embeddings"),
        summary="OpenAI Embeddings",
        prefix="Embeddings",
        body=openai_embeddings.Offered,
        answer=answers.EmbeddingList,
        error=answers.OpenAIError,
        streams=False,
        deployment="embeddings",
    ),
    Asking(
        paths=("/v1/messages",),
        summary="Anthropic Messages",
        prefix="Messages",
        body=anthropic_body.Offered,
        answer=answers.AnthropicMessage,
        error=answers.AnthropicError,
    ),
    Asking(
        paths=("/v1/messages/count_tokens",),
        summary="How many tokens a prompt has, estimated here: no model is asked",
        prefix="Messages",
        body=anthropic_body.Prompt,
        answer=answers.TokenCount,
        error=answers.AnthropicError,
        streams=False,
        decides=False,
    ),
)


class _Schemas:
    """Collects the schemas of structs, each under a name of its own."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {}

    def of(self, struct: type[Struct], prefix: str = "") -> dict[str, Any]:
        """A reference to the struct's schema."""
        start = f"{prefix}." if prefix else ""
        (schema,), parts = msgspec.json.schema_components([struct], ref_template=f"{_REF}{start}{{name}}")
        self.named |= {start + name: part for name, part in parts.items()}
        return schema

    def any_of(self, structs: tuple[type[Struct], ...]) -> dict[str, Any]:
        return self.of(structs[0]) if len(structs) == 1 else {"anyOf": [self.of(one) for one in structs]}


def document() -> dict[str, Any]:
    """The whole document, of builtins."""
    schemas = _Schemas()
    paths: dict[str, Any] = {}
    for asking in ASKING:
        for path in asking.paths:
            paths[path] = {"post": _ask(schemas, asking)}
        if asking.deployment:
            paths[f"/openai/deployments/{{deployment}}/{asking.deployment}"] = {
                "parameters": [_deployment(), _api_version()],
                "post": _ask(schemas, asking, deployment=True),
            }
    for root in _RESPONSES:
        for path, methods in _STORED.items():
            paths[root + path] = {
                "parameters": [_path("response")],
                **{method: _nothing(schemas) for method in methods},
            }
    for root in _MODELS:
        paths[root] = {"get": _models(schemas)}
        paths[f"{root}/{{model}}"] = {"parameters": [_path("model")], "get": _model(schemas)}
    paths |= _operations(schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Signalbox",
            "version": "1",
            "description": "Routes each request to a permitted model. Docs: docs/reference/http-api.md.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"azure": []}, {"anthropic": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.named.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "azure": {"type": "apiKey", "in": "header", "name": "api-key"},
                "anthropic": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


def _ask(schemas: _Schemas, asking: Asking, *, deployment: bool = False) -> dict[str, Any]:
    body = schemas.of(asking.body, asking.prefix)
    if deployment:  # the path says whom to ask
        named = f"{asking.prefix}.{asking.body.__name__}"
        rest = {**schemas.named[named]}
        rest["required"] = [field for field in rest["required"] if field != "model"]
        schemas.named[f"{named}ToDeployment"] = rest
        body = {"$ref": f"{_REF}{named}ToDeployment"}
    parameters = [_context(name, *said) for name, said in _CONTEXT.items()] if asking.decides else []
    if asking.error is answers.AnthropicError:
        parameters.append(_anthropic_version())
    answered: dict[str, Any] = {_JSON: {"schema": schemas.of(asking.answer)}}
    if asking.streams:
        answered["text/event-stream"] = {"schema": _EVENT}
    return {
        "summary": asking.summary,
        "parameters": parameters,
        "requestBody": {"required": True, "content": {_JSON: {"schema": body}}},
        "responses": {
            "200": {"description": "the answer", "content": answered},
            **_refusals(schemas, (asking.error,), _ALWAYS | _UPSTREAM),
        },
    }


def _nothing(schemas: _Schemas) -> dict[str, Any]:
    refused = _refusals(schemas, (answers.OpenAIError,), _ALWAYS)
    return {"summary": "Always 404: no response is kept here", "responses": refused}


def _models(schemas: _Schemas) -> dict[str, Any]:
    listed = schemas.any_of((answers.OpenAIModelList, answers.AnthropicModelList))
    return {
        "summary": "The names that this caller may ask for",
        "description": "In Anthropic's shape, and in pages, for a client that sends `anthropic-version`.",
        "parameters": [_anthropic_version()],
        "responses": {"200": _answer(listed), **_refusals(schemas, _ERRORS, _ALWAYS)},
    }


def _model(schemas: _Schemas) -> dict[str, Any]:
    listed = schemas.any_of((answers.OpenAIModel, answers.AnthropicModel))
    return {
        "summary": "One of these names",
        "parameters": [_anthropic_version()],
        "responses": {"200": _answer(listed), **_refusals(schemas, _ERRORS, _ALWAYS)},
    }


def _operations(schemas: _Schemas) -> dict[str, Any]:
    def door(summary: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
        refused = _refusals(schemas, (answers.OpenAIError,), _ALWAYS)
        return {"summary": summary, "responses": {"200": answer, **refused, **more.pop("also", {})}, **more}

    def admin(summary: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
        refused = {
            str(status): _problem(problem, why)
            for status, why in _ALWAYS.items()
            if status != _BEFORE_ANY_DOOR
        }
        return door(summary, answer, also={**refused, **more.pop("also", {})}, **more)

    text = {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}}
    ready = _answer(schemas.of(answers.Ready))
    problem = schemas.of(Problem, "Admin")
    wrong = {"422": _problem(problem, "what is wrong with the files")}
    standings = {"type": "array", "items": schemas.of(answers.Standing)}
    endpoint = {"name": "endpoint", "in": "query", "required": True, "schema": {"type": "string"}}
    stopped = _answer(schemas.of(answers.Kills))
    selector = {
        "name": "selector",
        "in": "query",
        "required": True,
        "schema": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": _SELECTOR}},
    }
    reason = {
        "name": "reason",
        "in": "query",
        "required": True,
        "schema": {"type": "string", "pattern": _REASON},
    }
    cut = {"name": "cut", "in": "query", "schema": {"type": "boolean"}}
    alive = _answer(schemas.of(answers.Alive))
    released = _answer(schemas.of(answers.Released))
    reloaded = _answer(schemas.of(answers.Reloaded))
    return {
        "/healthz": {"get": door("Whether the process answers", alive, security=[])},
        "/readyz": {"get": door("Whether requests can be served", ready, also={"503": ready}, security=[])},
        "/openapi.json": {
            "get": door("This document", _answer({"type": "object"}), security=[]),
        },
        "/metrics": {"get": door("For operators", text)},
        "/admin/v1/endpoints": {"get": admin("How each endpoint stands, for operators", _answer(standings))},
        "/admin/v1/endpoints/release": {
            "post": admin("Lift a quarantine, for operators", released, parameters=[endpoint]),
        },
        "/admin/v1/kills": {
            "get": admin("What the kill switch stops, for operators", stopped),
            "post": admin(
                "Throw the kill switch, for operators", stopped, parameters=[selector, reason, cut]
            ),
            "delete": admin("Let it be sent to again, for operators", stopped, parameters=[selector, reason]),
        },
        "/admin/v1/reload": {"post": admin("Read the files again, for operators", reloaded, also=wrong)},
    }


_BEFORE_ANY_DOOR: Final = 431
"""Told by the protocol, which knows no path yet."""
_SELECTOR: Final = f"^({'|'.join(KINDS)}):[A-Za-z0-9._-]{{1,128}}$"
_REASON: Final = "^[A-Za-z0-9][A-Za-z0-9 .,-]{0,200}$"
_ERRORS: Final[tuple[type[Struct], ...]] = (answers.OpenAIError, answers.AnthropicError)


def _refusals(
    schemas: _Schemas, errors: tuple[type[Struct], ...], statuses: dict[int, str]
) -> dict[str, Any]:
    schema = schemas.any_of(errors)
    return {str(status): _answer(schema, why) for status, why in sorted(statuses.items())}


def _problem(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def _answer(schema: dict[str, Any], description: str = "the answer") -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _context(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema or _TEXT}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {**_TEXT, "minLength": 1}}


def _deployment() -> dict[str, Any]:
    return {**_path("deployment"), "description": "whom to ask, as the field `model` does elsewhere"}


def _api_version() -> dict[str, Any]:
    said = "not looked at: it is the same for all of them"
    return {"name": "api-version", "in": "query", "description": said, "schema": {"type": "string"}}


def _anthropic_version() -> dict[str, Any]:
    known = [version.decode() for version in VERSIONS]
    return {"name": "anthropic-version", "in": "header", "schema": {"type": "string", "enum": known}}
