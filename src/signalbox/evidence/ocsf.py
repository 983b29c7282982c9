"""Told → OCSF API Activity (class 6003): one event for each attempt that left, one for a refusal or a hit.

Source: schema.ocsf.io, class `api_activity` with the profile `ai_operation`. A hop that writes data:
content-free.
"""

from typing import Any, Final

from signalbox.domain.records import DecisionBody, DenialBody, HitBody
from signalbox.evidence.told import Egress, Told
from signalbox.evidence.words import label

VERSION: Final = "1.8.0"
CLASS: Final = 6003
_OTHER: Final = 99  # an inference is no create, read, update or delete
_INFORMATIONAL, _LOW, _HIGH = 1, 2, 4
_UNKNOWN, _SUCCESS, _FAILURE = 0, 1, 2


def ocsf(told: Told) -> list[dict[str, Any]]:
    if isinstance(told.head, DecisionBody):
        return [_sent(told, egress) for egress in told.egresses]
    return [_hit(told, told.head) if isinstance(told.head, HitBody) else _refused(told, told.head)]


def _sent(told: Told, egress: Egress) -> dict[str, Any]:
    intent, outcome = egress.intent, egress.outcome
    status = _UNKNOWN if outcome is None or outcome.status == "unknown" else _FAILURE
    if outcome is not None and outcome.status == "ok":
        status = _SUCCESS
    event = _event(
        told, egress.time_us, intent.attempt, "Infer", _HIGH if egress.authorised == "mismatch" else 1
    )
    event["ai_model"] = {"ai_provider": intent.vendor, "name": egress.served}
    event["dst_endpoint"] = {"name": intent.endpoint, "svc_name": intent.endpoint}
    event["status_id"] = status
    event["status_detail"] = outcome.failure if outcome else ""
    event["unmapped"] |= {
        "authorised": egress.authorised,
        "hop": intent.hop,
        "model_authorised": intent.model,
        "processor": intent.processor,
        "region": intent.region,
        "served_place": outcome.served_place if outcome else "",
    }
    if outcome is not None:
        tokens_in = outcome.tokens_in + outcome.tokens_cached + outcome.tokens_cache_written
        event["duration"] = outcome.elapsed_us // 1_000
        event["message_context"] = {
            "ai_role_id": 2,
            "application": {"name": told.head.app or "unknown"},
            "completion_tokens": outcome.tokens_out,
            "prompt_tokens": tokens_in,
            "service": {"name": intent.endpoint},
            "total_tokens": tokens_in + outcome.tokens_out,
            "uid": told.head.operation,
        }
    return event


def _hit(told: Told, head: HitBody) -> dict[str, Any]:
    event = _event(told, told.time_us, head.decision, "Answer from cache", _INFORMATIONAL)
    event["ai_model"] = {"ai_provider": head.vendor, "name": head.model}
    event["status_id"] = _SUCCESS
    event["unmapped"] |= {
        "hop": head.hop,
        "processor": head.processor,
        "region": head.region,
        "source": head.source,
    }
    return event


def _refused(told: Told, head: DenialBody) -> dict[str, Any]:
    event = _event(told, told.time_us, head.decision, "Refuse", _LOW)
    event["api"]["response"] = {"code": head.status, "error": head.code}
    event["status_code"] = head.code
    event["status_detail"] = "; ".join(head.reasons)
    event["status_id"] = _FAILURE
    return event


def _event(told: Told, time_us: int, ident: str, activity: str, severity: int) -> dict[str, Any]:
    """What all have. Profiles are those whose attributes are in it."""
    head = told.head
    model = not isinstance(head, DenialBody)
    return {
        "activity_id": _OTHER,
        "activity_name": activity,
        "actor": {"app_name": head.app or "unknown", "user": {"uid": head.subject}},
        "api": {
            "operation": "infer",
            "request": {"uid": head.decision},
            "service": {"name": f"{head.app or 'unknown'}.{head.feature or 'unknown'}"},
        },
        "category_name": "Application Activity",
        "category_uid": CLASS // 1_000,
        "class_name": "API Activity",
        "class_uid": CLASS,
        "metadata": {
            "correlation_uid": head.operation,
            "log_name": "signalbox",
            "product": {"name": "Signalbox", "vendor_name": "Signalbox"},
            "profiles": ["ai_operation"] if model else [],
            "sequence": told.number,
            "tenant_uid": told.tenant,
            "uid": ident,
            "version": VERSION,
        },
        "severity_id": severity,
        "src_endpoint": {"svc_name": head.app or "unknown"},
        "time": time_us // 1_000,
        "type_uid": CLASS * 100 + _OTHER,
        "unmapped": {
            "boundary": head.boundary,
            "catalogue": head.catalogue,
            "policy": head.policy,
            "sensitivity": label(head),
            "task": head.task,
        },
    }
