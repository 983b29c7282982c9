"""A JSON Schema that a caller sent, made into a check that is safe to run on whatever a model says.

The schema and the document are both in strangers' hands, and the check runs beside other people's requests.
So nothing is fetched (a reference leads within the schema or is refused), patterns run in linear time, and a
schema or a document on which validation could take exponentially long is refused before it starts.
"""

from typing import Any, Final

import jsonschema_rs

from signalbox.domain.errors import MalformedRequest, UnsupportedRequest

IN_PLACE_MAX: Final = 2_000
"""How many subschemas one value may have to satisfy, references followed."""
EFFORT_MAX: Final = 2_000_000
"""How many steps a validation may take in the worst case: some hundred milliseconds."""
SUBSCHEMAS_MAX: Final = 20_000

_PATTERN_BYTES: Final = 1 << 20
_PATTERNS: Final = jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES)
_COMPLAINTS_MAX: Final = 3
_COMPLAINT_CHARACTERS: Final = 240

_ONE_HERE: Final = ("not", "if", "then", "else")
_MANY_HERE: Final = ("allOf", "anyOf", "oneOf")
_NAMED_HERE: Final = ("dependentSchemas",)
_ONE_BELOW: Final = (
    "items", "additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties",
    "contains", "propertyNames",
)  # fmt: skip
_MANY_BELOW: Final = ("prefixItems", "items")
_NAMED_BELOW: Final = ("properties", "patternProperties")
_UNOFFERED: Final = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")


class Schema:
    """Compiled. `complaint` says what is wrong with a value, for the model that made it."""

    __slots__ = ("_branching", "_validator")

    def __init__(self, written: dict[str, Any], param: str) -> None:
        """Raises `MalformedRequest` or `UnsupportedRequest` that names `param`."""
        self._branching = _Survey(written, param).branching()
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                written, offline=True, pattern_options=_PATTERNS
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise MalformedRequest(
                f"`{param}`: not a JSON Schema: {_first_line(error)}", param=param
            ) from None

    def complaint(self, value: Any) -> str | None:
        """What `value` lacks, or None. It quotes the value: it is for the model, not for a log."""
        depth, size = _measure(value)
        if size * self._branching**depth > EFFORT_MAX:
            return "the JSON is nested too deeply to be checked; answer with a flatter one"
        if self._validator.is_valid(value):
            return None
        found = []
        for error in self._validator.iter_errors(value):
            where = "/".join(str(step) for step in error.instance_path) or "the whole"
            found.append(f"{where}: {error.message[:_COMPLAINT_CHARACTERS]}")
            if len(found) == _COMPLAINTS_MAX:
                break
        return "; ".join(found)


class _Survey:
    """Walks a schema once: what it refers to, and how much work it can cause."""

    def __init__(self, root: dict[str, Any], param: str) -> None:
        self._root = root
        self._param = param
        self._steps = 0

    def branching(self) -> int:
        """How often a part of a value may be looked at for once that the value around it is.

        The product of this over the depth of a value bounds the work. Raises where it has no useful bound.
        """
        most = 1
        seen: set[int] = set()
        waiting: list[Any] = [self._root]
        while waiting:
            schema = waiting.pop()
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            if len(seen) > SUBSCHEMAS_MAX:
                raise self._refused(f"has more than {SUBSCHEMAS_MAX} subschemas")
            here = self._in_place(schema, [])
            below = [list(_below(part)) for part in here]
            most = max(most, sum(1 for children in below if children))
            for children in below:
                waiting += children
            waiting += here
        return most

    def _in_place(self, schema: Any, path: list[int]) -> list[dict[str, Any]]:
        """Every subschema that the same value has to answer to, as often as it is asked."""
        if not isinstance(schema, dict) or id(schema) in path:
            return []
        self._steps += 1
        for word in _UNOFFERED:
            if word in schema:
                raise UnsupportedRequest(
                    f"`{self._param}`: `{word}` is not offered; refer to parts of the schema by `#/…`",
                    param=self._param,
                )
        found = [schema]
        path.append(id(schema))
        for part in _here(schema):
            found += self._in_place(part, path)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            found += self._in_place(self._resolve(reference), path)
        path.pop()
        if len(found) > IN_PLACE_MAX or self._steps > EFFORT_MAX:
            raise self._refused(f"asks more than {IN_PLACE_MAX} things of one value")
        return found

    def _resolve(self, reference: str) -> Any:
        if reference != "#" and not reference.startswith("#/"):
            raise UnsupportedRequest(
                f"`{self._param}`: a `$ref` leads within the schema (`#/…`); nothing is fetched",
                param=self._param,
            )
        place: Any = self._root
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, list) and name.isdecimal() and int(name) < len(place):
                place = place[int(name)]
            elif isinstance(place, dict) and name in place:
                place = place[name]
            else:
                raise MalformedRequest(
                    f"`{self._param}`: the `$ref` `{reference[:100]}` leads nowhere", param=self._param
                )
        return place

    def _refused(self, words: str) -> UnsupportedRequest:
        return UnsupportedRequest(f"`{self._param}`: the schema {words}", param=self._param)


def _here(schema: dict[str, Any]) -> list[Any]:
    parts = [schema[word] for word in _ONE_HERE if word in schema]
    for word in _MANY_HERE:
        if isinstance(schema.get(word), list):
            parts += schema[word]
    for word in _NAMED_HERE:
        if isinstance(schema.get(word), dict):
            parts += schema[word].values()
    return parts


def _below(schema: dict[str, Any]) -> list[Any]:
    parts = [schema[word] for word in _ONE_BELOW if isinstance(schema.get(word), dict)]
    for word in _MANY_BELOW:
        if isinstance(schema.get(word), list):
            parts += schema[word]
    for word in _NAMED_BELOW:
        if isinstance(schema.get(word), dict):
            parts += schema[word].values()
    return parts


def _measure(value: Any) -> tuple[int, int]:
    """How deep a JSON value is nested, and how many values it holds."""
    depth, size = 0, 0
    level = [value]
    while level:
        size += len(level)
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
            elif isinstance(item, list):
                below += item
        if below:
            depth += 1
        level = below
    return depth, size


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:_COMPLAINT_CHARACTERS]
