"""The suite's features: which task each one is, how long its user waits, how much it may answer.

A feature is named `app.feature`. What is not listed here is classified by its words (`task`); an app or a
feature of the customer's own is welcome, and policy sees its name either way.
"""

from typing import Final

from msgspec import Struct

from signalbox.domain.traits import LatencyClass, TaskType

_I, _N, _B = LatencyClass.INTERACTIVE, LatencyClass.NEAR_INTERACTIVE, LatencyClass.BATCH
_T = TaskType


class Feature(Struct, frozen=True):
    """`tokens_out` bounds the reply of one choice where the caller set no limit."""

    task: TaskType
    latency_class: LatencyClass
    tokens_out: int


FEATURES: Final[dict[str, Feature]] = {
    "word.summarize": Feature(_T.SUMMARISING, _N, 1_024),
    "word.rewrite": Feature(_T.REWRITING, _I, 2_048),
    "word.draft": Feature(_T.DRAFTING, _B, 8_192),
    "word.translate": Feature(_T.TRANSLATION, _N, 4_096),
    "word.table": Feature(_T.FORMATTING, _I, 2_048),
    "word.ask": Feature(_T.EXTRACTION, _N, 1_024),
    "excel.formula": Feature(_T.COMPUTATION, _I, 512),
    "excel.explain": Feature(_T.REASONING, _I, 1_024),
    "excel.cell": Feature(_T.EXTRACTION, _I, 1_024),
    "excel.classify": Feature(_T.CLASSIFICATION, _I, 512),
    "excel.transform": Feature(_T.FORMATTING, _N, 1_024),
    "excel.analyze": Feature(_T.REASONING, _B, 4_096),
    "powerpoint.create": Feature(_T.LAYOUT, _B, 8_192),
    "powerpoint.outline": Feature(_T.LAYOUT, _N, 2_048),
    "powerpoint.rewrite": Feature(_T.REWRITING, _I, 512),
    "powerpoint.summarize": Feature(_T.SUMMARISING, _N, 1_024),
    "powerpoint.translate": Feature(_T.TRANSLATION, _N, 4_096),
    "outlook.summarize": Feature(_T.SUMMARISING, _N, 1_024),
    "outlook.draft": Feature(_T.DRAFTING, _I, 1_024),
    "outlook.coach": Feature(_T.REWRITING, _I, 1_024),
    "outlook.triage": Feature(_T.CLASSIFICATION, _N, 2_048),
    "outlook.translate": Feature(_T.TRANSLATION, _N, 2_048),
}
_BY_PAIR: Final = {tuple(name.split(".")): feature for name, feature in FEATURES.items()}


def feature_named(app: str, feature: str) -> Feature | None:
    """The listed feature, however it was written: `excel` + `formula`, or `excel.formula` alone."""
    if not feature:
        return None
    found = _BY_PAIR.get((app, feature))
    if found is not None:
        return found
    app, feature = app.strip().lower(), feature.strip().lower()
    if "." in feature:
        owner, _, _ = feature.partition(".")
        return FEATURES.get(feature) if app in ("", owner) else None
    return _BY_PAIR.get((app, feature))
