"""What the kind of provider that is to reach an endpoint has to say of it.

Which kinds there are, and what each can do, is the providers' own; here it is only held against the file.
"""

from typing import Final

from signalbox.config.faults import Faults
from signalbox.config.locate import FieldPath
from signalbox.config.tables import EndpointTable, TransportTable
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.traits import CAPABILITY_NAMES
from signalbox.ports.provider_kind import Kind, Kinds

_UNSAID: Final = TransportTable()
_OF_ALL: Final = frozenset({"connect_timeout", "idle_timeout"})
_FIELDS: Final = tuple(field for field in TransportTable.__struct_fields__ if field not in _OF_ALL)


def kind_of(name: str, path: FieldPath, faults: Faults, kinds: Kinds) -> Kind | None:
    """The kind of provider, loaded; None where it was refused, or is now."""
    if not faults.written(path):
        return None
    try:
        return kinds.kind(name)
    except ValueError as error:
        faults.report(path, str(error))
        return None


def check_kind(
    written: EndpointTable, endpoint: Endpoint, kind: Kind, path: FieldPath, faults: Faults
) -> None:
    """`endpoint` is what was made of `written`, which stands at `path`."""
    if not faults.written((*path, "transport")):
        return
    _check_fields(written, kind, (*path, "transport"), faults)
    _check_capabilities(written, endpoint, kind, path, faults)
    if faults.clean((*path, "transport")):
        for mistake in kind.check(endpoint):
            faults.report((*path, *mistake.field.split(".")), mistake.words)


def _check_fields(written: EndpointTable, kind: Kind, path: FieldPath, faults: Faults) -> None:
    for field in _FIELDS:
        said = getattr(written.transport, field) != getattr(_UNSAID, field)
        if field in kind.needs and not said:
            faults.report((*path, field), f"missing; provider `{written.provider}` is reached by its {field}")
        elif said and field not in kind.needs and field not in kind.uses:
            faults.report(
                (*path, field), f"provider `{written.provider}` has no use for `{field}`: remove it"
            )


def _check_capabilities(
    written: EndpointTable, endpoint: Endpoint, kind: Kind, path: FieldPath, faults: Faults
) -> None:
    expressed = kind.expresses(endpoint.transport)
    surface = endpoint.transport.surface
    where = f" on its surface `{surface}`" if surface != _UNSAID.surface else ""
    for index, capability in enumerate(written.capabilities):
        if CAPABILITY_NAMES.get(capability, 0) & ~expressed:
            faults.report(
                (*path, "capabilities", index),
                f"provider `{written.provider}` cannot express `{capability}`{where}: remove it",
            )
