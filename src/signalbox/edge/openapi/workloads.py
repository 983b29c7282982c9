"""The doors of workloads, for the OpenAPI document, which is the same everywhere: which workloads there are,
with the schema of each one's parameters, `GET /v1/workloads` tells."""

from typing import Any, Final

from signalbox.edge.openapi import answers
from signalbox.edge.openapi.parts import (
    ALWAYS,
    CONTEXT,
    EVENT,
    JSON,
    UPSTREAM,
    Schemas,
    answered,
    context,
    in_path,
    problem,
)
from signalbox.edge.problems import Problem
from signalbox.edge.workloads import ROOT, Body

_BEFORE_ANY_DOOR: Final = 431
_UNREAD: Final = {
    422: "a file that is not what its name says, broken, encrypted, or cannot be changed as asked"
}
_FORM: Final = {
    "type": "object",
    "properties": {
        "params": {"type": "string", "description": "the parameters, as JSON"},
        "model": {"type": "string"},
        "file": {
            "type": "array",
            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        },
    },
}
_WAITED: Final = "the result; with `Accept: text/event-stream`, progress first"


def workload_paths(schemas: Schemas) -> dict[str, Any]:
    refused = _refused(schemas, ALWAYS)
    listed = answered(schemas.of(answers.WorkloadsOffered, "Workloads"))
    job = schemas.of(answers.WorkloadJob, "Workloads")
    deleted = answered(schemas.of(answers.WorkloadJobDeleted, "Workloads"))
    return {
        ROOT: {"get": {"summary": "What is offered", "responses": {"200": listed, **refused}}},
        f"{ROOT}/{{app}}/{{feature}}": {
            "parameters": [in_path("app"), in_path("feature")],
            "post": _run(schemas, job),
        },
        f"{ROOT}/jobs/{{job}}": {
            "parameters": [in_path("job")],
            "get": {
                "summary": "How far a job is, and its result once it is done",
                "responses": {"200": answered(job), **refused},
            },
            "delete": {
                "summary": "Stop a job, and forget what it came to",
                "responses": {"200": deleted, **refused},
            },
        },
    }


def _run(schemas: Schemas, job: dict[str, Any]) -> dict[str, Any]:
    result = answered(schemas.of(answers.WorkloadResult, "Workloads"), _WAITED)
    result["content"]["text/event-stream"] = {"schema": EVENT}
    prefer = {"name": "Prefer", "in": "header", "schema": {"enum": ["", "respond-async"]}}
    return {
        "summary": "Run a feature on files",
        "parameters": [*(context(name, *said) for name, said in CONTEXT.items()), prefer],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": schemas.of(Body, "Workloads")},
                "multipart/form-data": {"schema": _FORM},
            },
        },
        "responses": {
            "200": result,
            "202": answered(job, "a job has begun: `Location` has its address"),
            **_refused(schemas, ALWAYS | UPSTREAM | _UNREAD),
        },
    }


def _refused(schemas: Schemas, statuses: dict[int, str]) -> dict[str, Any]:
    """As problem details, but for what is told before any door is known."""
    schema, early = schemas.of(Problem, "Admin"), schemas.of(answers.OpenAIError)
    return {
        str(status): answered(early, why) if status == _BEFORE_ANY_DOOR else problem(schema, why)
        for status, why in sorted(statuses.items())
    }
