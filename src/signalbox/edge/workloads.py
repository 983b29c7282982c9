"""The suite's features over HTTP: `/v1/workloads`.

    GET    /v1/workloads                    what is offered, with the schema of each one's parameters
    POST   /v1/workloads/{app}/{feature}    {"params": {…}, "files": [{"name", "content_base64"}], "model"},
                                            or a form with fields `params` (JSON) and `model`, and files
    GET    /v1/workloads/jobs/{id}          how far a job is, and its result once it is done
    DELETE /v1/workloads/jobs/{id}          stop it, and forget what it came to

A `POST` waits for its result; with `Accept: text/event-stream` it tells how far it is meanwhile, with
`Prefer: respond-async` it answers at once with the address of a job. Errors are problem details (RFC 9457).
"""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.domain.errors import MalformedRequest, MethodNotAllowed, NotFound, SignalboxError
from signalbox.domain.principal import Principal
from signalbox.domain.request import Declared
from signalbox.edge.body import read_body
from signalbox.edge.context import ContextReader, Headers
from signalbox.edge.gate import Gate, Receive, Scope, Send, allow, answer, answer_error, stopping
from signalbox.edge.multipart import Part, is_form, read_form
from signalbox.edge.problems import PROBLEM, problem_body
from signalbox.wires.strict_json import decode_strict
from signalbox.workloads.asking import Call, Tell
from signalbox.workloads.jobs import Job, Jobs, Owner
from signalbox.workloads.registry import File, Registry, Workload
from signalbox.workloads.running import Ran, run

ROOT: Final = "/v1/workloads"
_DIALECT: Final = "workloads"
_EVENT_STREAM: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_SAID: Final = (b"accept", b"content-type", b"prefer")
_PRIVATE: Final = (b"cache-control", b"no-store")


class Upload(Struct, forbid_unknown_fields=True):
    name: str
    content_base64: bytes  # msgspec reads base64 into bytes


class Body(Struct, forbid_unknown_fields=True):
    """`params` are the feature's own; `model` is a routing name, a model or an endpoint."""

    params: dict[str, Any] = {}
    files: list[Upload] = []
    model: str = "auto"


class Workloads:
    """The door of all of it. `bytes_max` bounds a request's body, files in base64 included."""

    def __init__(self, gate: Gate, registry: Registry, jobs: Jobs, *, bytes_max: int) -> None:
        self._gate = gate
        self._registry = registry
        self._jobs = jobs
        self._bytes_max = bytes_max
        self._context = ContextReader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate = self._gate
        came_us = gate.clock.monotonic_us()
        principal: Principal | None = None
        code = "internal_error"
        try:
            headers = Headers(scope["headers"])
            principal = await gate.caller(headers)
            match scope["path"].removeprefix(ROOT).strip("/").split("/"):
                case [""]:
                    allow(scope, "GET")
                    await answer(send, 200, msgspec.json.encode({"workloads": self._offered()}))
                case ["jobs", ident]:
                    await self._job(scope, send, ident, principal)
                case [app, feature]:
                    allow(scope, "POST")
                    workload = self._registry.find(app, feature)
                    await self._post(scope, receive, send, workload, headers, principal)
                case _:
                    raise NotFound(f"nothing is served at `{scope['path'][:128]}`")
            code = "ok"
        except SignalboxError as error:
            code = error.code
            gate.write_down(principal, error)
            await answer_error(send, error, receive, PROBLEM)
        except asyncio.CancelledError as cancelled:
            stopped = stopping(cancelled)
            code = stopped.code if stopped else "client_gone"
            if stopped is not None:
                await answer_error(send, stopped, None, PROBLEM)
        finally:
            tenant = principal.tenant.id if principal else ""
            gate.meter.request(tenant, _DIALECT, code, gate.clock.monotonic_us() - came_us)

    def _offered(self) -> list[dict[str, Any]]:
        return [
            {
                "name": workload.name,
                "about": workload.told,
                "takes": workload.takes,
                "files": {"at_least": workload.files[0], "at_most": workload.files[1]},
                "background": workload.background,
                "params": msgspec.json.schema(workload.params),
            }
            for workload in self._registry
        ]

    async def _post(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        workload: Workload[Any],
        headers: Headers,
        principal: Principal,
    ) -> None:
        raw = await read_body(receive, headers.body_bytes, self._bytes_max)
        said = {name: value for name, value in scope["headers"] if name in _SAID}
        # Many megabytes, it may be.
        body = await asyncio.to_thread(_read, raw, said.get(b"content-type", b""))
        files = tuple(File(file.name, file.content_base64) for file in body.files)
        workload.read(body.params, files)  # refused before anything is begun
        declared = self._context.declared(headers.context, Declared())

        async def work(tell: Tell) -> Ran:
            return await run(
                workload,
                body.params,
                files,
                pipeline=self._gate.pipeline,
                principal=principal,
                target=body.model,
                declared=declared,
                tell=tell,
            )

        if b"respond-async" in said.get(b"prefer", b""):
            job = self._jobs.begin(_owner(principal), work)
            place = [
                (b"location", f"{ROOT}/jobs/{job.id}".encode()),
                (b"preference-applied", b"respond-async"),
            ]
            await answer(send, 202, msgspec.json.encode(_told_of(job)), [*place, _PRIVATE])
        elif b"text/event-stream" in said.get(b"accept", b""):
            await _stream(send, work)
        else:
            ran = await work(_silent)
            await answer(send, 200, msgspec.json.encode(told(ran)), [*_headers(ran), _PRIVATE])

    async def _job(self, scope: Scope, send: Send, ident: str, principal: Principal) -> None:
        match scope["method"]:
            case "GET":
                job = self._jobs.find(ident, _owner(principal))
                await answer(send, 200, msgspec.json.encode(_told_of(job)), [_PRIVATE])
            case "DELETE":
                await self._jobs.end(ident, _owner(principal))
                await answer(send, 200, msgspec.json.encode({"id": ident, "state": "deleted"}))
            case other:
                raise MethodNotAllowed(other, scope["path"], ("GET", "DELETE"))


