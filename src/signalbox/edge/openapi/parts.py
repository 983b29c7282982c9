"""Pieces that documents of doors are put together from: schemas by name, answers, refusals, parameters."""

from typing import Any, Final

import msgspec
from msgspec import Struct

REF: Final = "#/components/schemas/"
JSON: Final = "application/json"

ALWAYS: Final = {
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
UPSTREAM: Final = {
    429: "the model's endpoint is rate limited",
    502: "the model's endpoint failed",
    504: "no answer in time",
}

# An empty header counts as none.
CONTEXT: Final[dict[str, tuple[str, dict[str, Any]]]] = {
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
EVENT: Final = {
    "description": "each event of the stream",
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
TEXT: Final = {"type": "string", "maxLength": 256}


class Schemas:
    """Collects the schemas of structs, each under a name of its own."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {}

    def of(self, struct: type[Struct], prefix: str = "") -> dict[str, Any]:
        """A reference to the struct's schema."""
        start = f"{prefix}." if prefix else ""
        (schema,), parts = msgspec.json.schema_components([struct], ref_template=f"{REF}{start}{{name}}")
        self.named |= {start + name: part for name, part in parts.items()}
        return schema

    def any_of(self, structs: tuple[type[Struct], ...]) -> dict[str, Any]:
        return self.of(structs[0]) if len(structs) == 1 else {"anyOf": [self.of(one) for one in structs]}


def refusals(schemas: Schemas, errors: tuple[type[Struct], ...], statuses: dict[int, str]) -> dict[str, Any]:
    schema = schemas.any_of(errors)
    return {str(status): answered(schema, why) for status, why in sorted(statuses.items())}


def problem(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def answered(schema: dict[str, Any], description: str = "the answer") -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def context(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema or TEXT}


def in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {**TEXT, "minLength": 1}}
