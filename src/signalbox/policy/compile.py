"""A policy release → a `CompiledPolicy`, or every reason why it must not be put in force.

Strict: the schema is checked against what this program tells Cedar, the rules against the schema, the
catalogue's entities against the schema. It reads no files; names of files come with the release.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

import cedarpy

from signalbox.domain.canonical import canonical
from signalbox.domain.endpoint import Catalogue
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy.compiled import CompiledPolicy
from signalbox.policy.invalid import PolicyInvalid, Problem
from signalbox.policy.names import ENDPOINT, INFER, MODEL, TENANT, VENDOR, WHO, Uid
from signalbox.policy.registry import caller_json, context_json, registry_json
from signalbox.policy.rules import Rule, read_rules, unloadable
from signalbox.policy.screen import oversize


def compile_policy(release: PolicyRelease, catalogue: Catalogue, tenants: Sequence[Tenant]) -> CompiledPolicy:
    """Raises `PolicyInvalid` with every problem found, each with its file, rule and what is wrong."""
    problems: list[Problem] = []
    schema = _schema(release.schema, problems)
    rules, faults = read_rules(release.texts, schema)
    problems += faults
    problems += _tenant_faults(tenants)
    if schema is not None:
        problems += _model_faults(schema, catalogue)
    problems += unloadable(rules)
    if schema is None or problems:
        raise PolicyInvalid(problems)
    content = _content(release, tenants)
    return CompiledPolicy(
        hash=sha256(content).hexdigest(),
        content=content,
        catalogue=catalogue,
        tenants={tenant.id: tenant for tenant in tenants},
        rules=rules,
        schema=schema,
        warnings=tuple(_strangers(rules, catalogue, tenants)),
    )


def _schema(text: str, problems: list[Problem]) -> cedarpy.Schema | None:
    if large := oversize(text):
        problems.append(Problem("schema", "", large))
        return None
    try:
        return cedarpy.Schema.from_str(text)
    except ValueError as error:
        problems.append(Problem("schema", "", f"not readable as a Cedar schema: {error}"))
        return None


def _tenant_faults(tenants: Sequence[Tenant]) -> Iterator[Problem]:
    seen: set[str] = set()
    for tenant in tenants:
        if not tenant.id or "/" in tenant.id:
            yield Problem("tenants", "", f"a tenant's id is not empty and holds no `/`: `{tenant.id}`")
        if tenant.id in seen:
            yield Problem("tenants", "", f"tenant `{tenant.id}` is there twice")
        seen.add(tenant.id)


def _model_faults(schema: cedarpy.Schema, catalogue: Catalogue) -> Iterator[Problem]:
    """Does the schema take what will be told to Cedar: the registry, a caller, and a request?

    All requests have one shape, so one that is taken stands for every later one.
    """
    try:
        registry = cedarpy.Entities.from_json_str(registry_json(catalogue, 0), schema)
    except ValueError as error:
        yield Problem("catalogue", "", f"an entry does not conform to the schema: {error}")
        registry = cedarpy.Entities.from_json_str("[]", schema)
    try:
        entities = registry.with_added_json_str(caller_json("tenant", ("group",)), schema)
    except ValueError as error:
        yield Problem(
            "schema", "", f"`Tenant`, `Group` or `Caller` is not declared as this version needs: {error}"
        )
        return
    sample = Facts("tenant", ("group",), "app", "feature", Sensitivity.GENERAL, ("personal",), "boundary")
    request = {
        "principal": WHO,
        "action": INFER,
        "resource": {"type": ENDPOINT, "id": "sample"},
        "context": context_json(sample, ("place",), "cloud"),
    }
    answer = cedarpy.is_authorized(request, cedarpy.PolicySet.from_str(""), entities, schema=schema)
    for message in answer.diagnostics.errors:
        yield Problem("schema", "", f"`infer` is not declared as this version needs: {message}")


def _strangers(rules: tuple[Rule, ...], catalogue: Catalogue, tenants: Sequence[Tenant]) -> Iterator[Problem]:
    """Names that nothing answers to. A warning: to forbid a vendor before it is offered is sound, and a
    misspelt name in a forbid forbids nothing."""
    known: set[Uid] = {(VENDOR, vendor.id) for vendor in catalogue.release.vendors}
    known |= {(MODEL, model.id) for model in catalogue.release.models}
    known |= {(ENDPOINT, endpoint.id) for endpoint in catalogue.endpoints}
    known |= {(TENANT, tenant.id) for tenant in tenants}
    for rule in rules:
        for kind, name in sorted(rule.names - known):
            if kind in (VENDOR, MODEL, ENDPOINT, TENANT):
                noun = kind.rpartition("::")[2].lower()
                yield Problem(rule.file, rule.id, f"names the {noun} `{name}`, which is not there")


def _content(release: PolicyRelease, tenants: Sequence[Tenant]) -> bytes:
    """Pairs, not objects: names of files and tenants need not be ASCII."""
    return canonical(
        {
            "schema": release.schema,
            "tenants": sorted([tenant.id, tenant.home_cloud] for tenant in tenants),
            "texts": sorted([name, text] for name, text in release.texts.items()),
        }
    )
