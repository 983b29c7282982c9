"""What administrators say: gates, and requirements. Values only; what they mean in Cedar is `render`'s."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from signalbox.domain.traits import Sensitivity

Retention = Literal["none", "transient", "days-30", "until-deleted"]


class Decision(StrEnum):
    ALLOW = "allow"
    FORBID = "forbid"
    OPT_IN = "opt-in"


class Selection(Struct, frozen=True, kw_only=True):
    """Which endpoints: those that meet every field that is not empty, each by any of its names."""

    vendors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    clouds: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    processors: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()


class Gate(Struct, frozen=True, kw_only=True):
    """Who may use which endpoints. Empty: any tenant, any group, any app, any feature.

    - `allow` permits, for data up to `up_to`. Places: an endpoint lies *wholly* within them.
    - `forbid` closes, for data from `at_least` on and, if any are named, with one of the `categories`.
      Places: an endpoint *touches* one of them.
    - `opt-in` closes the endpoints that it selects (places: touches) to the whole tenant, except to whom it
      names, up to `up_to`, while the endpoint's terms are `accepted_terms`. It opens nothing: a permit must.
      Empty `accepted_terms`: nobody has opted in yet. Opt-ins of one tenant with one selection are
      alternatives; those with different selections must all be met. `outside_home_cloud`: whom it names may
      also leave the home cloud.

    `accepted_on` is the date of the opt-in as `2026-01-31`.
    """

    id: str
    decision: Decision
    where: Selection
    tenant: str = ""
    groups: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    up_to: Sensitivity = Sensitivity.HIGHLY_CONFIDENTIAL
    at_least: Sensitivity = Sensitivity.PUBLIC
    categories: tuple[str, ...] = ()
    accepted_terms: str = ""
    accepted_on: str = ""
    accepted_by: str = ""
    outside_home_cloud: bool = False
    reason: str = ""


class Requirement(Struct, frozen=True, kw_only=True):
    """What an endpoint must be for data of a tenant (empty: of any), from `at_least` on and, if any are
    named, with one of the `categories`.

    `places` (None: not asked) bounds inference and storage; `residency` is what the set is called.
    `certifications` are all asked for, except of machines that the tenant operates itself.
    """

    id: str
    tenant: str = ""
    at_least: Sensitivity = Sensitivity.PUBLIC
    categories: tuple[str, ...] = ()
    residency: str = ""
    places: tuple[str, ...] | None = None
    home_cloud: bool = False
    retention_max: Retention | None = None
    no_training: bool = False
    certifications: tuple[str, ...] = ()
    reason: str = ""


class Gates(Struct, frozen=True, kw_only=True):
    """Ids are of lower-case letters, digits, `-` and `_`, each once among gates and requirements."""

    gates: tuple[Gate, ...] = ()
    requirements: tuple[Requirement, ...] = ()


NO_GATES = Gates()