def _read(raw: bytes, content_type: bytes) -> Body:
    if is_form(content_type):
        return _of_form(read_form(content_type, raw))
    try:
        return msgspec.convert(decode_strict(raw), Body)
    except msgspec.ValidationError as error:
        raise MalformedRequest(str(error)) from error


def _of_form(parts: list[Part]) -> Body:
    """Fields `params` (JSON) and `model`, and any number of files."""
    body = Body()
    for part in parts:
        if part.filename is not None:
            body.files.append(Upload(part.filename, part.content))
        elif part.name == "params":
            said = decode_strict(part.content)
            if not isinstance(said, dict):
                raise MalformedRequest("expected an object in the field `params`", param="params")
            body.params = said
        elif part.name == "model":
            body.model = part.content.decode(errors="replace")
        else:
            raise MalformedRequest(
                f"the form has a field `{part.name[:40]}`; expected params, model and files"
            )
    return body


def told(ran: Ran) -> dict[str, Any]:
    """What a workload's caller reads."""
    tokens_in, tokens_out = ran.tokens
    return {
        "result": ran.answer,
        "files": [
            {
                "name": file.name,
                "media_type": file.media_type,
                "content_base64": b64encode(file.content).decode(),
            }
            for file in ran.files
        ],
        "notes": ran.notes,
        **_answered_by(ran.calls),
        "validation": ran.validation,
        "usage": {"input_tokens": tokens_in, "output_tokens": tokens_out},
        "cost": [str(money) for money in ran.cost],
        "operation": ran.operation,
        "decisions": [call.decision for call in ran.calls],
    }


def _answered_by(calls: tuple[Call, ...]) -> dict[str, Any]:
    """Who answered: the first call's, and every model's name where there were several."""
    if not calls:
        return {
            "model": "",
            "vendor": "",
            "endpoint": "",
            "region": "",
            "reason": "no model was asked",
            "models": [],
        }
    first = calls[0]
    return {
        "model": first.model,
        "vendor": first.vendor,
        "endpoint": first.endpoint,
        "region": first.region,
        "reason": first.reason,
        "models": list(dict.fromkeys(call.model for call in calls)),
    }


def _headers(ran: Ran) -> list[tuple[bytes, bytes]]:
    if not ran.calls:
        return []
    first = ran.calls[0]
    return [
        (b"x-signalbox-decision", first.decision.encode()),
        (b"x-signalbox-endpoint", first.endpoint.encode()),
        (b"x-signalbox-model", first.model.encode()),
        (b"x-signalbox-vendor", first.vendor.encode()),
        (b"x-signalbox-region", first.region.encode()),
    ]


def _told_of(job: Job) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": job.id,
        "state": job.state,
        "progress": {"done": job.done, "of": job.of, "doing": job.doing},
    }
    if job.ran is not None:
        shown.update(told(job.ran))
    if job.error is not None:
        shown["error"] = msgspec.Raw(problem_body(job.error))
    return shown


def _owner(principal: Principal) -> Owner:
    return Owner(principal.tenant.id, principal.key, principal.subject)


def _silent(done: int, of: int, what: str) -> None: ...


async def _stream(send: Send, work: Callable[[Tell], Awaitable[Ran]]) -> None:
    """Progress as it is told, then the result or the error. Who leaves ends the work."""
    news: asyncio.Queue[bytes] = asyncio.Queue()

    def tell(done: int, of: int, what: str) -> None:
        news.put_nowait(_event("progress", msgspec.json.encode({"done": done, "of": of, "doing": what})))

    async def worked() -> None:
        try:
            news.put_nowait(_event("result", msgspec.json.encode(told(await work(tell)))))
        except SignalboxError as error:
            news.put_nowait(_event("error", problem_body(error)))
        finally:
            news.put_nowait(b"")

    await send({"type": "http.response.start", "status": 200, "headers": _EVENT_STREAM})
    task = asyncio.create_task(worked())
    try:
        while chunk := await news.get():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await task
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        task.cancel()


def _event(name: str, data: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)
