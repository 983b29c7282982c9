"""What one content changes in another, in sentences: registry, tenants, boundaries, invariants, approvals.

Whom that opens or closes an endpoint to is said by `signalbox.gates`, from verdicts; here is what was
written, field by field, so that nothing is changed without a sentence.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.domain.endpoint import CatalogueRelease, Endpoint
from signalbox.domain.money import NANOS_PER_UNIT
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import SENSITIVITY_LABELS, capability_names
from signalbox.governance.releases.content import ReleaseContent, Terms
from signalbox.proof import Invariant, Invariants

_SETS: Final = {
    "inference_places": ("may now infer in", "no longer infers in"),
    "storage_places": ("may now keep data in", "no longer keeps data in"),
    "served_names": ("may now answer as", "may no longer answer as"),
    "served_places": ("may now report the place", "may no longer report the place"),
    "certifications": ("is now certified", "is no longer certified"),
}
_LABELS: Final = ("default_label", "durable_from")


class Governed(Struct, frozen=True, kw_only=True):
    """What a content was read as. `rest` are other governed facts of the settings, by where they stand."""

    content: ReleaseContent
    catalogue: CatalogueRelease
    tenants: tuple[Tenant, ...]
    invariants: Invariants
    rest: dict[str, str] = {}


def change_words(before: Governed, after: Governed) -> tuple[str, ...]:
    """One sentence a change; none only if nothing but layout and comments differs."""
    return (
        *_catalogue(before.catalogue, after.catalogue),
        *_tenants(before.tenants, after.tenants),
        *_invariants(before.invariants, after.invariants),
        *_terms(before.content.terms, after.content.terms),
        *_rest(before.rest, after.rest),
        *_texts(before.content, after.content),
    )


def _catalogue(before: CatalogueRelease, after: CatalogueRelease) -> Iterator[str]:
    were = {endpoint.id: endpoint for endpoint in before.endpoints}
    are = {endpoint.id: endpoint for endpoint in after.endpoints}
    for ident in sorted(are.keys() - were.keys()):
        yield f"endpoint `{ident}` is added: {_described(are[ident])}"
    for ident in sorted(were.keys() - are.keys()):
        yield f"endpoint `{ident}` is removed"
    for ident in sorted(are.keys() & were.keys()):
        yield from _endpoint(were[ident], are[ident])
    for kind in ("vendors", "models"):
        yield from _named(kind[:-1], getattr(before, kind), getattr(after, kind))
    for name in sorted(before.boundaries.keys() | after.boundaries.keys()):
        was, now = before.boundaries.get(name), after.boundaries.get(name)
        if was is None or now is None:
            yield f"boundary `{name}` is {'added: ' + _listed(now) if now is not None else 'removed'}"
            continue
        yield from _sets(f"boundary `{name}`", was, now, "now holds", "no longer holds")


def _described(endpoint: Endpoint) -> str:
    rests = (
        f"data rests in {_listed(endpoint.storage_places)}" if endpoint.storage_places else "no data rests"
    )
    return (
        f"`{endpoint.model}` on {endpoint.cloud} {endpoint.region}, processor `{endpoint.processor}`, "
        f"may infer in {_listed(endpoint.inference_places)}; {rests}, retention `{endpoint.retention}`, "
        f"training {'allowed' if endpoint.trains_on_data else 'excluded'}"
    )


def _endpoint(was: Endpoint, now: Endpoint) -> Iterator[str]:
    for field, (gained, lost) in _SETS.items():
        yield from _sets(f"endpoint `{was.id}`", getattr(was, field), getattr(now, field), gained, lost)
    had, has = set(capability_names(was.capabilities)), set(capability_names(now.capabilities))
    yield from _sets(f"endpoint `{was.id}`", had, has, "can now do", "can no longer do")
    yield from _fields(f"endpoint `{was.id}`", was, now, skip=(*_SETS, "capabilities"))


def _tenants(before: Sequence[Tenant], after: Sequence[Tenant]) -> Iterator[str]:
    yield from _named("tenant", before, after)


def _named(noun: str, before: Iterable[Any], after: Iterable[Any]) -> Iterator[str]:
    were, are = {item.id: item for item in before}, {item.id: item for item in after}
    for ident in sorted(are.keys() - were.keys()):
        yield f"{noun} `{ident}` is added"
    for ident in sorted(were.keys() - are.keys()):
        yield f"{noun} `{ident}` is removed"
    for ident in sorted(are.keys() & were.keys()):
        yield from _fields(f"{noun} `{ident}`", were[ident], are[ident])


def _invariants(before: Invariants, after: Invariants) -> Iterator[str]:
    were, are = _by_name(before), _by_name(after)
    for name in sorted(were.keys() - are.keys()):
        yield f"invariant `{name}` is no longer demanded"
    for name in sorted(are.keys() - were.keys()):
        yield f"invariant `{name}` is now demanded of {_tenants_of(are[name])}"
    for name in sorted(are.keys() & were.keys()):
        if were[name].denies != are[name].denies:
            yield f"invariant `{name}` now says something else"
        if were[name].tenants != are[name].tenants:
            yield f"invariant `{name}` is now demanded of {_tenants_of(are[name])}"


def _by_name(invariants: Invariants) -> dict[str, Invariant]:
    return {item.name: item for item in invariants.items}


def _tenants_of(invariant: Invariant) -> str:
    return _listed(invariant.tenants) if invariant.tenants else "every tenant"


def _terms(before: Terms, after: Terms) -> Iterator[str]:
    if before.approvals != after.approvals:
        yield f"the next release needs {after.approvals} approvals; it was {before.approvals}"
    were = {approver.name: approver for approver in before.approvers}
    are = {approver.name: approver for approver in after.approvers}
    for name in sorted(were.keys() - are.keys()):
        yield f"`{name}` approves no more releases"
    for name in sorted(are.keys() - were.keys()):
        yield f"`{name}` (`{are[name].subject}`) may approve releases, with the key `{are[name].key}`"
    for name in sorted(are.keys() & were.keys()):
        yield from _fields(f"approver `{name}`", were[name], are[name])
    for tenant in sorted({*after.marked} - {*before.marked}):
        yield f"what cannot be proved of tenant `{tenant}` may be published, marked unproven"
    for tenant in sorted({*before.marked} - {*after.marked}):
        yield f"what cannot be proved of tenant `{tenant}` may no longer be published"


def _rest(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for field in sorted(before.keys() | after.keys()):
        was, now = before.get(field, "nothing"), after.get(field, "nothing")
        if was != now:
            yield f"`{field}` changes from {was} to {now}"


def _texts(before: ReleaseContent, after: ReleaseContent) -> Iterator[str]:
    were = {(text.role, text.name): text.text for text in before.texts}
    are = {(text.role, text.name): text.text for text in after.texts}
    for place in sorted(were.keys() | are.keys()):
        if were.get(place) == are.get(place) or place[0] == "settings":
            continue
        done = "is added" if place not in were else "is removed" if place not in are else "is changed"
        yield f"the file `{place[1]}` ({place[0]}) {done}"


def _fields(subject: str, was: Struct, now: Struct, skip: Sequence[str] = ()) -> Iterator[str]:
    """One sentence for each value that differs, by the path to it."""
    left = dict(_flat(msgspec.to_builtins(was), ""))
    right = dict(_flat(msgspec.to_builtins(now), ""))
    for field in sorted(left.keys() | right.keys()):
        if left.get(field) == right.get(field) or field.partition(".")[0] in skip:
            continue
        yield (
            f"{subject}: {field} changes from {_shown(field, left.get(field))} "
            f"to {_shown(field, right.get(field))}"
        )


def _flat(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{prefix}{name}.")
        else:
            yield prefix + name, item


def _shown(field: str, value: Any) -> str:
    if value is None:
        return "nothing"
    if field.endswith("_per_mtok"):
        units, rest = divmod(value, NANOS_PER_UNIT)
        return f"`{units}.{rest:09d}`".replace("000000`", "`")
    if field in _LABELS:
        return f"`{SENSITIVITY_LABELS[value]}`"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _listed(value)
    return f"`{value}`"


def _sets(subject: str, was: Iterable[str], now: Iterable[str], gained: str, lost: str) -> Iterator[str]:
    were, are = set(was), set(now)
    if are - were:
        yield f"{subject} {gained} {_listed(are - were)}"
    if were - are:
        yield f"{subject} {lost} {_listed(were - are)}"


def _listed(names: Iterable[str]) -> str:
    quoted = [f"`{name}`" for name in sorted(names)]
    return ", ".join(quoted) or "nothing"
