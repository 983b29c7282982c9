"""How many tokens go in, and how many may come out at most.

`tokens_in` counts all text with one tokenizer (o200k), which is near for every vendor and exact for
one; what is billed is what the vendor reports. What the text does not show is added from above: the
framing of messages and tools, and images at the price of a large one.
"""

from collections.abc import Callable
from typing import Final

from signalbox.classify.content import Content
from signalbox.classify.features import Feature
from signalbox.domain.request import Request, Sampling
from signalbox.domain.traits import TaskType

TOKENS_PER_REPLY: Final = 3
TOKENS_PER_MESSAGE: Final = 4
TOKENS_PER_TOOL: Final = 12
TOKENS_PER_IMAGE: Final = 1_600
TOKENS_PER_IMAGE_LOW: Final = 85
DOCUMENT_BYTES_PER_TOKEN: Final = 16  # of base64: a page of a PDF is some 3,000 tokens and rarely below 50 KB

TOKENS_OUT: Final = {
    TaskType.FORMATTING: 2_048,
    TaskType.COMPUTATION: 1_024,
    TaskType.LAYOUT: 4_096,
    TaskType.REASONING: 4_096,
    TaskType.DRAFTING: 4_096,
    TaskType.REWRITING: 2_048,
    TaskType.SUMMARISING: 1_024,
    TaskType.EXTRACTION: 1_024,
    TaskType.CLASSIFICATION: 512,
    TaskType.TRANSLATION: 4_096,
    TaskType.CODING: 4_096,
    TaskType.CHAT: 2_048,
}


def tokens_in_of(request: Request, content: Content, count_tokens: Callable[[str], int]) -> int:
    tokens = count_tokens(content.text) + TOKENS_PER_REPLY + TOKENS_PER_MESSAGE * len(request.messages)
    if request.tools:
        tokens += TOKENS_PER_TOOL * len(request.tools)
    return tokens + _tokens_opaque(content) if content.opaque else tokens


def _tokens_opaque(content: Content) -> int:
    tokens = TOKENS_PER_IMAGE * (content.images - content.images_low)
    tokens += TOKENS_PER_IMAGE_LOW * content.images_low
    if content.document_bytes:
        tokens += TOKENS_PER_IMAGE + content.document_bytes // DOCUMENT_BYTES_PER_TOKEN
    return tokens


def tokens_out_max_of(sampling: Sampling, task: TaskType, feature: Feature | None) -> int:
    """The caller's limit, else the feature's, else the task's; times the number of choices."""
    tokens = sampling.max_tokens
    if tokens is None:
        tokens = feature.tokens_out if feature is not None else TOKENS_OUT[task]
    return tokens * sampling.n
