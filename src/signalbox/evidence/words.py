"""Words and times that several exporters share."""

from datetime import UTC, datetime

from signalbox.domain.traits import SENSITIVITY_LABELS
from signalbox.evidence.told import Head


def instant(time_us: int) -> str:
    """RFC 3339, in UTC, to the microsecond."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + (
        f".{time_us % 1_000_000:06d}Z"
    )


def label(head: Head) -> str:
    """Empty where the request was refused before it was read."""
    return SENSITIVITY_LABELS[head.sensitivity] if head.sensitivity >= 0 else ""
