"""Token counts by quicktok's o200k vocabulary, loaded on first need.

Exact for texts up to `EXACT_MAX` characters, whatever is in them. A longer text is counted in evenly spaced
samples and the count is extrapolated and raised, never above one token a UTF-8 byte, which no text exceeds.
It does not know the other vendors' tokenizers: theirs differ by some tens of percent at most for office
text, and what is billed is what a vendor reports.
"""

from typing import Any, Final

from signalbox.adapters.heap import give_back

EXACT_MAX: Final = 65_536
_SAMPLES: Final = 16
_SAMPLE: Final = EXACT_MAX // _SAMPLES
_RAISED_PERCENT: Final = 110


class Tokenizer:
    """Counts tokens. Loading takes about 0.6 s and 57 MB: `warm` does it early, `count` on first need."""

    __slots__ = ("_encoding",)

    def __init__(self) -> None:
        self._encoding: Any = None

    def warm(self) -> None:
        """Load the vocabulary now. Blocks; may be called from any thread, and again at no cost."""
        if self._encoding is None:
            # Imported here: the package and its tables must not slow `import signalbox`.
            import quicktok  # noqa: PLC0415

            self._encoding = quicktok.get_encoding("o200k_base")
            give_back()  # a tenth of what loading took

    def count(self, text: str) -> int:
        """Tokens of `text`, special-token strings as plain text. Exact up to `EXACT_MAX` characters.

        Above, an estimate from above for text whose samples are like the rest of it; deterministic.
        """
        if self._encoding is None:
            self.warm()
        try:
            if len(text) <= EXACT_MAX:
                counted: int = self._encoding.count(text)
                return counted
            return self._extrapolated(text)
        except TypeError:
            # Half a surrogate pair has no UTF-8 form. The wires refuse it; a caller in process may not.
            return self.count(text.encode("utf-8", "replace").decode())

    def _extrapolated(self, text: str) -> int:
        step = (len(text) - _SAMPLE) // (_SAMPLES - 1)
        counted: int = sum(
            self._encoding.count(text[at : at + _SAMPLE]) for at in range(0, step * _SAMPLES, step)
        )
        estimate = -(-counted * len(text) * _RAISED_PERCENT // (100 * _SAMPLE * _SAMPLES))
        return min(estimate, len(text.encode()))
