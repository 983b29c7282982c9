"""The plainest value that a JSON Schema allows."""

from typing import Any, Final

import msgspec

_DEPTH_MAX: Final = 32


def instance_text(schema: dict[str, Any]) -> str:
    return msgspec.json.encode(_instance(schema, schema, 0)).decode()


def _instance(schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    """Knows the keywords that vendors' structured output knows; `$ref` within the document."""
    if depth > _DEPTH_MAX:
        return None
    if "$ref" in schema:
        return _instance(_resolve(schema["$ref"], root), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for several in ("anyOf", "oneOf"):
        if schema.get(several):
            return _instance(_plainest(schema[several]), root, depth + 1)
    if schema.get("allOf"):
        merged: dict[str, Any] = {}
        for part in schema["allOf"]:
            merged |= _resolve(part["$ref"], root) if "$ref" in part else part
        return _instance(merged, root, depth + 1)
    return _typed(schema, root, depth)


def _typed(schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            wanted = schema.get("required", [])
            inner = schema.get("properties", {})
            names = [name for name in inner if depth < 4 or name in wanted]  # an optional one may recur
            return {name: _instance(inner[name], root, depth + 1) for name in names}
        case "array":
            items = schema.get("items", {"type": "string"})
            count = max(schema.get("minItems", 0), 0 if depth >= 4 else 1)
            return [_instance(items, root, depth + 1) for _ in range(count)]
        case "string":
            return _string(schema)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case _:
            return None


_FORMATTED: Final = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "PT1S",
    "email": "signal@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def _string(schema: dict[str, Any]) -> str:
    if schema.get("format") in _FORMATTED:
        return _FORMATTED[schema["format"]]
    return "signal".ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength", 1_000)]


def _number(schema: dict[str, Any]) -> int | float:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        low = step if high is None or step < high else high - step
    value: int | float = -(-low // step) * step
    return value + step if value == schema.get("exclusiveMinimum") else value


def _plainest(options: list[dict[str, Any]]) -> dict[str, Any]:
    """The first that is not merely null."""
    return next((option for option in options if option.get("type") != "null"), options[0])


def _resolve(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    """Raises `KeyError` for a reference that leads nowhere."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step:
            found = found[step.replace("~1", "/").replace("~0", "~")]
    return dict(found)
