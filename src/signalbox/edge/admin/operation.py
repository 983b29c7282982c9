"""What a resource of the admin API is declared as: operations, and what they are asked and answer.

How one is served is `api`'s matter, how it is described `document`'s.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from signalbox.domain.errors import MalformedRequest, PreconditionFailed, PreconditionRequired
from signalbox.domain.principal import Principal
from signalbox.domain.roles import Action

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Reach = Literal["platform", "tenant", "self"]
BODY_BYTES_MAX: Final = 1 << 20
T = TypeVar("T")
_PAGE_MAX: Final = 1_000
_CURSOR_MAX: Final = 256


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameters."""


class Paging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query parameters of a list; a list with more of them declares a struct of this kind."""

    limit: Annotated[int, Meta(ge=1, le=_PAGE_MAX, description="how many at most")] = 100
    after: Annotated[str, Meta(max_length=_CURSOR_MAX, description="`next` of the page before")] = ""


class Page(Struct, Generic[T], frozen=True):
    """`next`: what to send as `after` for the next page; null on the last."""

    items: list[T]
    next: str | None


class Answer(Struct, frozen=True, kw_only=True):
    """For handlers whose answer is more than a value. `resource`: what the `ETag` is of, where it is not all
    of `value`; `location`: the path of what was made."""

    value: Any
    resource: Any = None
    location: str = ""


class Asked:
    """One request that was let in. `tenant` is one that there is, on which the principal may do this, or
    `PLATFORM`; `path` has the path's parameters; `body` and `query` are of the declared structs."""

    __slots__ = ("_if_match", "body", "path", "principal", "query", "tenant")

    def __init__(
        self, principal: Principal, tenant: str, path: Mapping[str, str], query: Any, body: Any, if_match: str
    ) -> None:
        self.principal = principal
        self.tenant = tenant
        self.path = path
        self.query = query
        self.body = body
        self._if_match = if_match

    @property
    def by(self) -> str:
        """Who does it, as acts name them."""
        return self.principal.subject

    def match(self, resource: object) -> None:
        """Raises unless the caller read this resource as it now is: `PreconditionRequired` without
        `If-Match`, else `PreconditionFailed`. To be called on what is changed, where it is changed: in
        `propose` of a board, so that nobody comes in between. `*` stands for any."""
        if not self._if_match:
            raise PreconditionRequired("say which version this is for: send `If-Match` with the `ETag` read")
        named = [each.strip() for each in self._if_match.split(",")]
        if "*" not in named and etag(resource) not in named:
            raise PreconditionFailed("this was changed since you read it: read it again and decide anew")

    def page(self, items: Iterable[T], key: Callable[[T], str | int]) -> Page[T]:
        """One page of `items` in the order of `key`, which is unique; the declared query is a `Paging`."""
        ordered = sorted(items, key=key)
        if self.query.after:
            last = _cursor_read(self.query.after)
            ordered = [item for item in ordered if _is_beyond(key(item), last)]
        page = ordered[: self.query.limit]
        more = len(ordered) > len(page)
        return Page(page, _cursor(key(page[-1])) if more else None)


Handler = Callable[[Asked], Awaitable[Any]]


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path under `/admin/v1`; `{name}` in a path is a parameter.

    `action` is what the roles table must allow. Where: `reach` "platform" is the platform; "tenant" the
    tenant of the path's `{tenant}`, else of the query's `tenant`, else the principal's own (a tenant that is
    not there and one that is not theirs read the same: not found); "self" asks for a known credential only.
    `answer` is the type of what `handler` returns (itself, or in an `Answer`); `also` are statuses beside the
    usual ones, with why. `media`: where `handler` answers bytes, what they are; they have no entity tag.
    """

    method: Method
    path: str
    summary: str
    handler: Handler
    answer: Any
    action: Action = "ask"
    reach: Reach = "tenant"
    body: type[Struct] | None = None
    query: type[Struct] = Nothing
    status: int = 200
    matched: bool = False
    body_bytes_max: int = BODY_BYTES_MAX
    also: dict[int, str] = {}
    media: str = ""


def takes_tenant(operation: Operation) -> bool:
    """Whether its query may name the tenant."""
    return operation.reach == "tenant" and "{tenant}" not in operation.path


def etag(resource: object) -> str:
    """A strong validator: the same for the same fields."""
    return f'"{sha256(msgspec.json.encode(resource)).hexdigest()[:32]}"'


def _cursor(key: str | int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def _cursor_read(text: str) -> str | int:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=str | int)
    except (binascii.Error, ValueError):
        raise _no_cursor() from None


def _is_beyond(key: Any, last: Any) -> bool:
    if type(key) is not type(last):
        raise _no_cursor()
    return bool(key > last)


def _no_cursor() -> MalformedRequest:
    return MalformedRequest(
        "`after` is no cursor of this list: send `next` of the page before", param="after"
    )
