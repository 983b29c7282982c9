"""Told → an audit record in the shape of Microsoft Purview's `CopilotInteraction` (record type 261).

Source: the Office 365 Management Activity API's Copilot schema, and audit records as they are exported, for
what the published schema lacks (`Messages`, `ModelTransparencyDetails`). It is the shape alone: nothing of
Microsoft's made these records, and `AppIdentity` says who did. A hop that writes data: content-free.
"""

from typing import Any, Final

from signalbox.domain.records import DenialBody, HitBody
from signalbox.evidence.told import Told
from signalbox.evidence.words import instant, label

RECORD_TYPE: Final = 261
_HOSTS: Final = {
    "excel": "Excel",
    "outlook": "Outlook",
    "powerpoint": "PowerPoint",
    "teams": "Teams",
    "word": "Word",
}
_CONTEXTS: Final = {"excel": "xlsx", "powerpoint": "pptx", "word": "docx"}


def purview(told: Told) -> dict[str, Any]:
    head, refused = told.head, isinstance(told.head, DenialBody)
    return {
        "AppIdentity": f"Signalbox.{head.app}.{head.feature}",
        "CopilotEventData": {
            "AccessedResources": [_resource(told)],
            "AppHost": _HOSTS.get(head.app, head.app),
            "Contexts": [{"Id": head.operation, "Type": _CONTEXTS.get(head.app, head.app)}],
            "MessageIds": [],
            "Messages": _messages(told),
            "ModelTransparencyDetails": _models(told),
            "ThreadId": head.operation,
        },
        "CreationTime": instant(told.time_us)[:19],
        "Id": _guid(head.decision),
        "Operation": "CopilotInteraction",
        "OrganizationId": told.tenant,
        "RecordType": RECORD_TYPE,
        "ResultStatus": "Failed" if refused or (told.egresses and not told.answered) else "Succeeded",
        "UserId": head.subject,
        "UserKey": head.subject,
        "UserType": 0,
        "Version": 1,
        "Workload": "Copilot",
    }


def _resource(told: Told) -> dict[str, Any]:
    """The request itself: the log knows its label and what policy said, and no file's name."""
    head = told.head
    refused = isinstance(head, DenialBody)
    outcome = {"PolicyOutcomes": ["Block" if refused else "None"], "PolicyType": "Signalbox"}
    resource: dict[str, Any] = {
        "Action": "Read",
        "Id": head.decision,
        "PolicyDetails": [{**outcome, "RuleId": head.policy}],
        "SensitivityLabelId": label(head),
        "Status": "failure" if refused else "success",
        "Type": "Request",
    }
    return resource


def _messages(told: Told) -> list[dict[str, Any]]:
    """The prompt and, where there was one, the reply: that they were, and not what they said."""
    messages: list[dict[str, Any]] = [{"Id": told.head.decision, "isPrompt": True}]
    if isinstance(told.head, HitBody):
        messages.append({"Id": told.head.source, "isPrompt": False})
    elif told.answered is not None:
        messages.append({"Id": told.answered.intent.attempt, "isPrompt": False})
    return messages


def _models(told: Told) -> list[dict[str, Any]]:
    """Every model that was sent the request, the one that served among them."""
    if isinstance(told.head, HitBody):
        return [{"ModelName": told.head.model, "ModelProviderName": told.head.vendor}]
    return [
        {"ModelName": egress.served, "ModelProviderName": egress.intent.vendor} for egress in told.egresses
    ]


def _guid(decision: str) -> str:
    digits = decision.removeprefix("dec-")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
