"""How sensitive a request is: the highest of what its label says and what was found in it.

A label is the caller's word: it may raise what was found, never lower it. A label that is not
recognised is the highest; none is the tenant's default.
"""

from typing import Final

from signalbox.domain.traits import SENSITIVITY_LABELS, Sensitivity

IMPLIED: Final = {
    "personal": Sensitivity.CONFIDENTIAL,
    "bank": Sensitivity.CONFIDENTIAL,
    "health": Sensitivity.CONFIDENTIAL,
    "payment": Sensitivity.HIGHLY_CONFIDENTIAL,
    "credentials": Sensitivity.HIGHLY_CONFIDENTIAL,
}
"""What a detected category is at least. A card number falls under PCI DSS, and a credential opens more
than it says. Health is found by words, not by a checksum, so it raises by one step; a policy may still
forbid the category by name."""

_LABELS: Final = {label: Sensitivity(place) for place, label in enumerate(SENSITIVITY_LABELS)}


def sensitivity_of(
    label: str, default: Sensitivity, categories: tuple[str, ...], has_images: bool
) -> Sensitivity:
    """INVARIANT: a category or an image more never lowers the result.

    An image cannot be read here: it is at least as sensitive as the tenant's unlabelled content.
    """
    found = default if not label else parse_label(label)
    if has_images and found < default:
        found = default
    for category in categories:
        found = max(found, IMPLIED[category])
    return found


def parse_label(label: str) -> Sensitivity:
    """`Highly Confidential`, `highly_confidential` and `highly-confidential` are one label."""
    found = _LABELS.get(label)
    if found is not None:
        return found
    written = "-".join(label.lower().replace("_", " ").replace("-", " ").split())
    return _LABELS.get(written, Sensitivity.HIGHLY_CONFIDENTIAL)
