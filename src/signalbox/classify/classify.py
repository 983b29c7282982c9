"""The one function that the hallway calls.

INVARIANT: adding content to a request (a message, a part, a tool) never lowers its sensitivity and never
removes a category: `tests/property/test_classify_monotonic.py`.
"""

from collections.abc import Callable

from signalbox.classify.content import gather
from signalbox.classify.detectors import scan
from signalbox.classify.features import feature_named
from signalbox.classify.latency import deadline_of, latency_class_of
from signalbox.classify.needs import needs_of
from signalbox.classify.sensitivity import sensitivity_of
from signalbox.classify.size import tokens_in_of, tokens_out_max_of
from signalbox.classify.task import task_of
from signalbox.domain.principal import Tenant
from signalbox.domain.request import Declared, Request
from signalbox.domain.traits import Traits


def classify(
    request: Request, declared: Declared, tenant: Tenant, count_tokens: Callable[[str], int]
) -> Traits:
    """Say what `request` is.

    `declared` holds only what the caller's key may assert; it is read instead of `request.declared`.
    `count_tokens` is called once, with all text of the request. Raises `MalformedRequest` for a declared
    task, latency class or deadline that is not one.
    """
    feature = feature_named(declared.app, declared.feature)
    task, confidence = task_of(declared.task, feature, request.messages)
    latency_class = latency_class_of(declared.latency_class, feature)
    content = gather(request)
    # Counted first: it leaves the text's UTF-8 behind, which the detectors then need not make again.
    tokens_in = tokens_in_of(request, content, count_tokens)
    found = scan(content.scanned)
    categories = found.categories
    sensitivity = sensitivity_of(declared.label, tenant.default_label, categories, content.opaque)
    return Traits(
        app=declared.app,
        feature=declared.feature,
        task=task,
        task_confidence=confidence,
        sensitivity=max(sensitivity, found.label),
        categories=categories,
        boundary=declared.boundary or tenant.default_boundary,
        latency_class=latency_class,
        deadline_ms=deadline_of(declared.deadline_ms, latency_class),
        tokens_in=tokens_in,
        tokens_out_max=tokens_out_max_of(request.sampling, task, feature),
        needs=needs_of(request, content.images > 0, content.only_text),
    )
