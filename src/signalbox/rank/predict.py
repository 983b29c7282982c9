"""Predicted quality, latency and cost of one candidate for one request.

Quality is a prior per model and task type; latency the moving average of the health snapshot (or the
endpoint's prior); cost the price book times tokens. Learned predictors take this module's place.
"""

from typing import Final

from signalbox.domain.traits import TaskType

TYPICAL_OUTPUT_TOKENS: Final[dict[TaskType, int]] = {
    TaskType.FORMATTING: 200,
    TaskType.COMPUTATION: 80,
    TaskType.LAYOUT: 400,
    TaskType.REASONING: 500,
    TaskType.DRAFTING: 400,
    TaskType.REWRITING: 200,
    TaskType.SUMMARISING: 200,
    TaskType.EXTRACTION: 150,
    TaskType.CLASSIFICATION: 20,
    TaskType.TRANSLATION: 300,
    TaskType.CODING: 400,
    TaskType.CHAT: 250,
}
"""Tokens of a usual reply, where the request's own limit is higher: a prior for cost and latency."""
