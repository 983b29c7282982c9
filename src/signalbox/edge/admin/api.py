"""The admin API served: routes to operations, who may, strict bodies, problem details, entity tags.

It knows no resource. Starlette matches paths here; on the hot routes it has no part.
"""

from collections.abc import Callable, Collection, Iterable, MutableMapping, Sequence
from typing import Any, Final

import msgspec
from starlette.datastructures import Headers as HeaderView
from starlette.datastructures import QueryParams
from starlette.routing import Route, Router

from signalbox.domain.errors import MalformedRequest, MethodNotAllowed, NotFound, SignalboxError
from signalbox.domain.principal import Principal
from signalbox.domain.roles import PLATFORM, may
from signalbox.edge.admin.document import DOCUMENT, ROOT, document
from signalbox.edge.admin.operation import Answer, Asked, Operation, etag, takes_tenant
from signalbox.edge.body import read_body
from signalbox.edge.context import Headers
from signalbox.edge.gate import Gate, Receive, Scope, Send, answer, answer_error
from signalbox.edge.problems import PROBLEM
from signalbox.wires.strict_json import decode_strict

_NAME_MAX: Final = 128
_PRIVATE: Final = (b"cache-control", b"no-store")


class AdminApi:
    """An ASGI application for all of `/admin/v1/`. `tenants` are those that there are now."""

    def __init__(
        self, gate: Gate, operations: Sequence[Operation], tenants: Callable[[], Collection[str]]
    ) -> None:
        self.operations = tuple(operations)
        self._gate = gate
        self._tenants = tenants
        paths: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            methods = paths.setdefault(operation.path, {})
            if operation.method in methods:
                raise ValueError(f"{operation.method} {operation.path} is declared twice")
            methods[operation.method] = operation
        self._router = Router(
            [
                Route(DOCUMENT, _Described(msgspec.json.encode(document(self.operations)))),
                *(Route(ROOT + path, _Resource(self, methods)) for path, methods in _plain_first(paths)),
            ],
            redirect_slashes=False,
            default=_nowhere,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._router(scope, receive, send)

    async def serve(self, operation: Operation, scope: Scope, receive: Receive, send: Send) -> None:
        """One request for one operation."""
        headers = Headers(scope["headers"])
        principal: Principal | None = None
        try:
            principal, tenant = await self._admit(operation, scope, headers.credential)
            view = HeaderView(raw=scope["headers"])
            asked = Asked(
                principal,
                tenant,
                _path(scope),
                _query(operation, scope),
                await self._body(operation, headers, receive),
                view.get("if-match", ""),
            )
            made = await operation.handler(asked)
        except SignalboxError as error:
            self._gate.write_down(principal, error)
            await answer_error(send, error, receive, PROBLEM)
            return
        if operation.media:
            await answer(send, operation.status, made, [_PRIVATE], operation.media.encode())
            return
        told = made if isinstance(made, Answer) else Answer(value=made)
        tag = etag(told.value if told.resource is None else told.resource).encode()
        extra = [(b"etag", tag), _PRIVATE]
        if operation.method == "GET" and tag.decode() in view.get("if-none-match", ""):
            await answer(send, 304, b"", extra)
            return
        if told.location:
            extra.append((b"location", told.location.encode()))
        await answer(send, operation.status, msgspec.json.encode(told.value), extra)

    async def _admit(self, operation: Operation, scope: Scope, credential: str) -> tuple[Principal, str]:
        gate, action = self._gate, operation.action
        if operation.reach == "self":
            return await gate.known(credential), PLATFORM
        if operation.reach == "platform":
            return await gate.admitted(credential, action), PLATFORM
        principal = await gate.admitted(credential, action, None)
        home = principal.tenant.id
        named = _path(scope).get("tenant") or QueryParams(scope["query_string"]).get("tenant") or home
        # INVARIANT: of a tenant that one may not know of, nobody learns whether there is one.
        if named != home and (not may(principal, action, named) or named not in self._tenants()):
            error = NotFound(f"there is no tenant `{named[:_NAME_MAX]}`")
            gate.write_down(principal, error)
            raise error
        return principal, named

    async def _body(self, operation: Operation, headers: Headers, receive: Receive) -> Any:
        bytes_max = min(operation.body_bytes_max, self._gate.body_bytes_max)
        raw = await read_body(receive, headers.body_bytes, bytes_max)
        if operation.body is None:
            if raw.strip():
                raise MalformedRequest("this takes no body")
            return None
        return _converted(decode_strict(raw), operation.body, strict=True)


class _Resource:
    """One path: its methods to its operations. An instance, so that Starlette leaves methods to it."""

    def __init__(self, api: AdminApi, methods: dict[str, Operation]) -> None:
        self._api = api
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        operation = self._methods.get(method)
        if operation is None:
            refused = MethodNotAllowed(scope["method"], scope["path"], list(self._methods))
            await answer_error(send, refused, None, PROBLEM)
            return
        await self._api.serve(operation, scope, receive, send)


class _Described:
    """The OpenAPI document; it holds nothing of any tenant, so anyone may read it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            error = MethodNotAllowed(scope["method"], scope["path"], ("GET", "HEAD"))
            await answer_error(send, error, None, PROBLEM)
            return
        await answer(send, 200, self._body)


async def _nowhere(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    error = NotFound(f"nothing is served at `{scope['path'][:_NAME_MAX]}`")
    await answer_error(send, error, None, PROBLEM)


def _plain_first(paths: dict[str, dict[str, Operation]]) -> Iterable[tuple[str, dict[str, Operation]]]:
    """A path without a parameter is meant before one whose parameter would take it."""
    return sorted(
        paths.items(), key=lambda item: [(part.startswith("{"), part) for part in item[0].split("/")]
    )


def _path(scope: Scope) -> dict[str, str]:
    parameters: dict[str, str] = scope["path_params"]
    for value in parameters.values():
        if not value.isprintable() or len(value) > _NAME_MAX:
            raise NotFound("nothing is served under such a name")
    return parameters


def _query(operation: Operation, scope: Scope) -> Any:
    said: dict[str, str] = {}
    for name, value in QueryParams(scope["query_string"]).multi_items():
        if name in said:
            raise MalformedRequest(f"give `{name[:40]}` once", param=name[:40])
        said[name] = value
    if takes_tenant(operation):
        said.pop("tenant", None)
    return _converted(said, operation.query, strict=False)


def _converted(value: Any, into: type[Any], *, strict: bool) -> Any:
    try:
        return msgspec.convert(value, into, strict=strict)
    except msgspec.ValidationError as error:
        said = str(error)
        raise MalformedRequest(f"{said[:1].lower()}{said[1:]}") from None
