"""Who made something and when, as an operation knows it: for the authors and dates of what is rendered."""

from datetime import UTC, datetime
from typing import Final

from signalbox.workloads.asking import Asker

_AUTHOR_MAX: Final = 120


def began(asker: Asker) -> datetime:
    """When the operation began, as its id (`op-` and a UUID of version 7, RFC 9562) says."""
    return datetime.fromtimestamp(
        int(asker.operation.id.removeprefix("op-").replace("-", "")[:12], 16) / 1_000, UTC
    )


def author_of(asker: Asker) -> str:
    """Whose the changes are: the models that made them."""
    models = dict.fromkeys(call.model.partition("@")[0] for call in asker.calls)
    return f"Signalbox ({', '.join(models)})"[:_AUTHOR_MAX]
