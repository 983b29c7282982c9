"""The admin API as an OpenAPI 3.1 document, from its operations. What roles may is told in each summary."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from signalbox.edge.admin.operation import Operation, takes_tenant
from signalbox.edge.problems import Problem

ROOT: Final = "/admin/v1"
DOCUMENT: Final = f"{ROOT}/openapi.json"
_REF: Final = "#/components/schemas/{name}"
_PROBLEM: Final = "application/problem+json"
_JSON: Final = "application/json"
_ALWAYS: Final = {
    400: "malformed: the query or the body is not as described",
    401: "no key, or one that is not known, revoked or expired",
    403: "the credential may not do this",
    404: "no such thing, or none that this caller may know of",
    405: "another method than this path takes",
    408: "the request did not arrive in time",
    413: "the body is too large",
    500: "a bug here",
    503: "not now: what has to be read or written cannot be",
}
_CHANGES: Final = {409: "it does not go with how things stand"}
_MATCHED: Final = {412: "it was changed since it was read", 428: "`If-Match` is missing"}
_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 128}
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_ETAG: Final = {"ETag": {"description": "its version, for `If-Match`", "schema": {"type": "string"}}}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document, of builtins."""
    types = [Problem, *(each.answer for each in operations), *(each.query for each in operations)]
    types += [each.body for each in operations if each.body is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    queries = {id(each.query): _parameters(schema_of[id(each.query)], components) for each in operations}
    for each in operations:
        components.pop(_component(schema_of[id(each.query)]), None)
    paths: dict[str, Any] = {
        DOCUMENT: {
            "get": {
                "summary": "This document",
                "security": [],
                "responses": {"200": _content("the document", {"type": "object"})},
            }
        }
    }
    for each in operations:
        item = paths.setdefault(ROOT + each.path, {})
        names = _PARAMETER.findall(each.path)
        if names:
            item["parameters"] = [_parameter(name, "path", _NAME, required=True) for name in names]
        item[each.method.lower()] = _operation(each, schema_of, queries[id(each.query)])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Signalbox: administration",
            "version": "1",
            "description": "Docs: docs/reference/http-api.md and docs/reference/roles.md.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(
    each: Operation, schema_of: dict[int, dict[str, Any]], query: list[dict[str, Any]]
) -> dict[str, Any]:
    parameters = list(query)
    if takes_tenant(each):
        tenant = {"type": "string", "maxLength": 128}
        parameters.append(_parameter("tenant", "query", tenant, why="whose; else the caller's own tenant"))
    if each.matched:
        why = "the `ETag` that was read"
        parameters.append(_parameter("If-Match", "header", {"type": "string"}, required=True, why=why))
    refusals = _ALWAYS | (_CHANGES if each.method != "GET" else {}) | (_MATCHED if each.matched else {})
    refusals |= each.also
    problem = schema_of[id(Problem)]
    answered = _content("the answer", schema_of[id(each.answer)]) | {"headers": _ETAG}
    if each.media:
        answered = {"description": "the file", "content": {each.media: {}}}
    asks = "any known credential" if each.reach == "self" else f"`{each.action}`, of the {each.reach}"
    told: dict[str, Any] = {
        "summary": each.summary,
        "description": f"Asks for {asks}.",
        "x-signalbox-action": each.action,
        "x-signalbox-reach": each.reach,
        "parameters": parameters,
        "responses": {
            str(each.status): answered,
            **{str(status): _refusal(why, problem) for status, why in sorted(refusals.items())},
            "431": {"description": "the headers are too large"},
        },
    }
    if each.method == "GET" and not each.media:
        told["responses"]["304"] = {"description": "as `If-None-Match` says"}
    if each.body is not None:
        told["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema_of[id(each.body)]}}}
    return told


def _parameters(schema: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a query's struct."""
    struct = components[_component(schema)]
    required = struct.get("required", [])
    return [
        _parameter(name, "query", field, required=name in required)
        for name, field in struct["properties"].items()
    ]


def _component(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _parameter(
    name: str, where: str, schema: dict[str, Any], *, required: bool = False, why: str = ""
) -> dict[str, Any]:
    told = {"name": name, "in": where, "required": required, "schema": schema}
    return told | ({"description": why} if why else {})


def _refusal(why: str, problem: dict[str, Any]) -> dict[str, Any]:
    return {"description": why, "content": {_PROBLEM: {"schema": problem}}}


def _content(why: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": why, "content": {_JSON: {"schema": schema}}}
