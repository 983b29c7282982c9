"""Who asks, and on whose behalf."""

from typing import Literal

from msgspec import Struct

from signalbox.domain.traits import Sensitivity

Assertable = Literal["app", "feature", "task", "label", "latency_class", "boundary", "user", "deadline_ms"]
ASSERTABLE: tuple[Assertable, ...] = (
    "app", "feature", "task", "label", "latency_class", "boundary", "user", "deadline_ms",
)  # fmt: skip


class Tenant(Struct, frozen=True, kw_only=True):
    """A tenant's own choices.

    `durable_from`: intents at this sensitivity and above are durable before bytes leave.
    `serve_without_log`: whether requests below `durable_from` may still be served when the log cannot
    be written (they are kept in memory, bounded, and written when it can).
    `default_boundary` names one of the catalogue's boundaries; a request may narrow it.
    """

    id: str
    name: str = ""
    default_label: Sensitivity = Sensitivity.GENERAL
    default_boundary: str = "world"
    durable_from: Sensitivity = Sensitivity.CONFIDENTIAL
    serve_without_log: bool = False
    home_cloud: str = ""


class Principal(Struct, frozen=True, kw_only=True):
    """An authenticated caller. `app` and `feature` are set where the key is bound to them.

    `may_assert` lists which declared fields are believed when this key sends them.
    """

    tenant: Tenant
    key: str
    subject: str
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    app: str = ""
    feature: str = ""
    may_assert: frozenset[str] = frozenset()
