"""Money and usage: exact integers."""

from msgspec import Struct

NANOS_PER_UNIT = 1_000_000_000
TOKENS_PER_PRICE = 1_000_000


class Money(Struct, frozen=True):
    """An amount in nano-units (1e-9) of `currency` (ISO 4217)."""

    nanos: int
    currency: str

    def __str__(self) -> str:
        if self.nanos < 0:
            return f"-{Money(-self.nanos, self.currency)}"
        units, rest = divmod(self.nanos, NANOS_PER_UNIT)
        return f"{units}.{rest:09d} {self.currency}"


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens of one attempt, in disjoint counts whatever the vendor's convention was.

    `estimated` marks counts that the vendor did not report and that were counted or bounded here.
    """

    input: int = 0
    output: int = 0
    cached_input: int = 0
    cache_write: int = 0  # input that was also kept for later calls, for five minutes
    cache_write_1h: int = 0  # … for an hour
    reasoning: int = 0  # part of `output`, never added to it
    estimated: bool = False

    @property
    def prompt(self) -> int:
        """All input, whatever became of it."""
        return self.input + self.cached_input + self.cache_write + self.cache_write_1h

    @property
    def total(self) -> int:
        return self.prompt + self.output


class Price(Struct, frozen=True, kw_only=True):
    """List price in nano-units of `currency` per million tokens."""

    currency: str
    input_per_mtok: int
    output_per_mtok: int
    cached_input_per_mtok: int
    cache_write_per_mtok: int
    cache_write_1h_per_mtok: int

    def cost(self, usage: Usage) -> Money:
        """Tokens × price, each attempt rounded once, half to even, to the nano-unit."""
        exact = (
            usage.input * self.input_per_mtok
            + usage.cached_input * self.cached_input_per_mtok
            + usage.cache_write * self.cache_write_per_mtok
            + usage.cache_write_1h * self.cache_write_1h_per_mtok
            + usage.output * self.output_per_mtok
        )
        return Money(_divide_half_even(exact, TOKENS_PER_PRICE), self.currency)

    def nothing(self) -> Money:
        return Money(0, self.currency)


def _divide_half_even(numerator: int, denominator: int) -> int:
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient
