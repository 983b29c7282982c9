"""Predicted quality, latency and cost of one candidate for one request.

Quality is a prior per model and task type; latency the moving average of the health snapshot (or the
endpoint's prior); cost the price book times tokens. Learned predictors take this module's place.
"""

from typing import Final

from signalbox.domain.money import TOKENS_PER_PRICE
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


def cost_nanos(tokens_in: int, tokens_out: int, input_per_mtok: int, output_per_mtok: int) -> int:
    """Nano-units of the endpoint's currency, rounded up: a prediction should not flatter."""
    return -(-(tokens_in * input_per_mtok + tokens_out * output_per_mtok) // TOKENS_PER_PRICE)
