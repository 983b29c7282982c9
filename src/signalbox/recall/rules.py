"""What may be kept, and under which name. Pure: it knows no cache, and keeps nothing.

The name has two halves. The *partition* is everything that makes one caller's answer another's business:
tenant, rights, scope, label, categories, boundary, releases, target. The *key* is the question. An answer
is looked for in its partition only, so that no likeness of questions ever reaches across.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.principal import Principal
from signalbox.domain.reply import Reply
from signalbox.domain.request import Request, Text, Thinking
from signalbox.domain.traits import Sensitivity, Traits
from signalbox.ports.cache import Place

Scope = Literal["user", "groups", "tenant"]
_COMPLETE: Final = ("stop", "stop_sequence")
# Not JSON, which has one word for no number and for one that is not a number.
_encoder: Final = msgspec.msgpack.Encoder()


class RecallRules(Struct, frozen=True, kw_only=True):
    """A tenant's own choices. INVARIANT: `sensitivity_max` is below highly confidential.

    `scope`: with whom an answer may be shared: with nobody, with callers of the very same groups and rights,
    or with the tenant. `any_temperature`: also where the request does not declare a temperature of 0.
    `alike_model`: who is asked what a question means (empty: nobody, only the very same is found);
    `alike_min_e4`: how like a question must be (cosine, 1e-4) to be given the other's answer.
    """

    ttl_ms: int
    sensitivity_max: Sensitivity = Sensitivity.GENERAL
    scope: Scope = "groups"
    any_temperature: bool = False
    alike_model: str = ""
    alike_min_e4: int = 9_500


class Circumstances(Struct, frozen=True, kw_only=True):
    """In what an answer is given, besides who asks and what. `region` is where the cache stands; `ranking`
    the hash of the rules by which an endpoint is chosen."""

    policy: str
    catalogue: str
    ranking: str
    region: str


def may_recall(request: Request, traits: Traits, rules: RecallRules) -> bool:
    """Whether the question is one whose answer may be given twice: nothing can be done by it, one answer is
    wanted, and a second asking would not be meant to differ."""
    sampling = request.sampling
    return (
        traits.sensitivity <= rules.sensitivity_max
        and traits.sensitivity < Sensitivity.HIGHLY_CONFIDENTIAL
        and not request.tools
        and request.embedding is None
        and sampling.n == 1
        and (sampling.temperature == 0 or rules.any_temperature)
    )


def may_keep(reply: Reply) -> bool:
    """Whether it is a whole answer in plain words. What a vendor has sealed is for the one who asked."""
    if len(reply.choices) != 1 or reply.choices[0].finish not in _COMPLETE:
        return False
    return all(
        type(part) is Text or (type(part) is Thinking and not (part.signature or part.id or part.redacted))
        for part in reply.choices[0].parts
    )


def place_of(
    request: Request,
    principal: Principal,
    subject: str,
    traits: Traits,
    rules: RecallRules,
    circumstances: Circumstances,
) -> Place:
    """`subject` is the user that the request is made for. Equal for what is equal in everything that reaches
    a vendor, or that decides which one; the order of keys in a schema is part of it."""
    shared = rules.scope == "tenant"
    partition = (
        principal.tenant.id,
        rules.scope,
        subject if rules.scope == "user" else "",
        () if shared else tuple(sorted(set(principal.groups))),
        () if shared else tuple(sorted(principal.may_assert)),
        traits.app,
        traits.feature,
        traits.task,
        traits.latency_class,
        traits.sensitivity,
        traits.categories,
        traits.boundary,
        circumstances,
        request.target,
    )
    return Place(_digest(partition), _digest(_question(request)))


def _question(request: Request) -> Sequence[object]:
    """Everything that reaches a vendor, and what is noted of it."""
    return (
        request.messages,
        request.tool_choice,
        request.parallel_tool_calls,
        request.response_format,
        request.sampling,
        request.reasoning,
        request.cache,
        request.notes,
    )


def likened(request: Request, place: Place) -> tuple[str, str] | None:
    """The words by which a question may be likened to others, and the bucket that they must share: the
    partition and everything of the question but those words. None of what is not asked in words alone."""
    last = request.messages[-1] if request.messages else None
    if last is None or last.role != "user" or not all(type(part) is Text for part in last.parts):
        return None
    words = "\n".join([part.text for part in last.parts if type(part) is Text])
    if not words.strip():
        return None
    unworded = replace(request, messages=request.messages[:-1])
    return words, _digest((place.partition, len(last.parts), _question(unworded)))


def subject_digest(tenant: str, subject: str) -> str:
    """As a cache may know a user."""
    return _digest((tenant, subject))


def release_digest(policy: str, catalogue: str) -> str:
    return _digest((policy, catalogue))


def _digest(values: Sequence[object]) -> str:
    return hashlib.sha256(_encoder.encode(values)).hexdigest()
