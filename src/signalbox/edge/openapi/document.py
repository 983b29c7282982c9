"""The OpenAPI document, from the structs that requests are read into and the shapes in `answers`.

What a schema cannot say (two fields that exclude each other, a model that does not exist, what policy
permits) is refused with one of the statuses that each operation lists.
"""

from typing import Any, Final

from msgspec import Struct

from signalbox.domain.switches import KINDS
from signalbox.edge.dialects.anthropic_headers import VERSIONS
from signalbox.edge.openapi import answers
from signalbox.edge.openapi.parts import (
    ALWAYS,
    CONTEXT,
    EVENT,
    JSON,
    REF,
    UPSTREAM,
    Schemas,
    answered,
    context,
    in_path,
    problem,
    refusals,
)
from signalbox.edge.openapi.workloads import workload_paths
from signalbox.edge.problems import Problem
from signalbox.wires import anthropic_body, openai_chat_body, openai_embeddings, openai_responses_body

_RESPONSES: Final = ("/v1/responses", "/openai/v1/responses", "/openai/responses")
_MODELS: Final = ("/v1/models", "/openai/v1/models", "/openai/models")

_STORED: Final = {
    "/{response}": ("get", "delete"),
    "/{response}/input_items": ("get",),
    "/{response}/cancel": ("post",),
}


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


def document() -> dict[str, Any]:
    """The whole document, of builtins."""
    schemas = Schemas()
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
                "parameters": [in_path("response")],
                **{method: _nothing(schemas) for method in methods},
            }
    for root in _MODELS:
        paths[root] = {"get": _models(schemas)}
        paths[f"{root}/{{model}}"] = {"parameters": [in_path("model")], "get": _model(schemas)}
    paths |= workload_paths(schemas)
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


def _ask(schemas: Schemas, asking: Asking, *, deployment: bool = False) -> dict[str, Any]:
    body = schemas.of(asking.body, asking.prefix)
    if deployment:  # the path says whom to ask
        named = f"{asking.prefix}.{asking.body.__name__}"
        rest = {**schemas.named[named]}
        rest["required"] = [field for field in rest["required"] if field != "model"]
        schemas.named[f"{named}ToDeployment"] = rest
        body = {"$ref": f"{REF}{named}ToDeployment"}
    parameters = [context(name, *said) for name, said in CONTEXT.items()] if asking.decides else []
    if asking.error is answers.AnthropicError:
        parameters.append(_anthropic_version())
    said: dict[str, Any] = {JSON: {"schema": schemas.of(asking.answer)}}
    if asking.streams:
        said["text/event-stream"] = {"schema": EVENT}
    return {
        "summary": asking.summary,
        "parameters": parameters,
        "requestBody": {"required": True, "content": {JSON: {"schema": body}}},
        "responses": {
            "200": {"description": "the answer", "content": said},
            **refusals(schemas, (asking.error,), ALWAYS | UPSTREAM),
        },
    }


def _nothing(schemas: Schemas) -> dict[str, Any]:
    refused = refusals(schemas, (answers.OpenAIError,), ALWAYS)
    return {"summary": "Always 404: no response is kept here", "responses": refused}


def _models(schemas: Schemas) -> dict[str, Any]:
    listed = schemas.any_of((answers.OpenAIModelList, answers.AnthropicModelList))
    return {
        "summary": "The names that this caller may ask for",
        "description": "In Anthropic's shape, and in pages, for a client that sends `anthropic-version`.",
        "parameters": [_anthropic_version()],
        "responses": {"200": answered(listed), **refusals(schemas, _ERRORS, ALWAYS)},
    }


def _model(schemas: Schemas) -> dict[str, Any]:
    listed = schemas.any_of((answers.OpenAIModel, answers.AnthropicModel))
    return {
        "summary": "One of these names",
        "parameters": [_anthropic_version()],
        "responses": {"200": answered(listed), **refusals(schemas, _ERRORS, ALWAYS)},
    }


def _operations(schemas: Schemas) -> dict[str, Any]:
    def door(summary: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
        refused = refusals(schemas, (answers.OpenAIError,), ALWAYS)
        return {"summary": summary, "responses": {"200": answer, **refused, **more.pop("also", {})}, **more}

    def admin(summary: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
        refused = {
            str(status): problem(wrong_way, why)
            for status, why in ALWAYS.items()
            if status != _BEFORE_ANY_DOOR
        }
        return door(summary, answer, also={**refused, **more.pop("also", {})}, **more)

    text = {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}}
    ready = answered(schemas.of(answers.Ready))
    wrong_way = schemas.of(Problem, "Admin")
    wrong = {"422": problem(wrong_way, "what is wrong with the files")}
    standings = {"type": "array", "items": schemas.of(answers.Standing)}
    endpoint = {"name": "endpoint", "in": "query", "required": True, "schema": {"type": "string"}}
    stopped = answered(schemas.of(answers.Kills))
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
        "schema": {"type": "string", "minLength": 1, "maxLength": _REASON_MAX},
    }
    cut = {"name": "cut", "in": "query", "schema": {"type": "boolean"}}
    alive = answered(schemas.of(answers.Alive))
    released = answered(schemas.of(answers.Released))
    reloaded = answered(schemas.of(answers.Reloaded))
    return {
        "/healthz": {"get": door("Whether the process answers", alive, security=[])},
        "/readyz": {"get": door("Whether requests can be served", ready, also={"503": ready}, security=[])},
        "/openapi.json": {
            "get": door("This document", answered({"type": "object"}), security=[]),
        },
        "/metrics": {"get": door("For operators", text)},
        "/admin/v1/endpoints": {"get": admin("How each endpoint stands, for operators", answered(standings))},
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
_REASON_MAX: Final = 1_000
_ERRORS: Final[tuple[type[Struct], ...]] = (answers.OpenAIError, answers.AnthropicError)


def _deployment() -> dict[str, Any]:
    return {**in_path("deployment"), "description": "whom to ask, as the field `model` does elsewhere"}


def _api_version() -> dict[str, Any]:
    said = "not looked at: it is the same for all of them"
    return {"name": "api-version", "in": "query", "description": said, "schema": {"type": "string"}}


def _anthropic_version() -> dict[str, Any]:
    known = [version.decode() for version in VERSIONS]
    return {"name": "anthropic-version", "in": "header", "schema": {"type": "string", "enum": known}}
